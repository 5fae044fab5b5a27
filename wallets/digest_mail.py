"""The digest leaves the house: a copy in the auditors' mailboxes is what an owner of the database cannot rewrite."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from enrolments import mailing, outbox
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from wallets.models import DigestCopy

#: A copy is tried every hour so many times; after that, or when its address is refused, once a day until it has left.
TRIES = 48
ONE_DAY = dt.timedelta(days=1)
SUBJECT = "Mensa scolastica: impronta dei movimenti del {day:%d/%m/%Y}"
TEXT = """Impronta dei movimenti del {day:%d/%m/%Y}, {town}

Movimenti: {movements}
Totale: {total} euro
Impronta: {digest}
Impronta del giorno prima: {previous}

Conserva questo messaggio: confrontando le impronte si vede se il passato è stato cambiato.
"""


def send_owed(*, now: dt.datetime) -> int:
    """The copies that have not left yet; returns how many went out."""
    return outbox.carry(SENDER, now=now).left


def _owed(now: dt.datetime) -> QuerySet[DigestCopy]:
    """Until it has left, however long that takes. An auditor without an address is waited for; one who has gone is not."""
    rows = DigestCopy.objects.filter(sent_at__isnull=True, auditor__is_active=True)
    rows = rows.filter(Q(tries__lt=TRIES) | Q(claimed_at__isnull=True) | Q(claimed_at__lte=now - ONE_DAY))
    return rows.exclude(auditor__email="").order_by("pk")


def _compose(copies: list[DigestCopy], now: dt.datetime) -> list[Envelope[DigestCopy]]:
    return [
        Envelope(
            [copy],
            mailing.to_each(
                subject=SUBJECT.format(day=copy.digest.day),
                body=_text(copy),
                addresses=[copy.auditor.email],
            ),
        )
        for copy in copies
    ]


def _text(copy: DigestCopy) -> str:
    row = copy.digest
    return TEXT.format(
        day=row.day,
        town=settings.TOWN_NAME,
        movements=row.movements,
        total=f"{row.total:.2f}".replace(".", ","),
        digest=row.digest,
        previous=row.previous or "nessuna",
    )


def _mark(copy: DigestCopy, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    if fate.outcome is Outcome.SENT:
        return {"sent_at": now}
    return {"tries": TRIES} if fate.outcome is Outcome.GIVEN_UP else {}


SENDER: Sender[DigestCopy] = Sender(
    name="digests",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=30),
    related=("digest", "auditor"),
)
