"""XML that comes from outside, whoever sends it: read with no DTD, no entities and no network. No Django."""

from lxml import etree


class Unreadable(ValueError):
    """Not well-formed XML."""


class Declared(Unreadable):
    """With a DOCTYPE or an entity: refused, however harmless."""


def root_of(data: bytes) -> etree._Element:
    """The root element; comments and processing instructions are dropped. Raises Unreadable."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Declared("DOCTYPE refused")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise Unreadable(str(problem)[:200]) from problem
    if (
        root.getroottree().docinfo.internalDTD is not None
    ):  # in another encoding the bytes above do not show it
        raise Declared("DOCTYPE refused")
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
