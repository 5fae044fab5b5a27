"""A mail server that knows one address no more, and delivers to the others."""

from collections.abc import Callable
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
