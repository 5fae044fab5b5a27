"""Who has left with credit: households none of whose children is enrolled now or later. A sibling who stays: nothing to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from enrolments.models import Custody, Enrolment
from wallets import credit
from wallets.models import Refund, Wallet


@dataclass(frozen=True)
class Candidate:
    """A household to be given its credit back, and how the rules suggest to do it."""

    wallet: Wallet
    method: str
    siblings: tuple[Wallet, ...]
    last_day: dt.date | None

    @property
    def amount(self) -> Decimal:
        return self.wallet.balance


def candidates(*, day: dt.date) -> list[Candidate]:
    """The leavers with credit on that day who have no refund open, the largest credit first; a constant number of queries."""
    wallets = list(
        leaving(day=day)
        .filter(balance__gt=0)
        .exclude(refunds__state__in=[Refund.State.PREPARED, Refund.State.APPROVED])
        .select_related("household__applicant")
        .order_by("-balance", "pk")
    )
    smallest = credit.rules_on(day).smallest_refund
    siblings, last_days = _siblings(wallets), _last_days(wallets)
    return [
        Candidate(
            wallet=wallet,
            method=_method(wallet.balance >= smallest, bool(siblings.get(wallet.pk))),
            siblings=tuple(siblings.get(wallet.pk, [])),
            last_day=last_days.get(wallet.household_id),
        )
        for wallet in wallets
    ]


def leaving(*, day: dt.date) -> QuerySet[Wallet]:
    """The wallets of households with no child enrolled on that day or later."""
    still = Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    enrolled = Enrolment.objects.filter(still, pupil=OuterRef("pupil"))
    staying = Custody.objects.filter(still, household=OuterRef("household")).filter(Exists(enrolled))
    return Wallet.objects.filter(~Exists(staying))


def is_leaver(*, wallet: Wallet, day: dt.date) -> bool:
    return leaving(day=day).filter(pk=wallet.pk).exists()


def _method(large_enough: bool, has_siblings: bool) -> str:
    if large_enough:
        return Refund.Method.BANK
    return Refund.Method.SIBLING if has_siblings else Refund.Method.SOLIDARITY


def _siblings(wallets: list[Wallet]) -> dict[int, list[Wallet]]:
    """The wallets of other households that share a child with this one (the other parent's): they may receive the credit."""
    by_household = {wallet.household_id: wallet for wallet in wallets}
    shared = Custody.objects.filter(
        household__in=by_household, pupil__custodies__household__wallet__isnull=False
    )
    pairs = shared.values_list("household", "pupil__custodies__household__wallet").distinct()
    others = Wallet.objects.select_related("household").in_bulk({wallet for _, wallet in pairs})
    found: dict[int, list[Wallet]] = {}
    for household, other in sorted(pairs):
        wallet = by_household[household]
        if other != wallet.pk:
            found.setdefault(wallet.pk, []).append(others[other])
    return found


def _last_days(wallets: list[Wallet]) -> dict[int, dt.date]:
    """The last day on which a child of the household was enrolled."""
    rows = Custody.objects.filter(household__in=[wallet.household_id for wallet in wallets])
    found: dict[int, dt.date] = {}
    for household, last in rows.values_list("household", "pupil__enrolments__valid_to"):
        if last is not None:
            found[household] = max(last, found.get(household, last))
    return found
