"""A family with money, made without the enrolment rules: here only wallets matter."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from enrolments import explanations
from enrolments.models import Custody, Explanation, Guardian, Household, HouseholdMember, Pupil
from identity.models import Role, User
from wallets import ledger
from wallets.models import Wallet

ROME = ZoneInfo("Europe/Rome")
NOW = dt.datetime(2026, 11, 20, 20, 5, tzinfo=ROME)
DAY = dt.date(2026, 11, 20)
_number = count(1)


def make_wallet(children: int = 1, last_name: str = "Rossi") -> Wallet:
    """A household with its applicant, its children and an open wallet."""
    number = next(_number)
    applicant = Guardian.objects.create(
        fiscal_code=f"TSTGNT80A01A{number:03d}X"[:16],
        first_name="Anna",
        last_name=last_name,
        email=f"anna{number}@example.it",
        sort_key=f"{last_name.lower()} anna",
    )
    household = Household.objects.create(code=f"F{number:05d}", applicant=applicant)
    HouseholdMember.objects.create(household=household, guardian=applicant)
    for child in range(children):
        pupil = Pupil.objects.create(
            code=f"P{number:04d}{child}",
            fiscal_code=f"TSTBMB18A{child:02d}A{number:03d}Y"[:16],
            first_name=f"Figlio{child + 1}",
            last_name=last_name,
            birth_date=dt.date(2018, 1, 1 + child),
            sort_key=f"{last_name.lower()} figlio{child + 1}",
        )
        Custody.objects.create(pupil=pupil, household=household, valid_from=dt.date(2020, 9, 1))
    ledger.open_wallets(households=[household], now=NOW)
    return Wallet.objects.get(household=household)


def children_of(wallet: Wallet) -> list[Pupil]:
    return list(Pupil.objects.filter(custodies__household=wallet.household_id).order_by("pk"))


def why(sentence: str = "Prezzo di prova.") -> Explanation:
    return explanations.of({"kind": "test", "sentences": [sentence]})


def because(sentence: str = "Corretto.") -> Callable[[], ledger.Reasons]:
    """The reasons the ledger asks for: one sentence for everybody."""
    return lambda: ledger.Reasons(why(sentence).pk, {})


def make_staff(role: Role, username: str = "") -> User:
    return User.objects.create_user(username=username or f"{role}-{next(_number)}", role=role, is_staff=True)


def due(*rows: tuple[Pupil, Wallet, str]) -> QuerySet[Any, Any]:
    """What a day owes, as attendance would say it: a queryset with pupil_id, wallet_id, price and explanation_id."""
    from attendance.models import Meal

    reason = why()
    Meal.objects.filter(day=DAY).delete()
    Meal.objects.bulk_create(
        Meal(
            day=DAY,
            pupil=pupil,
            wallet=wallet,
            class_group_id=0,
            price=price,
            explanation=reason,
            verdict="prova",
        )
        for pupil, wallet, price in rows
    )
    return Meal.objects.filter(day=DAY)


def post(*rows: tuple[Pupil, Wallet, str], wallets: tuple[int, int] = (1, 2**31 - 2)) -> ledger.Posted:
    return ledger.post_due(day=DAY, wallets=wallets, due=due(*rows), posted_on=DAY, reasons=because())


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """The statement fails, and the error names the guard that refused it."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def run_sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


@pytest.fixture
def wallet(db: None) -> Wallet:
    return make_wallet(children=2)


@pytest.fixture
def office(db: None) -> User:
    return make_staff(Role.OFFICE)


@pytest.fixture
def raw_sql(db: None) -> Callable[..., None]:
    """What somebody with a database console would try."""

    def run(statement: str, *values: object) -> None:
        run_sql("SET CONSTRAINTS ALL IMMEDIATE")
        run_sql(statement, *values)

    return run
