"""SOAP 1.1 envelopes. Reads leniently but closed; writes strictly. No Django.

Only the root of the body is in the namespace of the node, its children are in none; on reading only local names count.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from identity import untrusted_xml

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NODE = "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd"

UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: (name, text) or (name, children); text None leaves the element out.
Content = list[tuple[str, Any]]


class UnreadableEnvelope(ValueError):
    """Not a SOAP envelope that we are willing to read."""


def open_body(data: bytes) -> etree._Element:
    """The first element in the Body."""
    root = _parse(data)
    if _local(root) != "Envelope":
        raise UnreadableEnvelope("no Envelope")
    body = child(root, "Body")
    message = next(_elements(body), None) if body is not None else None
    if message is None:
        raise UnreadableEnvelope("empty Body")
    return message


def open_document(data: bytes) -> etree._Element:
    """A message by itself, as the REST service of GPD keeps it: no envelope, and its root has lost its namespace."""
    root = _parse(data)
    return open_body(data) if _local(root) == "Envelope" else root


def _parse(data: bytes) -> etree._Element:
    try:
        return untrusted_xml.root_of(data)
    except untrusted_xml.Unreadable as problem:
        raise UnreadableEnvelope(str(problem)) from problem


def operation(message: etree._Element) -> str:
    """The local name of the message, when its namespace is the node's."""
    name = etree.QName(message)
    return name.localname if name.namespace in (NODE, None) else ""


def child(parent: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of that local name, upper and lower case alike: SANP's own example writes <standin>."""
    if parent is None:
        return None
    return next((item for item in _elements(parent) if _local(item).lower() == name.lower()), None)


def text(parent: etree._Element | None, *path: str) -> str:
    """The trimmed text at the end of the path, empty when anything is missing."""
    here = parent
    for name in path:
        here = child(here, name)
    return (here.text or "").strip() if here is not None else ""


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return parent.iterchildren("*")


def _local(item: etree._Element) -> str:
    return etree.QName(item).localname


def write(name: str, content: Content) -> bytes:
    """An envelope whose body is one message; children in no namespace, in the order given."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "paf": NODE})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    _fill(etree.SubElement(body, f"{{{NODE}}}{name}"), content)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def write_fault(reason: str) -> bytes:
    """A SOAP Fault, for what could not be read at all: over HTTP always with status 500 (SOAP 1.1, section 6.2)."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = "soapenv:Client"
    etree.SubElement(fault, "faultstring").text = reason
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def _fill(parent: etree._Element, content: Content) -> None:
    for name, value in content:
        if value is None:
            continue
        item = etree.SubElement(parent, name)
        if isinstance(value, list):
            _fill(item, value)
        else:
            item.text = printable(str(value))


def printable(value: str) -> str:
    """Without the characters that XML cannot carry."""
    return UNPRINTABLE.sub("", value)
