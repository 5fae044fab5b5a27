"""Low-credit messages: one for each threshold that is crossed, and again only after the credit has gone back above it."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse

from enrolments import mailing
from enrolments.models import Guardian, HelpDesk
from wallets import credit
from wallets.ledger import ROME
from wallets.models import LowCreditAlert, Wallet

log = logging.getLogger(__name__)
SUBJECT = "Mensa scolastica: il borsellino sta per finire"


def send_due(*, now: dt.datetime) -> int:
    """Find who has crossed a threshold and write to the guardians; returns how many wallets were told. Safe to repeat."""
    find_crossings(now=now)
    waiting = LowCreditAlert.objects.filter(sent_at__isnull=True, reset_at__isnull=True)
    wallets = waiting.values_list("wallet", flat=True).order_by("wallet").distinct()
    return sum(_tell(wallet_id, now) for wallet_id in list(wallets))


@transaction.atomic
def find_crossings(*, now: dt.datetime) -> int:
    """Open a row for each threshold newly crossed, close those that the credit has left behind."""
    day = now.astimezone(ROME).date()
    thresholds = sorted(set(credit.rules_on(day).low_credit_meals), reverse=True)
    if not thresholds:
        return 0
    low = {one.wallet_id: one.meals for one in credit.below(meals=thresholds[0], day=day)}
    open_rows = LowCreditAlert.objects.filter(reset_at__isnull=True)
    back = [row.pk for row in open_rows if row.wallet_id not in low or low[row.wallet_id] > row.threshold]
    open_rows.filter(pk__in=back).update(reset_at=now)
    known = set(open_rows.values_list("wallet_id", "threshold"))
    crossed = [
        LowCreditAlert(wallet_id=wallet, threshold=threshold, crossed_at=now)
        for wallet, meals in low.items()
        for threshold in thresholds
        if meals <= threshold and (wallet, threshold) not in known
    ]
    LowCreditAlert.objects.bulk_create(crossed, ignore_conflicts=True)
    return len(crossed)


def _tell(wallet_id: int, now: dt.datetime) -> bool:
    """One message for all the thresholds crossed since the last: claimed first, so that two workers send one."""
    claimed = LowCreditAlert.objects.filter(wallet=wallet_id, sent_at__isnull=True, reset_at__isnull=True)
    keys = list(claimed.values_list("pk", flat=True))
    if claimed.filter(pk__in=keys).update(sent_at=now) == 0:
        return False
    try:
        return _send(
            Wallet.objects.select_related("household").get(pk=wallet_id), now.astimezone(ROME).date()
        )
    except OSError:  # the mail server does not answer: the next round tries again
        log.warning("low-credit message not sent, will be tried again: wallet %s", wallet_id)
        LowCreditAlert.objects.filter(pk__in=keys).update(sent_at=None)
        return False


def _send(wallet: Wallet, day: dt.date) -> bool:
    guardians = Guardian.objects.filter(memberships__household=wallet.household_id).exclude(email="")
    addresses = sorted(set(guardians.values_list("email", flat=True)))
    if not addresses:
        return False
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
    return mailing.post(subject=SUBJECT, body=text, addresses=addresses) > 0


def unreachable() -> dict[str, int]:
    """Households with an open alert and no e-mail address: code -> threshold, for the office to telephone."""
    found: dict[str, int] = defaultdict(int)
    rows = LowCreditAlert.objects.filter(reset_at__isnull=True).annotate(code=F("wallet__household__code"))
    for row in rows.exclude(wallet__household__members__guardian__email__gt=""):
        found[row.code] = min(found[row.code], row.threshold)
    return dict(found)
