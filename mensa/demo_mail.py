"""Mail of the demo: every message is a folder under VAR_DIR/posta, read by the mailbox page. Nothing leaves the machine."""

import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from mensa import clock

MESSAGE_ID = re.compile(r"^\d{8}T\d{12}-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Attachment:
    name: str
    mime: str
    size: int


@dataclass(frozen=True)
class Mail:
    """One message as the page shows it; `sent_at` is the portal's clock, ISO 8601."""

    id: str
    sender: str
    to: str
    subject: str
    body: str
    sent_at: str
    attachments: tuple[Attachment, ...] = ()


class MailboxBackend(BaseEmailBackend):
    """EMAIL_BACKEND of the demo: same code path as a mail server, another postman."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            _deliver(message)
        return len(email_messages)


def folder() -> Path:
    return Path(settings.VAR_DIR) / "posta"


def newest_ids() -> list[str]:
    """Newest first; a folder still being written has no message.json yet and is left out by `read`."""
    if not folder().is_dir():
        return []
    return sorted((p.name for p in folder().iterdir() if MESSAGE_ID.match(p.name)), reverse=True)


def read(message_id: str) -> Mail | None:
    try:
        data = json.loads((_place(message_id) / "message.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    attachments = tuple(Attachment(**item) for item in data.pop("attachments"))
    return Mail(**data, attachments=attachments)


def read_all(ids: Iterable[str]) -> list[Mail]:
    return [mail for mail in map(read, ids) if mail]


def attachment_path(message_id: str, number: int) -> Path:
    return _place(message_id) / str(number)


def _place(message_id: str) -> Path:
    """A folder of the mailbox and nothing else: the id comes from an address."""
    if not MESSAGE_ID.match(message_id):
        raise FileNotFoundError(message_id)
    return folder() / message_id


def _deliver(message: EmailMessage) -> None:
    now = clock.now()
    mail_id = f"{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
    place = folder() / mail_id
    place.mkdir(parents=True)
    attachments = tuple(_keep(place, number, part) for number, part in enumerate(_attached(message)))
    mail = Mail(
        id=mail_id,
        sender=message.from_email,
        to=", ".join(message.recipients()),
        subject=str(message.subject),
        body=str(message.body),
        sent_at=now.isoformat(),
        attachments=attachments,
    )
    unfinished = place / "message.new"
    unfinished.write_text(json.dumps(asdict(mail), ensure_ascii=False), encoding="utf-8")
    unfinished.replace(place / "message.json")


def _attached(message: EmailMessage) -> list[Message]:
    return [part for part in message.message().walk() if part.get_filename()]


def _keep(place: Path, number: int, part: Message) -> Attachment:
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    (place / str(number)).write_bytes(data)
    return Attachment(part.get_filename() or f"allegato-{number}", part.get_content_type(), len(data))
