"""The mail that asks a family for the account of its refund: owed by the refund itself until it has left, or until the account is
known some other way. Who has no address, or cannot be reached, the office telephones: the page of the refund says it.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from enrolments import mailing, outbox
from enrolments.models import HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from wallets.models import Refund

SUBJECT = "Mensa scolastica: il credito rimasto è da restituire"
#: Five days, an hour apart.
TRIES = 120


def send_owed(*, now: dt.datetime) -> int:
    """Ask the families that have not been asked yet; returns how many have been."""
    return outbox.carry(SENDER, now=now).left


def _owed(now: dt.datetime) -> QuerySet[Refund]:
    """An address that is written down later is good too."""
    rows = Refund.objects.filter(method=Refund.Method.BANK, state=Refund.State.PREPARED, iban="")
    rows = rows.filter(asked_at__isnull=True, tries__lt=TRIES)
    return rows.exclude(wallet__household__applicant__email="").order_by("pk")


def _compose(rows: list[Refund], now: dt.datetime) -> Iterable[Envelope[Refund]]:
    """To the applicant, whose account it must be."""
    desk = HelpDesk.objects.first() or HelpDesk()
    for row in rows:
        household = row.wallet.household
        text = render_to_string(
            "email/wallets/refund_account.txt",
            {
                "amount": row.amount,
                "due_by": row.due_by,
                "address": settings.BASE_URL + reverse("wallets:refund_account", args=[household.code]),
                "help_desk": desk,
                "town": settings.TOWN_NAME,
            },
        )
        to = [household.applicant.email]
        yield Envelope([row], mailing.to_each(subject=SUBJECT, body=text, addresses=to))


def _mark(row: Refund, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    if fate.outcome is Outcome.SENT:
        return {"asked_at": now}
    return {"tries": TRIES} if fate.outcome is Outcome.GIVEN_UP else {}


SENDER: Sender[Refund] = Sender(
    name="refund accounts",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(hours=1),
    most_tries=TRIES,
    related=("wallet__household__applicant",),
)
