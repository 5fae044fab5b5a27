"""Where a response waits between the POST of the identity provider and our own GET.

The POST comes from another site, so the session cookie (SameSite=Lax) does not arrive with it. The response is kept on the server,
encrypted, for two minutes, under a random name that a cookie of this one path carries to the next request.
"""

import base64
import secrets

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from identity.encryption import UnreadableText, decrypt, encrypt

COOKIE = "accesso"
SECONDS = 120


def park(response: HttpResponse, raw: bytes, *, path: str) -> None:
    name = secrets.token_urlsafe(32)
    cache.set(_key(name), encrypt(base64.b64encode(raw).decode()), SECONDS)
    response.set_cookie(
        COOKIE,
        name,
        max_age=SECONDS,
        path=path,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def collect(request: HttpRequest) -> bytes | None:
    """The parked response, once."""
    name = request.COOKIES.get(COOKIE, "")
    parked = cache.get(_key(name)) if name else None
    if parked is None:
        return None
    cache.delete(_key(name))
    try:
        return base64.b64decode(decrypt(parked))
    except UnreadableText:
        return None


def _key(name: str) -> str:
    return f"saml-response:{name}"
