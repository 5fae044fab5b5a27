"""Text encrypted at rest, and changing its key."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from identity.encryption import UnreadableText, decrypt, encrypt, fingerprints

FIRST, SECOND = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_text_comes_back_and_is_not_readable(settings: object) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [FIRST]  # type: ignore[attr-defined]
    token = encrypt("celiachia")

    assert decrypt(token) == "celiachia"
    assert "celiachia" not in token
    assert encrypt("celiachia") != token


def test_a_new_key_in_front_still_reads_the_old_texts(settings: object) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [FIRST]  # type: ignore[attr-defined]
    token, before = encrypt("celiachia"), fingerprints("RSSNNA85M41A893X")[0]
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]  # type: ignore[attr-defined]

    assert decrypt(token) == "celiachia"
    assert before in fingerprints("RSSNNA85M41A893X")


def test_without_its_key_a_text_is_refused_with_a_sentence(settings: object) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [FIRST]  # type: ignore[attr-defined]
    token = encrypt("celiachia")
    settings.FIELD_ENCRYPTION_KEYS = [SECOND]  # type: ignore[attr-defined]

    with pytest.raises(UnreadableText, match="chiave"):
        decrypt(token)
    settings.FIELD_ENCRYPTION_KEYS = []  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured):
        encrypt("x")
