"""The cast's town with a canteen: both schools from 1 October 2026 to 9 June 2027."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection

from attendance.models import CanteenPeriod, PatronDay
from tests.cast import Town, build_town

FIRST, LAST = dt.date(2026, 10, 1), dt.date(2027, 6, 9)
TUESDAY = dt.date(2026, 11, 24)


def open_canteen(town: Town) -> Town:
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(school=school, year=town.year, valid_from=FIRST, valid_to=LAST)
    PatronDay.objects.create(city="Bitritto", name="Madonna di Costantinopoli", month=3, weekday=1, nth=1)
    return town


@pytest.fixture
def canteen(town: Town) -> Town:
    return open_canteen(town)


@pytest.fixture
def committed_canteen(transactional_db: None) -> Town:
    """The same town in committed rows, for tests with several connections."""
    return open_canteen(build_town())


@pytest.fixture
def balances(canteen: Town) -> Callable[[], dict[str, str]]:
    return lambda: balances_of(canteen)


def balances_of(town: Town) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT household_id, balance FROM wallets_wallet")
        found = dict(cursor.fetchall())
    return {"Bianchi": str(found[town.family.pk]), "Neri": str(found[town.carla_family.pk])}
