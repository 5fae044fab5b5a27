"""A mail server that knows one address no more and delivers to the others, and one that is down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail.backends.locmem import EmailBackend


def refuse(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    deliver: Callable[[EmailBackend, Any], int] = EmailBackend.send_messages

    def send_messages(self: EmailBackend, messages: Any) -> int:
        if any(address in message.to for message in messages):
            raise SMTPRecipientsRefused({address: (550, b"no such user")})
        return deliver(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


@contextmanager
def server_down() -> Iterator[None]:
    def down(self: EmailBackend, messages: Any) -> int:
        raise ConnectionRefusedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", down)
        yield
