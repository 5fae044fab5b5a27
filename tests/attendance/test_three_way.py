"""Pupils counted, portions delivered, meals debited: the three numbers and why they differ."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attendance import corrections, deliveries, night, registers, sealing, three_way
from attendance.models import ExtraMeal, SchoolPhase
from attendance.rules import bars
from enrolments import entitlements
from enrolments.models import Price, School
from identity.models import User
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
HOUR, EVENING, NEXT = at("2026-11-24 09:45"), at("2026-11-24 20:05"), at("2026-11-25 10:00")


@pytest.fixture
def town(canteen: Town) -> Town:
    for school in (canteen.primaria, canteen.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)
    clock.move_to(at("2026-11-24 21:00"))
    return canteen


def line(town: Town, day: dt.date = TUESDAY) -> three_way.Line:
    (found,) = three_way.of(days=[day], schools=[town.primaria])
    return found


def absent(town: Town, now: dt.datetime, *, away: bool = True) -> None:
    corrections.correct(
        pupil=town.luca, day=TUESDAY, absent=away, reason="contestazione accolta", by=town.enzo, now=now
    )


def deliver(town: Town, portions: int) -> None:
    deliveries.record(
        school=town.primaria, day=TUESDAY, portions=portions, today=TUESDAY, by=town.franca, now=HOUR
    )


def test_when_nothing_happens_the_three_agree(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    deliver(town, 2)
    night.run(now=EVENING)
    found = line(town)
    assert (found.pupils, found.delivered.portions, found.debited.count) == (2, 2, 2)
    assert (found.delivery_gap, found.debit_gap, found.reasons, found.alarm) == (0, 0, [], False)
    assert str(found.debited.total) == "8.40"


def test_before_the_night_there_is_nothing_to_compare_yet(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    found = line(town)
    assert (found.debited, found.debit_gap, found.delivered, found.alarm) == (None, None, None, False)


def test_a_variation_counts(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    absent(town, at("2026-11-24 10:00"))
    sealing.seal_due(now=at("2026-11-24 10:01"))
    night.run(now=EVENING)
    found = line(town)
    assert (found.pupils, found.variations, found.debited.count, found.reasons) == (1, 1, 1, [])


def test_in_phase_c_who_is_absent_without_notice_is_charged_without_a_plate(town: Town) -> None:
    SchoolPhase.objects.create(school=town.primaria, phase="C", valid_from=FIRST)
    registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[town.luca.pk],
        by=town.dora,
        now=at("2026-11-24 09:10"),
    )
    sealing.seal_due(now=HOUR)
    night.run(now=EVENING)
    found = line(town)
    assert (found.pupils, found.debited.count, found.debit_gap) == (1, 2, 1)
    assert (found.reasons, found.unexplained) == (["+1 assente senza disdetta"], 0)


def test_what_is_corrected_after_lunch_is_explained(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    night.run(now=EVENING)
    absent(town, NEXT)
    waiting = line(town)
    assert (waiting.waiting, waiting.alarm) == (True, False)
    assert "+1 in attesa della notte" in waiting.reasons
    night.run(now=NEXT)
    found = line(town)
    assert (found.debited.count, found.unexplained) == (1, 0)
    assert found.reasons == ["\N{MINUS SIGN}1 corretto dopo il foglio"]


def test_a_child_without_a_price_is_explained(town: Town) -> None:
    Price.objects.filter(pupil=town.tommaso).delete()
    sealing.seal_due(now=HOUR)
    night.run(now=EVENING)
    found = line(town)
    assert (found.pupils, found.debited.count, found.unexplained) == (2, 1, 0)
    assert found.reasons == ["\N{MINUS SIGN}1 senza prezzo"]


def test_an_exempt_child_is_a_meal_like_any_other(town: Town) -> None:
    entitlements.exempt(
        pupil=town.luca, kind="disability", act="verbale", from_day=FIRST, by=town.enzo, now=SUMMER
    )
    sealing.seal_due(now=HOUR)
    night.run(now=EVENING)
    assert (line(town).debited.count, line(town).debited.exempt, line(town).reasons) == (2, 1, [])


def test_staff_eat_and_are_nobodys_debit(town: Town) -> None:
    ExtraMeal.objects.create(
        day=TUESDAY, school=town.primaria, kind="staff", count=2, declared_by=town.dora, declared_at=SUMMER
    )
    sealing.seal_due(now=HOUR)
    deliver(town, 4)
    night.run(now=EVENING)
    found = line(town)
    assert (found.ordered, found.pupils, found.delivery_gap, found.debit_gap) == (4, 2, 0, 0)


def test_portions_that_did_not_arrive_are_red(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    deliver(town, 1)
    assert (line(town).delivery_gap, line(town).alarm) == (-1, True)
    deliver(town, 3)
    assert (line(town).delivery_gap, line(town).alarm) == (1, False)


def test_a_difference_that_no_fact_explains_is_red(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    night.run(now=EVENING)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM attendance_meal WHERE pupil_id = %s", [town.luca.pk])
    found = line(town)
    assert (found.unexplained, found.alarm) == (-1, True)
    assert "\N{MINUS SIGN}1 da spiegare" in found.reasons


def test_the_page_and_the_csv_say_the_same(town: Town, client_of: Callable[[User], Client]) -> None:
    sealing.seal_due(now=HOUR)
    deliver(town, 1)
    night.run(now=EVENING)
    client = client_of(town.gino)
    page = client.get("/ufficio/riscontro/").content.decode()
    assert "8,40" in page
    assert page.count("<rect") == 2 + 3  # ordered and debited, what was delivered is incomplete; the legend
    table = client.get(f"/ufficio/riscontro.csv?plesso={town.primaria.pk}").content.decode().splitlines()
    assert table[1] == "24/11/2026;Scuola primaria Ulivo (demo);2;0;2;1;-1;2;0;0;;;8,40"


def test_the_queries_are_a_handful_and_one_a_day(town: Town) -> None:
    sealing.seal_due(now=HOUR)
    sealing.seal_due(now=NEXT)
    with CaptureQueriesContext(connection) as one:
        three_way.of(days=[TUESDAY], schools=list(School.objects.all()))
    with CaptureQueriesContext(connection) as two:
        three_way.of(days=[TUESDAY, NEXT.date()], schools=list(School.objects.all()))
    assert len(two) == len(one) + 1
    assert len(one) <= 22


def test_bars_stand_on_the_floor_and_are_as_tall_as_their_number() -> None:
    drawn = bars.draw([("24 nov", [10, None, 5]), ("25 nov", [0, 8, 8])])
    assert [bar.value for bar in drawn.bars] == [10, 5, 0, 8, 8]
    assert all(bar.y + bar.height == drawn.bottom for bar in drawn.bars)
    assert drawn.bars[0].height == 2 * drawn.bars[1].height
    assert drawn.levels[-1].label == "10"
    assert bars.draw([("24 nov", [None])]).bars == ()
