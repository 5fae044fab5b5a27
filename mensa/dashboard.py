"""What a parent sees on opening the portal: each family with its money, its children today and tomorrow, what is open.

The number of queries does not depend on how many families or children there are.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from attendance import child_days
from attendance.child_days import Child
from attendance.models import AttendanceRules
from enrolments.models import Custody, Household, Price
from identity.models import User
from payments.models import Notice, UploadedReceipt
from wallets import statement
from wallets.statement import Movement

Row = TypeVar("Row")
A_YEAR = dt.timedelta(days=365)


@dataclass
class Family:
    code: str
    balance: Decimal
    balance_words: str
    children: list[Child] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    uploads: list[UploadedReceipt] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)


def families(user: User, *, now: dt.datetime) -> list[Family]:
    households = list(Household.objects.of_parent(user).select_related("wallet").order_by("code"))
    today = now.date()
    prices = _prices(households, today)
    children = _children(households, now)
    notices = _by_household(_open_notices(households))
    uploads = _by_household(_uploads_in_review(households))
    movements = statement.recent(wallets=[household.wallet for household in households], last=today)
    return [
        Family(
            code=household.code,
            balance=household.wallet.balance,
            balance_words=balance_words(household.wallet.balance, prices.get(household.pk, [])),
            children=children.get(household.pk, []),
            notices=notices.get(household.pk, []),
            uploads=uploads.get(household.pk, []),
            movements=movements[household.wallet.pk],
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


def _prices(households: list[Household], day: dt.date) -> dict[int, list[Decimal]]:
    rows = Price.objects.on(day).filter(household__in=households)
    return _by_household((row.household_id, row.amount) for row in rows)


def _open_notices(households: list[Household]) -> Iterable[tuple[int, Notice]]:
    rows = Notice.objects.payable().for_children().filter(wallet__household__in=households)
    for notice in rows.select_related("pupil", "wallet").order_by("due_date", "pk"):
        yield notice.wallet.household_id, notice


def _uploads_in_review(households: list[Household]) -> Iterable[tuple[int, UploadedReceipt]]:
    waiting = [UploadedReceipt.State.RECEIVED, UploadedReceipt.State.IN_REVIEW]
    for upload in UploadedReceipt.objects.filter(household__in=households, state__in=waiting).order_by("pk"):
        yield upload.household_id, upload


def _by_household(rows: Iterable[tuple[int, Row]]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for household_id, row in rows:
        found.setdefault(household_id, []).append(row)
    return found


def _children(households: list[Household], now: dt.datetime) -> dict[int, list[Child]]:
    """By household, the eldest first. A child of two households stands in both; one who has left in none."""
    today = now.date()
    custodies = list(
        Custody.objects.overlapping(today, today + A_YEAR)
        .filter(household__in=households)
        .select_related("pupil", "household")
        .order_by("pupil__birth_date", "pupil__fiscal_code", "-valid_from")
    )
    current = {(row.household_id, row.pupil_id): row for row in custodies}
    found: dict[int, list[Child]] = {}
    for row, child in child_days.cards(list(current.values()), now):
        found.setdefault(row.household_id, []).append(child)
    return found
