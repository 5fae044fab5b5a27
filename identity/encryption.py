"""Text encrypted at rest (Fernet: AES-128-CBC with HMAC-SHA256), for what must not be readable in a copy of the database.

Keys: `FIELD_ENCRYPTION_KEYS`, the first one encrypts, all of them decrypt, so a key is changed by putting a new one in front.
"""

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class UnreadableText(Exception):
    """The stored text belongs to none of the configured keys."""

    def __init__(self) -> None:
        super().__init__("Questo dato è cifrato con una chiave che il portale non ha più.")


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> "MultiFernet":
    """Only who reads or writes something secret loads the library: the night does neither."""
    from cryptography.fernet import Fernet, MultiFernet

    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS must hold at least one Fernet key")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    return decrypt_bytes(token.encode()).decode()


def encrypt_bytes(content: bytes) -> bytes:
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(content)


def decrypt_bytes(token: bytes) -> bytes:
    from cryptography.fernet import InvalidToken

    try:
        return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token)
    except InvalidToken:
        raise UnreadableText from None


def fingerprints(text: str) -> list[str]:
    """Keyed digests to find an encrypted value again without storing it readable: one per key, the current one first."""
    return [
        hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        for key in settings.FIELD_ENCRYPTION_KEYS
    ]


if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class EncryptedTextField(TextField):
    """A text that is encrypted in its column. The empty string stays empty: nothing to hide. It cannot be searched."""

    description = "testo cifrato"

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return encrypt(prepared) if prepared else prepared

    def from_db_value(
        self, value: str | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> str | None:
        return decrypt(value) if value else value
