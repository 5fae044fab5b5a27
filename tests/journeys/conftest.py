"""Whole stories: the cast's town with a canteen, browsers for its people, a clock to move and the evening's task."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client

from attendance import tasks
from attendance.models import CanteenPeriod
from identity.models import User
from mensa import books, clock
from tests import cast
from tests.payments.conftest import simulator
from wallets.models import Wallet

__all__ = ["simulator"]
FIRST, LAST = cast.at("2026-11-24 00:00").date(), cast.at("2027-06-09 00:00").date()


@pytest.fixture
def canteen(town: cast.Town) -> cast.Town:
    """Both schools eat Monday to Friday from Tuesday 24 November to 9 June."""
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(school=school, year=town.year, valid_from=FIRST, valid_to=LAST)
    return town


@pytest.fixture
def at(db: None) -> Iterator[Callable[[str], None]]:
    """``at("2026-11-24 08:40")``: from here on it is that moment."""
    yield lambda moment: clock.move_to(cast.at(moment))
    clock.reset()


@pytest.fixture
def browser(client_of: Callable[[User], Client]) -> Callable[[User], Client]:
    return client_of


@pytest.fixture
def night(at: Callable[[str], None]) -> Callable[[str], None]:
    """The evening of that day: what the beat asks for every ten minutes."""

    def run(day: str) -> None:
        at(f"{day} 20:05")
        tasks.sweep()

    return run


def balance(family: Any) -> str:
    return str(Wallet.objects.get(household=family).balance)


def words(response: Any) -> str:
    """The page as a person reads it, one space between words."""
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return (
        re.sub(r"\s+", " ", unescape(page)).replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")
    )


def assert_books_tally() -> None:
    assert books.check(now=clock.now()).findings == []
