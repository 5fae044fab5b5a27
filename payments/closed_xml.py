"""XML that a person brings: what is refused is said in a sentence."""

from collections.abc import Iterator

from lxml import etree

from identity import untrusted_xml
from payments.errors import PaymentRefused

MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE


class UnreadableXml(PaymentRefused):
    """Nothing was read; the sentence says what to do."""


def is_xml(data: bytes) -> bool:
    """By its first character that is not blank, whatever comes after; also in UTF-16."""
    return data.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")


def decoded(data: bytes) -> str:
    """As people read it, to be kept beside what was understood."""
    in_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if in_utf_16 else "utf-8", "replace").replace("\0", "")


def parse(data: bytes) -> etree._Element:
    """The root element; comments and processing instructions are dropped."""
    if not data.strip():
        raise UnreadableXml("Il file è vuoto: scegline un altro.")
    if len(data) > LARGEST:
        raise UnreadableXml(f"Il file supera {LARGEST // MEGABYTE} MB: dividilo in più file.")
    try:
        return untrusted_xml.root_of(data)
    except untrusted_xml.Declared as problem:
        raise UnreadableXml(
            "Il file contiene una DOCTYPE, che per sicurezza non si accetta: chiedi un file senza."
        ) from problem
    except untrusted_xml.Unreadable as problem:
        raise UnreadableXml(
            "Il file non è un XML leggibile: scaricalo di nuovo e caricalo così com'è."
        ) from problem


def named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    """Every descendant of that local name, in whatever namespace."""
    yield from parent.iter("{*}" + name)


def text(parent: etree._Element, name: str) -> str:
    """The trimmed text of the first descendant of that local name; empty when there is none."""
    found = next(named(parent, name), None)
    return (found.text or "").strip() if found is not None else ""
