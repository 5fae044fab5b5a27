"""XML from outside: nothing is declared, nothing is fetched, whatever the encoding says."""

import pytest
from lxml import etree

from identity import untrusted_xml

HARMLESS = '<?xml version="1.0" encoding="{0}"?><!DOCTYPE a><a/>'
ENTITY = '<?xml version="1.0" encoding="{0}"?><!DOCTYPE a [<!ENTITY e "ha">]><a>&e;</a>'


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "UTF-16-LE", "ISO-8859-1"])
@pytest.mark.parametrize("text", [HARMLESS, ENTITY], ids=["doctype", "entity"])
def test_what_declares_something_is_refused_in_every_encoding(text: str, encoding: str) -> None:
    with pytest.raises(untrusted_xml.Unreadable):
        untrusted_xml.root_of(text.format(encoding).encode(encoding))


def test_the_naive_reader_resolves_the_entity() -> None:
    assert etree.fromstring(ENTITY.format("UTF-8").encode()).text == "ha"


@pytest.mark.parametrize("data", [b"", b"<a>", b"<a/><b/>", b"\x00", b"<a>&nbsp;</a>"])
def test_what_is_not_xml_is_refused(data: bytes) -> None:
    with pytest.raises(untrusted_xml.Unreadable):
        untrusted_xml.root_of(data)


def test_comments_and_instructions_leave_no_trace() -> None:
    root = untrusted_xml.root_of(b"<a>1<!-- x -->2<?p y?>3</a>")
    assert (root.text, len(root)) == ("123", 0)
