"""Small things that compute without a database: the chart's line, the cells of a spreadsheet."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets import chart, csv_file

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
MONEY = st.decimals(min_value=-500, max_value=500, places=2)


def draw(*balances: str, opening: str = "0.00") -> chart.Chart:
    points = [(FIRST + dt.timedelta(days=number), Decimal(value)) for number, value in enumerate(balances)]
    return chart.draw(opening=Decimal(opening), points=points, first=FIRST, last=LAST)


def test_the_axis_has_friendly_numbers_and_zero() -> None:
    assert [int(str(level.label)) for level in draw("43.71", "-12.00").levels] == [-20, 0, 20, 40, 60]
    assert draw("43.71", "-12.00").zero is not None
    assert draw("43.71").zero is None


@given(opening=MONEY, balances=st.lists(MONEY, max_size=30))
def test_every_point_stays_inside_the_picture(opening: Decimal, balances: list[Decimal]) -> None:
    points = [(FIRST + dt.timedelta(days=number), value) for number, value in enumerate(balances)]
    drawn = chart.draw(opening=opening, points=points, first=FIRST, last=LAST)
    heights = [int(part.split("H")[0]) for part in drawn.line.split("V")[1:]]
    assert all(0 <= height <= drawn.bottom for height in heights)
    assert 2 <= len(drawn.levels) <= 8


@pytest.mark.parametrize("text", ["=1+1", "+39 080", "-5", "@SUM(A1)", "\t=1", "|calc", "%x", "\n=1"])
def test_a_text_never_becomes_a_formula(text: str) -> None:
    assert csv_file.render(["a"], [[text]]).splitlines()[1].startswith("'")


def test_numbers_and_dates_are_written_as_italian_spreadsheets_read_them() -> None:
    row: list[csv_file.Cell] = [Decimal("-3.4"), dt.date(2026, 11, 24), 7, None, 'due; "parole"']
    assert csv_file.render(["x"], [row]).splitlines()[1] == '-3,40;24/11/2026;7;;"due; ""parole"""'
