"""The yearly certificate of what a family paid with pagoPA, per child: for the tax return, when the year is over."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from enrolments.models import Custody, Pupil
from wallets import statement
from wallets.models import Entry, Wallet
from wallets.rules import tax

Kind = Entry.Kind
#: Top-ups of the ledger that came by pagoPA, and what undoes them.
#: ("restored" is the money of a revocation that the bank has withdrawn.)
TRACEABLE = Q(kind=Kind.TOP_UP, cause__regex=r"^(receipt|restored):") | Q(
    kind=Kind.REVERSAL, reverses__kind=Kind.TOP_UP, reverses__cause__regex=r"^(receipt|restored):"
)
GIVEN_BACK = Q(kind__in=[Kind.REFUND, Kind.RECREDIT]) | Q(
    kind=Kind.REVERSAL, reverses__kind__in=[Kind.REFUND, Kind.RECREDIT]
)


@dataclass(frozen=True)
class Line:
    pupil: Pupil
    paid: Decimal


@dataclass(frozen=True)
class Certificate:
    year: int
    lines: tuple[Line, ...]
    limit: Decimal

    @property
    def total(self) -> Decimal:
        return sum((line.paid for line in self.lines), Decimal("0.00"))


def years(wallet: Wallet, *, today: dt.date) -> list[int]:
    """The years that are over and have payments, newest first."""
    days = wallet.entries.filter(TRACEABLE, value_day__year__lt=today.year).values_list(
        "value_day", flat=True
    )
    return sorted({day.year for day in days}, reverse=True)


def of(wallet: Wallet, *, year: int, today: dt.date) -> Certificate | None:
    """None while the year is not over, or when nothing was paid in it."""
    if year not in years(wallet, today=today):
        return None
    children = _children(wallet, year)
    own: dict[int, Decimal] = defaultdict(Decimal)
    free = Decimal("0.00")
    for entry in _in(wallet, year).filter(TRACEABLE):
        if entry.pupil_id in children:
            own[entry.pupil_id] += entry.amount
        else:
            free += entry.amount
    paid = tax.paid_per_child(
        children=list(children),
        own=own,
        free=free,
        refunded=-sum((entry.amount for entry in _in(wallet, year).filter(GIVEN_BACK)), Decimal("0.00")),
        meals=_meals(wallet, year),
    )
    lines = tuple(Line(children[key], amount) for key, amount in paid.items() if amount > 0)
    return Certificate(year, lines, tax.limit(year))


def _in(wallet: Wallet, year: int) -> QuerySet[Entry]:
    return wallet.entries.filter(value_day__year=year).order_by("pk")


def _children(wallet: Wallet, year: int) -> dict[int, Pupil]:
    """Those the household paid for in that year, the eldest first; a payment may be for one who has left meanwhile."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    rows = Custody.objects.filter(household=wallet.household_id, valid_from__lte=last)
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=first))
    named = Q(pk__in=_in(wallet, year).filter(pupil__isnull=False).values("pupil"))
    pupils = Pupil.objects.filter(Q(pk__in=rows.values("pupil")) | named)
    return {pupil.pk: pupil for pupil in pupils.order_by("birth_date", "fiscal_code")}


def _meals(wallet: Wallet, year: int) -> dict[int, Decimal]:
    """What the meals of that year cost, per child, net of what was reversed."""
    cost: dict[int, Decimal] = defaultdict(Decimal)
    for line in statement.movements(wallet=wallet, last=dt.date(year + 1, 12, 31)):
        if (
            line.kind in (statement.CHARGE, statement.CHARGE_REVERSAL)
            and line.pupil
            and line.day.year == year
        ):
            cost[line.pupil.pk] -= line.amount
    return cost
