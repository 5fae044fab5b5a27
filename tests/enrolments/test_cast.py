"""The cast lives as the tests say."""

import datetime as dt
from decimal import Decimal

from enrolments.models import Price
from tests.cast import Town


def test_the_small_town_has_the_prices_that_the_other_tests_count_on(town: Town) -> None:
    day = dt.date(2026, 11, 24)
    prices = {row.pupil_id: row.amount for row in Price.objects.on(day)}
    assert prices == {
        town.luca.pk: Decimal("3.40"),
        town.sofia.pk: Decimal("2.89"),
        town.tommaso.pk: Decimal("5.00"),
    }
