"""What a parent sees on opening the portal: each family with its money, its children today and tomorrow, what is open.

The number of queries does not depend on how many families or children there are.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from attendance.models import AttendanceRules
from enrolments.models import Custody, Enrolment, Household, Price, Pupil
from identity.models import User
from payments.models import Notice, UploadedReceipt


@dataclass(frozen=True)
class Day:
    """A child on a day, in words; `action` is what the parent may still do about it, empty when nothing."""

    label: str
    day: dt.date
    kind: str
    words: str
    note: str = ""
    action: str = ""
    action_url: str = ""


@dataclass(frozen=True)
class Child:
    code: str
    first_name: str
    place: str
    days: tuple[Day, ...] = ()


@dataclass
class Family:
    code: str
    balance: Decimal
    balance_words: str
    children: list[Child] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    uploads: list[UploadedReceipt] = field(default_factory=list)
    movements: list[object] = field(default_factory=list)


def families(user: User, *, now: dt.datetime) -> list[Family]:
    households = list(Household.objects.of_parent(user).select_related("wallet").order_by("code"))
    today = now.date()
    prices = _prices(households, today)
    children = _children(households, now)
    return [
        Family(
            code=household.code,
            balance=household.wallet.balance,
            balance_words=balance_words(household.wallet.balance, prices.get(household.id, [])),
            children=children.get(household.id, []),
        )
        for household in households
    ]


def balance_words(balance: Decimal, prices: list[Decimal]) -> str:
    """How many meals the credit is worth at the mean price of the children who pay; a debt is said calmly."""
    if balance < 0:
        return "È sotto zero: i bambini mangiano lo stesso, ricarica appena puoi."
    paid = [price for price in prices if price > 0]
    if not paid:
        return "Nessun pasto da pagare al momento."
    meals = int(balance * len(paid) / sum(paid))
    if meals == 0:
        return "Non basta per il prossimo pasto: ricarica appena puoi."
    return "Basta per un pasto." if meals == 1 else f"Basta per circa {meals} pasti."


def hours_on(day: dt.date) -> AttendanceRules:
    """The hours in force; before the office has adopted any, the defaults of the regulation."""
    return AttendanceRules.objects.on(day).first() or AttendanceRules()


def _prices(households: Iterable[Household], day: dt.date) -> dict[int, list[Decimal]]:
    found: dict[int, list[Decimal]] = {}
    for price in Price.objects.on(day).filter(household__in=households):
        found.setdefault(price.household_id, []).append(price.amount)
    return found


def _children(households: list[Household], now: dt.datetime) -> dict[int, list[Child]]:
    custodies = Custody.objects.on(now.date()).filter(household__in=households).select_related("pupil")
    pupils = {custody.pupil_id: custody.pupil for custody in custodies}
    places = _places(pupils.values(), now.date())
    found: dict[int, list[Child]] = {}
    for custody in sorted(custodies, key=lambda row: row.pupil.birth_date):
        pupil = custody.pupil
        if place := places.get(pupil.id):
            found.setdefault(custody.household_id, []).append(Child(pupil.code, pupil.first_name, place))
    return found


def _places(pupils: Iterable[Pupil], day: dt.date) -> dict[int, str]:
    """Class and school of whoever is enrolled on the day."""
    rows = Enrolment.objects.on(day).filter(pupil__in=list(pupils)).select_related("class_group__school")
    return {row.pupil_id: f"{row.class_group.label}, {row.class_group.school.name}" for row in rows}
