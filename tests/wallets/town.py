"""A day of the cast's town on the ledger: what the prices say, charged as the night would."""

import datetime as dt
from decimal import Decimal
from typing import Any

from attendance.models import Meal
from enrolments.models import Price, Pupil
from tests import cast
from tests.wallets.conftest import because
from wallets import ledger
from wallets.models import Entry, Wallet

TUESDAY = dt.date(2026, 11, 24)
EVENING = cast.at("2026-11-24 20:05")


def wallet_of(household: Any) -> Wallet:
    return Wallet.objects.select_related("household").get(household=household)


def charge_everybody(
    day: dt.date = TUESDAY, *, without: tuple[Pupil, ...] = (), posted_on: dt.date | None = None
) -> ledger.Posted:
    """Charge each child its price of the day; again with ``without`` gives those children's meals back."""
    Meal.objects.filter(day=day).delete()
    for price in Price.objects.on(day).exclude(pupil__in=without).select_related("household__wallet"):
        Meal.objects.create(
            day=day,
            pupil_id=price.pupil_id,
            wallet=price.household.wallet,
            class_group_id=0,
            price=price.amount,
            explanation_id=price.explanation_id,
            verdict="prova",
        )
    return ledger.post_due(
        day=day,
        wallets=(1, 10**6),
        due=Meal.objects.filter(day=day),
        posted_on=posted_on or day,
        reasons=because("Assenza corretta dall'ufficio."),
    )


def top_up(wallet: Wallet, amount: str = "50.00", cause: str = "receipt:town:1", **other: Any) -> Entry:
    return ledger.credit(
        wallet=wallet,
        amount=Decimal(amount),
        cause=cause,
        value_day=dt.date(2026, 11, 20),
        now=cast.at("2026-11-20 10:00"),
        **other,
    )
