"""Where hostile responses are made: everything an attacker may have (a true response of their own, their own keys) and every change
that an honest provider never makes."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

import xmlsec
from lxml import etree

from identity.local_idp import messages
from identity.local_idp.people import DemoPerson
from identity.spid import names as n

#: Tag names in Clark notation, and the paths that the changes need.
RESPONSE, ASSERTION = n.tag(n.SAMLP, "Response"), n.tag(n.SAML, "Assertion")
SIGNATURE = n.tag(n.DS, "Signature")
NAMESPACES = {"samlp": n.SAMLP, "saml": n.SAML, "ds": n.DS}

Change = Callable[[etree._Element], None]


@dataclass(frozen=True)
class Workshop:
    """The question that the portal asked this browser, and the key of the provider that must answer it."""

    question: messages.Question
    issuer: str
    key: str
    certificate: str
    attacker: DemoPerson
    victim: DemoPerson
    stranger: tuple[str, str]
    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC))

    def unsigned(self, person: DemoPerson | None = None) -> etree._Element:
        root = messages.response(
            self.question, issuer=self.issuer, status=n.SUCCESS, message="", now=self.now
        )
        root.append(
            messages.assertion(self.question, person or self.attacker, issuer=self.issuer, now=self.now)
        )
        return root

    def signed(
        self, *changes: Change, person: DemoPerson | None = None, response_too: bool = False
    ) -> etree._Element:
        """A response of the true provider, changed before it signs: only our own checks can refuse it."""
        root = self.unsigned(person)
        for change in changes:
            change(root)
        assertion = root.find(ASSERTION)
        if assertion is not None:
            self.sign(assertion)
        if response_too:
            self.sign(root)
        return root

    def sign(self, element: etree._Element) -> None:
        messages.sign(element, key=self.key, certificate=self.certificate)

    def forged(self) -> etree._Element:
        """An assertion about the victim with an ID of its own and no signature."""
        return messages.assertion(self.question, self.victim, issuer=self.issuer, now=self.now)

    def sign_with(
        self,
        element: etree._Element,
        *,
        method: str = xmlsec.Transform.RSA_SHA256,
        digest: str = xmlsec.Transform.SHA256,
        canonical: str = xmlsec.Transform.EXCL_C14N,
        uri: str | None = None,
        transforms: tuple[str, ...] = (xmlsec.Transform.ENVELOPED, xmlsec.Transform.EXCL_C14N),
        key: xmlsec.Key | None = None,
    ) -> etree._Element:
        """A true signature with unusual ingredients."""
        signature = xmlsec.template.create(element, canonical, method, ns="ds")
        element.insert(1, signature)
        address = f"#{element.get('ID')}" if uri is None else uri
        reference = xmlsec.template.add_reference(signature, digest, uri=address)
        for transform in transforms:
            xmlsec.template.add_transform(reference, transform)
        context = xmlsec.SignatureContext()
        context.key = key or xmlsec.Key.from_memory(self.key, xmlsec.KeyFormat.PEM, None)
        context.register_id(element, "ID")
        context.sign(signature)
        return signature


def one(root: etree._Element, path: str) -> etree._Element:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    assert len(found) == 1, (path, len(found))
    element = found[0]
    assert isinstance(element, etree._Element)
    return element


def drop(path: str) -> Change:
    def change(root: etree._Element) -> None:
        element = one(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def put(path: str, name: str, value: str | None) -> Change:
    """Set an attribute, or remove it."""

    def change(root: etree._Element) -> None:
        element = one(root, path)
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)

    return change


def write(path: str, text: str) -> Change:
    def change(root: etree._Element) -> None:
        one(root, path).text = text

    return change


def twice(path: str, **attributes: str) -> Change:
    """The element once more, right after itself."""

    def change(root: etree._Element) -> None:
        element = one(root, path)
        copy = deepcopy(element)
        for name, value in attributes.items():
            copy.set(name, value)
        element.addnext(copy)

    return change


def attribute(name: str) -> str:
    return f"//saml:Attribute[@Name='{name}']"


def value(name: str) -> str:
    return f"{attribute(name)}/saml:AttributeValue"
