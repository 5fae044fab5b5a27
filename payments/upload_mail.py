"""What the parent hears about an uploaded receipt: owed from the decision until it has left. The decision stands also meanwhile."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string

from enrolments import mailing, outbox
from enrolments.models import Guardian
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from payments.models import UploadedReceipt
from payments.notice_pdf import creditor_on_paper

SUBJECT = "La ricevuta che hai inviato alla mensa"
#: What could not be said by then is on the page, and makes room for the others.
GIVE_UP_AFTER = dt.timedelta(days=5)
_OVER = {Outcome.SENT, Outcome.NOT_NEEDED, Outcome.GIVEN_UP}


def send_owed(*, now: dt.datetime) -> int:
    """The decisions that nobody has been told yet; returns how many have been."""
    return outbox.carry(SENDER, now=now).left


def _owed(now: dt.datetime) -> QuerySet[UploadedReceipt]:
    rows = UploadedReceipt.objects.filter(decided_at__gte=now - GIVE_UP_AFTER, told_at__isnull=True)
    return rows.order_by("pk")


def _compose(rows: list[UploadedReceipt], now: dt.datetime) -> Iterable[Envelope[UploadedReceipt]]:
    town = creditor_on_paper()
    for row in rows:
        body = render_to_string("email/payments/upload.txt", {"upload": row, "town": town})
        yield Envelope([row], mailing.to_each(subject=SUBJECT, body=body, addresses=_addresses(row)))


def _addresses(upload: UploadedReceipt) -> list[str]:
    """Of whoever sent it, else of the applicant; none: the page says it anyway."""
    sender = Guardian.objects.of_user(upload.uploaded_by).first()
    address = (sender.email if sender else "") or upload.household.applicant.email
    return [address] if address else []


def _mark(row: UploadedReceipt, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    return {"told_at": now} if fate.outcome in _OVER else {}


SENDER: Sender[UploadedReceipt] = Sender(
    name="uploaded receipts",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=10),
    related=("uploaded_by", "household__applicant", "receipt"),
)
