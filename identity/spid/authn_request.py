"""The question to the identity provider: an AuthnRequest as SPID wants it, sent by HTTP-Redirect with a detached signature."""

import base64
import secrets
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode

from lxml import etree

from identity.spid import keys
from identity.spid import names as n
from identity.spid.service import ServiceProvider


def new_id() -> str:
    return f"_{secrets.token_hex(16)}"


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build(
    sp: ServiceProvider, *, request_id: str, destination: str, attribute_set: int, now: datetime
) -> str:
    """The XML. ForceAuthn always: at levels 2 and 3 the rules want it, and a shared computer in a school office is common."""
    root = etree.Element(
        n.tag(n.SAMLP, "AuthnRequest"),
        {
            "ID": request_id,
            "Version": "2.0",
            "IssueInstant": instant(now),
            "Destination": destination,
            "ForceAuthn": "true",
            "AssertionConsumerServiceIndex": "0",
            "AttributeConsumingServiceIndex": str(attribute_set),
        },
        nsmap={"samlp": n.SAMLP, "saml": n.SAML},
    )
    issuer = etree.SubElement(
        root, n.tag(n.SAML, "Issuer"), {"Format": n.ENTITY_FORMAT, "NameQualifier": sp.entity_id}
    )
    issuer.text = sp.entity_id
    etree.SubElement(root, n.tag(n.SAMLP, "NameIDPolicy"), {"Format": n.TRANSIENT})
    wanted = etree.SubElement(root, n.tag(n.SAMLP, "RequestedAuthnContext"), {"Comparison": "minimum"})
    etree.SubElement(wanted, n.tag(n.SAML, "AuthnContextClassRef")).text = n.LEVEL_NAMES[sp.level]
    return etree.tostring(root, encoding="unicode")


def redirect_url(sp: ServiceProvider, *, destination: str, xml: str) -> str:
    """RelayState is a random token that nobody reads on the way back; its order in the signed text is fixed by the binding."""
    query = urlencode(
        {"SAMLRequest": deflated(xml), "RelayState": secrets.token_urlsafe(18), "SigAlg": n.RSA_SHA256}
    )
    signature = base64.b64encode(keys.sign(query.encode(), sp.keys.key)).decode()
    separator = "&" if "?" in destination else "?"
    return f"{destination}{separator}{query}&{urlencode({'Signature': signature})}"


def deflated(xml: str) -> str:
    """Raw DEFLATE and base64, as the HTTP-Redirect binding wants."""
    compressor = zlib.compressobj(wbits=-15)
    return base64.b64encode(compressor.compress(xml.encode()) + compressor.flush()).decode()
