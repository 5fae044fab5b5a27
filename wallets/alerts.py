"""Low-credit messages: one for each threshold that is crossed, and again only after the credit has gone back above it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby, islice
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from enrolments import mailing, outbox
from enrolments.models import HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from wallets import credit
from wallets.ledger import ROME
from wallets.models import LowCreditAlert, Wallet

#: Wallets low on credit weighed together: a night may bring a nation below a threshold.
AT_ONCE = 2000
#: Two days of rounds: after these many tries a person telephones.
TRIES = 96
#: A night may bring a whole town below a threshold: the round goes on until everybody has been told.
EVERYBODY = 100_000
SUBJECT = "Mensa scolastica: il borsellino sta per finire"


def send_due(*, now: dt.datetime) -> int:
    """Find who has crossed a threshold and write to the guardians; returns how many wallets were told. Safe to repeat."""
    find_crossings(now=now)
    return outbox.carry(SENDER, now=now, limit=EVERYBODY).left


def waiting(now: dt.datetime) -> bool:
    """Is there a family to tell, in nobody's hands?"""
    return outbox.free(SENDER, now).exists()


@transaction.atomic
def find_crossings(*, now: dt.datetime) -> int:
    """Open a row for each threshold newly crossed, close those that the credit has left behind. One round at a time: one that has
    read the credit of before would close what another has opened, and the family would be told twice."""
    if not _alone():
        return 0
    day = now.astimezone(ROME).date()
    thresholds = sorted(set(credit.rules_on(day).low_credit_meals), reverse=True)
    if not thresholds:
        return 0
    rows, found, after = LowCreditAlert.objects.filter(reset_at__isnull=True), 0, 0
    low = credit.below(meals=thresholds[0], day=day)
    while some := {one.wallet_id: one.meals for one in islice(low, AT_ONCE)}:
        until = max(some)
        found += _weigh(some, rows.filter(wallet__gt=after, wallet__lte=until), thresholds, now)
        after = until
    rows.filter(wallet__gt=after).update(reset_at=now)
    return found


def _alone() -> bool:
    """Until the transaction ends. Who comes second leaves it to the first, and to the next round."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('wallets.alerts', 0))")
        return bool(cursor.fetchone()[0])


def _weigh(
    low: dict[int, int], rows: QuerySet[LowCreditAlert], thresholds: list[int], now: dt.datetime
) -> int:
    """Some neighbouring wallets with the meals they pay, and the open rows of all wallets up to the last of them."""
    rows.exclude(wallet__in=low).update(reset_at=now)
    known = {
        (wallet, threshold): pk for wallet, threshold, pk in rows.values_list("wallet", "threshold", "pk")
    }
    back = [pk for (wallet, threshold), pk in known.items() if low[wallet] > threshold]
    rows.filter(pk__in=back).update(reset_at=now)
    crossed = [
        LowCreditAlert(wallet_id=wallet, threshold=threshold, crossed_at=now)
        for wallet, meals in low.items()
        for threshold in thresholds
        if meals <= threshold and (wallet, threshold) not in known
    ]
    LowCreditAlert.objects.bulk_create(crossed, ignore_conflicts=True)
    return len(crossed)


def _owed(now: dt.datetime) -> QuerySet[LowCreditAlert]:
    rows = LowCreditAlert.objects.filter(sent_at__isnull=True, reset_at__isnull=True, tries__lt=TRIES)
    return rows.order_by("wallet_id", "pk")


def _compose(rows: list[LowCreditAlert], now: dt.datetime) -> Iterable[Envelope[LowCreditAlert]]:
    """One message for all the thresholds crossed since the last."""
    for wallet, group in groupby(rows, key=lambda row: row.wallet):
        yield Envelope(list(group), _messages(wallet, now.astimezone(ROME).date()))


def _messages(wallet: Wallet, day: dt.date) -> list[EmailMessage]:
    addresses = mailing.of_household(wallet.household)
    if not addresses:
        return []
    text = render_to_string(
        "email/wallets/low_credit.txt",
        {
            "balance": wallet.balance,
            "meals": credit.meals_left(wallet=wallet, day=day),
            "address": settings.BASE_URL + reverse("wallets:statement", args=[wallet.household.code]),
            "help_desk": HelpDesk.objects.first() or HelpDesk(),
            "town": settings.TOWN_NAME,
        },
    )
    return mailing.to_each(subject=SUBJECT, body=text, addresses=addresses)


def _mark(row: LowCreditAlert, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    if fate.outcome in {Outcome.SENT, Outcome.NOT_NEEDED}:
        return {"sent_at": now}
    return {"tries": TRIES} if fate.outcome is Outcome.GIVEN_UP else {}


SENDER: Sender[LowCreditAlert] = Sender(
    name="low credit",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=20),
    most_tries=TRIES,
    parcel="wallet_id",
    related=("wallet__household",),
)


def unreachable() -> dict[str, int]:
    """Households with an open alert and no e-mail address that works: code -> threshold, for the office to telephone."""
    found: dict[str, int] = defaultdict(int)
    rows = LowCreditAlert.objects.filter(reset_at__isnull=True).annotate(code=F("wallet__household__code"))
    with_address = rows.filter(
        Q(sent_at__isnull=False) | Q(tries__lt=TRIES), wallet__household__members__guardian__email__gt=""
    )
    for row in rows.exclude(pk__in=with_address.values("pk")):
        found[row.code] = min(found[row.code], row.threshold)
    return dict(found)
