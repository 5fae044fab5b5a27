"""XML that a person brings: read with no DTD, no entities, no network and a limit. No Django."""

from collections.abc import Iterator

from lxml import etree

from payments.errors import PaymentRefused

MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE


class UnreadableXml(PaymentRefused):
    """Nothing was read; the sentence says what to do."""


def parse(data: bytes) -> etree._Element:
    """The root element; comments and processing instructions are dropped."""
    if not data.strip():
        raise UnreadableXml("Il file è vuoto: scegline un altro.")
    if len(data) > LARGEST:
        raise UnreadableXml(f"Il file supera {LARGEST // MEGABYTE} MB: dividilo in più file.")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _with_doctype()
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise UnreadableXml(
            "Il file non è un XML leggibile: scaricalo di nuovo e caricalo così com'è."
        ) from problem
    if root.getroottree().docinfo.internalDTD is not None:
        raise _with_doctype()
    return root


def _with_doctype() -> UnreadableXml:
    return UnreadableXml(
        "Il file contiene una DOCTYPE, che per sicurezza non si accetta: chiedi un file senza."
    )


def named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    """Every descendant of that local name, in whatever namespace."""
    yield from parent.iter("{*}" + name)


def text(parent: etree._Element, name: str) -> str:
    """The trimmed text of the first descendant of that local name; empty when there is none."""
    found = next(named(parent, name), None)
    return (found.text or "").strip() if found is not None else ""
