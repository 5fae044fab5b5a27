"""Single logout asked by the identity provider (HTTP-Redirect): only a signed request that names this very session ends it."""

import base64
import binascii
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from identity.spid import authn_request, gate, keys
from identity.spid import names as n
from identity.spid.service import ServiceProvider
from identity.spid.verdict import SKEW, VerdictRefused, read_instant

MAX_INFLATED = 32 * 1024
HASHES: dict[str, hashes.HashAlgorithm] = {
    n.RSA_SHA256: hashes.SHA256(),
    n.RSA_SHA384: hashes.SHA384(),
    n.RSA_SHA512: hashes.SHA512(),
}


class LogoutRefused(Exception):
    """The request ends nothing. The reason is for the log."""


@dataclass(frozen=True)
class Question:
    """A verified LogoutRequest: its ID, the session it names, and the token to give back."""

    request_id: str
    session_index: str
    relay_state: str


def read(
    query: str, *, sp: ServiceProvider, provider: str, certificates: list[str], now: datetime
) -> Question:
    """`query` is the query string exactly as it came: the signature is over its bytes, not over what they mean."""
    raw = dict(part.partition("=")[::2] for part in query.split("&"))
    _check_signature(raw, certificates)
    root = _parsed(unquote_plus(raw["SAMLRequest"]))
    _check(root, sp, provider, now)
    index = root.findtext(n.tag(n.SAMLP, "SessionIndex")) or ""
    return Question(root.get("ID") or "", index.strip(), unquote_plus(raw.get("RelayState", "")))


def _check_signature(raw: dict[str, str], certificates: list[str]) -> None:
    algorithm = HASHES.get(unquote_plus(raw.get("SigAlg", "")))
    if algorithm is None or "SAMLRequest" not in raw or "Signature" not in raw:
        raise LogoutRefused("not signed, or with a weak algorithm")
    signed = "&".join(
        f"{name}={raw[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg") if name in raw
    )
    try:
        signature = base64.b64decode(unquote_plus(raw["Signature"]))
    except binascii.Error:
        raise LogoutRefused("signature is not base64") from None
    if not any(_signed_by(pem, signature, signed.encode(), algorithm) for pem in certificates):
        raise LogoutRefused("signature")


def _signed_by(certificate: str, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    public = x509.load_pem_x509_certificate(keys.pem_of(certificate).encode()).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signature, data, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _parsed(encoded: str) -> etree._Element:
    try:
        inflater = zlib.decompressobj(-15)
        xml = inflater.decompress(base64.b64decode(encoded), MAX_INFLATED)
        if inflater.unconsumed_tail:
            raise LogoutRefused("too large")
        return gate.parse(xml)
    except (zlib.error, binascii.Error, gate.GateRefused):
        raise LogoutRefused("not a document") from None


def _check(root: etree._Element, sp: ServiceProvider, provider: str, now: datetime) -> None:
    try:
        issued = read_instant(root, "IssueInstant")
    except VerdictRefused as refusal:
        raise LogoutRefused(str(refusal)) from None
    good = (
        root.tag == n.tag(n.SAMLP, "LogoutRequest")
        and root.get("Destination") == sp.slo_url
        and (root.findtext(n.tag(n.SAML, "Issuer")) or "").strip() == provider
        and abs(now - issued) <= SKEW
    )
    if not good:
        raise LogoutRefused("not a LogoutRequest for us, from this provider, now")


def answer_url(question: Question, *, sp: ServiceProvider, destination: str, now: datetime) -> str:
    """Where to send the browser with our signed LogoutResponse."""
    root = etree.Element(
        n.tag(n.SAMLP, "LogoutResponse"),
        {
            "ID": authn_request.new_id(),
            "Version": "2.0",
            "IssueInstant": authn_request.instant(now),
            "Destination": destination,
            "InResponseTo": question.request_id,
        },
        nsmap={"samlp": n.SAMLP, "saml": n.SAML},
    )
    etree.SubElement(
        root, n.tag(n.SAML, "Issuer"), {"Format": n.ENTITY_FORMAT, "NameQualifier": sp.entity_id}
    ).text = sp.entity_id
    status = etree.SubElement(root, n.tag(n.SAMLP, "Status"))
    etree.SubElement(status, n.tag(n.SAMLP, "StatusCode"), {"Value": n.SUCCESS})
    query = urlencode(
        {
            "SAMLResponse": authn_request.deflated(etree.tostring(root, encoding="unicode")),
            "RelayState": question.relay_state or secrets.token_urlsafe(12),
            "SigAlg": n.RSA_SHA256,
        }
    )
    signature = base64.b64encode(keys.sign(query.encode(), sp.keys.key)).decode()
    return f"{destination}{'&' if '?' in destination else '?'}{query}&{urlencode({'Signature': signature})}"
