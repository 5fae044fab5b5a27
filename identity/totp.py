"""Time-based one-time passwords (RFC 6238: SHA-1, 30 seconds, 6 digits), to print today's code in demo and tests."""

import base64
import hashlib
import hmac

PERIOD = 30
DIGITS = 6


def code_at(secret: str, seconds: float) -> str:
    """The code that the secret shows at this instant (seconds since 1970)."""
    counter = int(seconds // PERIOD).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret, casefold=True), counter, hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
