"""The gate: what a response must look like before any SAML library reads it.

A rule, without Django or clock. It refuses in milliseconds every shape that signature wrapping, entity and transform bombs and
parser differences need. The limits come from measured attacks on the library: a 4.6 KB document with XSLT costs it 28 s of CPU.
"""

import re
from dataclasses import dataclass

from lxml import etree

from identity.spid import names as n

MAX_BYTES = 128 * 1024
MAX_DEPTH = 16
MAX_ELEMENTS = 400
MAX_ATTRIBUTES = 40
MAX_DECLARATIONS = 100

RESPONSE, ASSERTION = n.tag(n.SAMLP, "Response"), n.tag(n.SAML, "Assertion")
SIGNATURE = n.tag(n.DS, "Signature")
FORBIDDEN = frozenset(
    {
        "Advice",
        "Evidence",
        "EncryptedAssertion",
        "EncryptedAttribute",
        "EncryptedData",
        "EncryptedID",
        "EncryptedKey",
        "Extensions",
        "KeyInfoReference",
        "Manifest",
        "Object",
        "RetrievalMethod",
    }
)
TRANSFORMS = frozenset({n.ENVELOPED, n.EXC_C14N})
SIGNATURE_METHODS = frozenset({n.RSA_SHA256, n.RSA_SHA384, n.RSA_SHA512})
DIGEST_METHODS = frozenset({n.SHA256, n.SHA384, n.SHA512})

_PROLOGUE = re.compile(r"\A\ufeff?\s*(<\?xml\s[^?<>]*\?>)?")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_DECLARATION = re.compile(r"""\sxmlns(?::[^\s=]+)?\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class GateRefused(Exception):
    """The document is not one that an identity provider sends. The reason is for the register, in English and without data."""


@dataclass(frozen=True)
class Message:
    """A document that passed the gate: its root, and its only assertion when the status is Success."""

    root: etree._Element
    assertion: etree._Element | None
    status: str


def read(raw: bytes) -> Message:
    """The response, or `GateRefused`."""
    root = parse(raw)
    _refuse_if(root.tag != RESPONSE, "root is not a Response")
    status = _status(root)
    assertion = _only_assertion(root, expected=status == n.SUCCESS)
    _check_signatures(root, assertion)
    return Message(root, assertion, status)


def parse(raw: bytes) -> etree._Element:
    """The tree of any SAML message: small, shallow, UTF-8, without declarations, entities, comments or instructions."""
    _check_text(_decoded(raw))
    root = _parsed(raw)
    _check_tree(root)
    return root


def _refuse_if(condition: bool, reason: str) -> None:
    if condition:
        raise GateRefused(reason)


def _decoded(raw: bytes) -> str:
    _refuse_if(len(raw) > MAX_BYTES, "too large")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise GateRefused("not UTF-8") from None
    _refuse_if("\x00" in text, "NUL character")
    return text


def _check_text(text: str) -> None:
    """`<!` opens a DOCTYPE, an ENTITY, a comment or a CDATA section and nothing else; `<?` a processing instruction."""
    prologue = _PROLOGUE.match(text)
    head = prologue.group(1) or "" if prologue else ""
    body = text[prologue.end() :] if prologue else text
    encoding = _ENCODING.search(head)
    _refuse_if(bool(encoding and encoding.group(1).lower() != "utf-8"), "declared encoding is not UTF-8")
    _refuse_if("<!" in text, "markup declaration, comment or CDATA")
    _refuse_if("<?" in body, "processing instruction")
    declarations = _DECLARATION.findall(text)
    _refuse_if(len(declarations) > MAX_DECLARATIONS, "too many namespace declarations")
    _refuse_if(any(":" not in (double or single) for double, single in declarations), "relative namespace")


def _parsed(raw: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
    )
    try:
        return etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise GateRefused("not well-formed XML") from None


def _check_tree(root: etree._Element) -> None:
    seen: set[str] = set()
    count = 0
    level = [(root, 1)]
    while level:
        element, depth = level.pop()
        count += 1
        _refuse_if(count > MAX_ELEMENTS, "too many elements")
        _refuse_if(depth > MAX_DEPTH, "too deep")
        _check_element(element, seen)
        level.extend((child, depth + 1) for child in element)


def _check_element(element: etree._Element, seen: set[str]) -> None:
    _refuse_if(not isinstance(element.tag, str), "node that is not an element")
    name = etree.QName(element)
    _refuse_if(name.localname in FORBIDDEN, f"{name.localname} is not allowed")
    _refuse_if(
        name.localname in {"Response", "Assertion"} and element.tag not in {RESPONSE, ASSERTION}, "look-alike"
    )
    _refuse_if(len(element.attrib) > MAX_ATTRIBUTES, "too many attributes")
    for key, value in element.attrib.items():
        attribute = str(key)
        if etree.QName(attribute).localname.lower() != "id":
            continue
        _refuse_if(attribute != "ID", "identifier not spelled ID")
        _refuse_if(not value or str(value) in seen, "identifier empty or repeated")
        seen.add(str(value))


def _status(root: etree._Element) -> str:
    statuses = root.findall(n.tag(n.SAMLP, "Status"))
    _refuse_if(len(statuses) != 1, "not exactly one Status")
    codes = statuses[0].findall(n.tag(n.SAMLP, "StatusCode"))
    _refuse_if(len(codes) != 1, "not exactly one StatusCode")
    return codes[0].get("Value") or ""


def _only_assertion(root: etree._Element, *, expected: bool) -> etree._Element | None:
    everywhere = list(root.iter(ASSERTION))
    _refuse_if(len(list(root.iter(RESPONSE))) != 1, "a Response inside the Response")
    if not expected:
        _refuse_if(len(everywhere) != 0, "an assertion beside an error")
        return None
    _refuse_if(len(everywhere) != 1, "not exactly one Assertion")
    _refuse_if(everywhere[0].getparent() is not root, "the Assertion is not directly below the Response")
    return everywhere[0]


def _check_signatures(root: etree._Element, assertion: etree._Element | None) -> None:
    signatures = list(root.iter(SIGNATURE))
    _refuse_if(len(signatures) > 2, "too many signatures")
    parents = [signature.getparent() for signature in signatures]
    _refuse_if(
        any(parent is not root and parent is not assertion for parent in parents), "misplaced signature"
    )
    _refuse_if(len({id(parent) for parent in parents}) != len(parents), "two signatures on one element")
    if assertion is not None:
        _refuse_if(not any(parent is assertion for parent in parents), "the Assertion is not signed")
    for signature in signatures:
        _check_signature(signature)


def _check_signature(signature: etree._Element) -> None:
    """One SignedInfo that covers exactly its parent, with nothing in it that runs code or fetches anything."""
    parent = signature.getparent()
    info = _only(signature, "SignedInfo")
    reference = _only(info, "Reference")
    _only(signature, "SignatureValue")
    identifier = parent.get("ID") if parent is not None else None
    _refuse_if(
        not identifier or reference.get("URI") != f"#{identifier}", "the reference is not to the parent"
    )
    _refuse_if(_algorithm(info, "CanonicalizationMethod") != n.EXC_C14N, "canonicalisation")
    _refuse_if(_algorithm(info, "SignatureMethod") not in SIGNATURE_METHODS, "signature algorithm")
    _refuse_if(_algorithm(reference, "DigestMethod") not in DIGEST_METHODS, "digest algorithm")
    _only(reference, "DigestValue")
    _check_transforms(_only(reference, "Transforms"))


def _check_transforms(transforms: etree._Element) -> None:
    algorithms = [child.get("Algorithm") for child in transforms]
    _refuse_if(
        any(child.tag != n.tag(n.DS, "Transform") for child in transforms), "stray element among transforms"
    )
    _refuse_if(not algorithms or any(algorithm not in TRANSFORMS for algorithm in algorithms), "transform")
    _refuse_if(len(set(algorithms)) != len(algorithms), "repeated transform")
    inner = [grandchild for child in transforms for grandchild in child]
    _refuse_if(
        any(x.tag != n.tag(n.EXC_C14N, "InclusiveNamespaces") or len(x) for x in inner), "transform content"
    )


def _only(parent: etree._Element, name: str) -> etree._Element:
    """The one child of this name, which is also the only element of this name anywhere below."""
    children = parent.findall(n.tag(n.DS, name))
    _refuse_if(
        len(children) != 1 or len(list(parent.iter(n.tag(n.DS, name)))) != 1, f"not exactly one {name}"
    )
    return children[0]


def _algorithm(parent: etree._Element, name: str) -> str | None:
    method = _only(parent, name)
    _refuse_if(len(method) != 0, f"{name} with parameters")
    return method.get("Algorithm")
