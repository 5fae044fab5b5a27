"""python3-saml behind one door: the only module that imports it. It verifies signatures; our own rules come before and after.

The library is loaded by whoever verifies or signs first, not by whoever only needs an address of the portal.
"""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from identity.models import IdentityProvider
from identity.spid import names as n
from identity.spid.keys import base64_of
from identity.spid.service import ServiceProvider

if TYPE_CHECKING:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

#: SPID makes the signature of the Response optional, that of the Assertion never. The level is checked by our own rules.
SECURITY = {
    "wantAssertionsSigned": True,
    "wantMessagesSigned": False,
    "wantNameId": True,
    "wantAssertionsEncrypted": False,
    "allowRepeatAttributeName": False,
    "rejectDeprecatedAlgorithm": True,
    "requestedAuthnContext": False,
    "allowSingleLabelDomains": True,
}


class SignatureRefused(Exception):
    """The library does not accept the message. The reason is for the register."""


def verify_response(raw: bytes, *, sp: ServiceProvider, provider: IdentityProvider, request_id: str) -> None:
    """The response is signed by this provider with a key we know, or `SignatureRefused`."""
    from onelogin.saml2.response import OneLogin_Saml2_Response

    try:
        response = OneLogin_Saml2_Response(_settings(sp, provider), base64.b64encode(raw).decode())
        response.is_valid(_request_data(sp.acs_url), request_id, raise_exceptions=True)
    except Exception as error:  # whatever a foreign document makes the library say, the answer is no
        words = " ".join(str(error).split())  # on one line: it goes to a log
        raise SignatureRefused(f"{type(error).__name__}: {words}"[:200]) from error


def sign_xml(xml: str, *, sp: ServiceProvider) -> str:
    """An enveloped signature on the root (RSA-SHA256, exclusive canonicalisation), as SPID wants it on metadata."""
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    signed = OneLogin_Saml2_Utils.add_sign(
        xml, sp.keys.key, sp.keys.certificate, sign_algorithm=n.RSA_SHA256, digest_algorithm=n.SHA256
    )
    return signed.decode() if isinstance(signed, bytes) else str(signed)


def has_valid_signature(xml: bytes, certificate_pem: str) -> bool:
    """Of a metadata document, with this certificate."""
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    return bool(OneLogin_Saml2_Utils.validate_metadata_sign(xml, cert=certificate_pem))


def _settings(sp: ServiceProvider, provider: IdentityProvider) -> "OneLogin_Saml2_Settings":
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "security": SECURITY,
            "sp": {
                "entityId": sp.entity_id,
                "assertionConsumerService": {"url": sp.acs_url, "binding": n.POST},
                "singleLogoutService": {"url": sp.slo_url, "binding": n.REDIRECT},
                "NameIDFormat": n.TRANSIENT,
                "x509cert": base64_of(sp.keys.certificate),
                "privateKey": sp.keys.key,
            },
            "idp": {
                "entityId": provider.entity_id,
                "singleSignOnService": {"url": provider.sso_url, "binding": n.REDIRECT},
                "x509certMulti": {"signing": list(provider.certificates)},
            },
        }
    )


def _request_data(url: str) -> dict[str, Any]:
    """What the library would read from the web server, taken from our own settings instead."""
    parts = urlsplit(url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
        "post_data": {},
    }
