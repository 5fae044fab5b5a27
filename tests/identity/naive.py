"""Verifiers of the kind one finds in the wild, each with one famous mistake. They are the controls: what fools none of them proves nothing."""

import base64
from collections.abc import Callable

import xmlsec
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response

from identity.models import IdentityProvider
from identity.spid import toolkit
from identity.spid.service import ServiceProvider
from tests.identity.workshop import NAMESPACES

#: The document, the provider's certificate (PEM); the fiscal code that the verifier would sign in, or None.
Verifier = Callable[[bytes, str], str | None]


def _tree(raw: bytes) -> etree._Element:
    return etree.fromstring(raw, etree.XMLParser(no_network=True, load_dtd=False))


def _fiscal_code(root: etree._Element) -> str | None:
    found = root.xpath("//*[local-name()='Attribute'][@Name='fiscalNumber']/*", namespaces=NAMESPACES)
    values = [element.text for element in found] if isinstance(found, list) else []  # type: ignore[union-attr]
    return values[0] if values else None


def _is_signed(root: etree._Element, key: xmlsec.Key | None) -> bool:
    """Some signature somewhere verifies, over whatever it says it is over."""
    context = xmlsec.SignatureContext()
    for element in root.iter(etree.Element):
        for name in ("ID", "Id", "id"):
            if element.get(name):
                context.register_id(element, name)
    signature = next(root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature"), None)
    if signature is None:
        return False
    context.key = key
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def trusts_any_signature_in_the_document(raw: bytes, certificate: str) -> str | None:
    root = _tree(raw)
    key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM)
    return _fiscal_code(root) if _is_signed(root, key) else None


def trusts_the_key_in_the_document(raw: bytes, certificate: str) -> str | None:
    root = _tree(raw)
    shown = root.findtext(".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
    if not shown:
        return None
    key = xmlsec.Key.from_memory(base64.b64decode(shown), xmlsec.KeyFormat.CERT_DER)
    return _fiscal_code(root) if _is_signed(root, key) else None


def takes_the_certificate_for_a_password(raw: bytes, certificate: str) -> str | None:
    root = _tree(raw)
    key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, certificate.encode())
    return _fiscal_code(root) if _is_signed(root, key) else None


def verifies_only_when_there_is_a_signature(raw: bytes, certificate: str) -> str | None:
    root = _tree(raw)
    if root.find(".//{http://www.w3.org/2000/09/xmldsig#}Signature") is None:
        return _fiscal_code(root)
    return None


VERIFIERS: tuple[Verifier, ...] = (
    trusts_any_signature_in_the_document,
    trusts_the_key_in_the_document,
    takes_the_certificate_for_a_password,
    verifies_only_when_there_is_a_signature,
)


def is_fooled(raw: bytes, certificate: str) -> list[str]:
    """Which of them would sign somebody in. What they say of a document they cannot read does not count."""
    fooled = []
    for verifier in VERIFIERS:
        try:
            if verifier(raw, certificate):
                fooled.append(verifier.__name__)
        except (etree.XMLSyntaxError, ValueError, xmlsec.Error):
            continue
    return fooled


def the_library_alone_accepts(
    raw: bytes, sp: ServiceProvider, provider: IdentityProvider, request_id: str
) -> bool:
    """python3-saml in strict mode, with our settings and none of our rules around it."""
    options = toolkit._settings(sp, provider)
    try:
        response = OneLogin_Saml2_Response(options, base64.b64encode(raw).decode())
        return bool(response.is_valid(toolkit._request_data(sp.acs_url), request_id))
    except Exception:  # a control: whatever it says, it is not a yes
        return False
