"""The app IO: may this adult be written to, and the message. Off while APP_IO_KEYS is empty, save in the demo."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings

from payments.configuration import app_io
from payments.errors import NodeUnreachable
from payments.gateways.wire import Answer, Line
from payments.models import Notice
from payments.rules.amounts import to_cents
from wallets.ledger import ROME

log = structlog.get_logger(__name__)
KEEP_TRYING = 604_800  # seconds: the app's longest


class Refused(Exception):
    """The app IO will not take this message or this person's code, now or later."""


class InDoubt(Exception):
    """The answer was lost: the message may have been taken."""


@dataclass(frozen=True)
class Letter:
    fiscal_code: str
    subject: str
    text: str
    notice: Notice | None = None
    payable_after_due: bool = True


def is_on() -> bool:
    return any(app_io().keys)


class AppIo:
    """Its API takes no second call for the first: a message whose answer is lost is in doubt."""

    def __init__(self) -> None:
        self._line = Line(app_io())

    def may_write_to(self, fiscal_code: str) -> bool:
        """False: no profile, or this service switched off. NodeUnreachable: not known now. Refused: nobody with this code."""
        answer = self._line.call("POST", "/profiles", body={"fiscal_code": fiscal_code}, repeat=True)
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise _unforeseen(answer)
        profile = answer.json()
        return isinstance(profile, dict) and profile.get("sender_allowed") is True

    def send(self, letter: Letter) -> str:
        """Its id in the app. NodeUnreachable: it was not taken, it can be sent again."""
        try:
            answer = self._line.call("POST", "/messages", body=body_of(letter))
        except NodeUnreachable as problem:
            if _never_left(problem.__cause__):
                raise
            raise InDoubt from problem
        if answer.status == 201:
            return _id_in(answer)
        raise _unforeseen(answer)


def _never_left(cause: BaseException | None) -> bool:
    """Nobody answered the call, so nobody has taken the message."""
    import httpx  # by whoever calls: the workers of the night call nobody

    return cause is None or isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)


def body_of(letter: Letter) -> dict[str, Any]:
    content: dict[str, Any] = {"subject": letter.subject, "markdown": letter.text}
    if letter.notice is not None:
        content |= _payment(letter.notice, payable_after_due=letter.payable_after_due)
    return {
        "fiscal_code": letter.fiscal_code,
        "time_to_live": KEEP_TRYING,
        "content": content,
        "feature_level_type": "STANDARD",
    }


def _payment(notice: Notice, *, payable_after_due: bool) -> dict[str, Any]:
    """With these the app shows "Paga" by itself. The day ends when it ends in Italy."""
    last = dt.datetime.combine(notice.due_date, dt.time(23, 59, 59), ROME).astimezone(dt.UTC)
    return {
        "due_date": f"{last:%Y-%m-%dT%H:%M:%S}.000Z",
        "payment_data": {
            "amount": to_cents(notice.amount),
            "notice_number": notice.nav,
            "invalid_after_due_date": not payable_after_due,
            "payee": {"fiscal_code": settings.TOWN_FISCAL_CODE},
        },
    }


def _id_in(answer: Answer) -> str:
    """A message that was taken stays taken, also when its id cannot be read."""
    try:
        said = answer.json()
    except NodeUnreachable:
        return ""
    return str(said.get("id", ""))[:64] if isinstance(said, dict) else ""


def _unforeseen(answer: Answer) -> Exception:
    """403 and the like are settings to mend: asked again later. 400 is about this message or this person."""
    log.error("app_io_refused", status=answer.status)
    return Refused() if answer.status == 400 else NodeUnreachable()
