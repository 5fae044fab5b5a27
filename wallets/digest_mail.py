"""The digest leaves the house: a copy in the auditors' mailboxes is what an owner of the database cannot rewrite."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from enrolments import mailing, outbox
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from wallets.models import DigestCopy

#: A week of rounds, one an hour.
TRIES = 168
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
    return DigestCopy.objects.filter(sent_at__isnull=True, tries__lt=TRIES).order_by("pk")


def _compose(copies: list[DigestCopy], now: dt.datetime) -> list[Envelope[DigestCopy]]:
    return [
        Envelope(
            [copy],
            mailing.to_each(
                subject=SUBJECT.format(day=copy.digest.day),
                body=_text(copy),
                addresses=[copy.auditor.email] if copy.auditor.email else [],
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
    """Without an address it waits: a copy that never leaves is worth a look by whoever keeps the accounts."""
    if fate.outcome is Outcome.SENT:
        return {"sent_at": now}
    return {"tries": TRIES} if fate.outcome is Outcome.GIVEN_UP else {}


SENDER: Sender[DigestCopy] = Sender(
    name="digests",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=30),
    most_tries=TRIES,
    related=("digest", "auditor"),
)
