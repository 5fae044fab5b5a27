"""Credit in meals: how far the money of a wallet goes at today's prices of its children."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from django.db.models import Avg, F, QuerySet

from enrolments.models import Price
from wallets.models import Wallet, WalletRules

#: Rows in memory together, however many families there are.
READ_AT_ONCE = 2000


@dataclass(frozen=True)
class Credit:
    wallet_id: int
    meals: int


def rules_on(day: dt.date) -> WalletRules:
    """The rules in force; before the office has adopted any, the defaults of the regulation."""
    return WalletRules.objects.on(day).first() or WalletRules(valid_from=day, act="")


def meals_left(*, wallet: Wallet, day: dt.date) -> int | None:
    """Meals that the balance pays, at the mean price of the children who pay on that day; below zero: meals owed. None: no
    child pays."""
    mean = _prices(day).filter(household=wallet.household_id).aggregate(mean=Avg("amount"))["mean"]
    return None if mean is None else _meals(wallet.balance, mean)


def below(*, meals: int, day: dt.date) -> Iterator[Credit]:
    """The wallets that pay at most this many meals, in their order, in one query that is read as it is used."""
    rows = (
        _prices(day)
        .values("household__wallet", "household__wallet__balance")
        .annotate(mean=Avg("amount"))
        .filter(household__wallet__balance__lt=F("mean") * (meals + 1))
        .order_by("household__wallet")
    )
    return (
        Credit(row["household__wallet"], _meals(row["household__wallet__balance"], row["mean"]))
        for row in rows.iterator(chunk_size=READ_AT_ONCE)
    )


def _prices(day: dt.date) -> QuerySet[Price]:
    return Price.objects.on(day).filter(amount__gt=0)


def _meals(balance: Decimal, price: Decimal) -> int:
    return int((balance / price).to_integral_value(ROUND_FLOOR))
