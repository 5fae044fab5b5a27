"""The corpus: hostile and broken responses, each one a function of the workshop. Named by what is wrong."""

from collections.abc import Callable

from lxml import etree

from tests.identity.workshop import Change, Workshop

Document = Callable[[Workshop], bytes]
CORPUS: dict[str, Document] = {}

R, A = "/samlp:Response", "/samlp:Response/saml:Assertion"


def hostile(maker: Document) -> Document:
    CORPUS[maker.__name__] = maker
    return maker


def text(root: etree._Element) -> bytes:
    return etree.tostring(root)


def changed(name: str, *changes: Change, response_too: bool = False) -> None:
    """Signed by the true provider after the change."""
    CORPUS[name] = lambda w: text(w.signed(*changes, response_too=response_too))
