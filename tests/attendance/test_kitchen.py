"""Counts for the kitchen: per school, class and diet code; nothing about anybody."""

import datetime as dt
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import absences, kitchen, registers
from attendance.models import Closure, SchoolPhase
from enrolments import entitlements
from enrolments.models import School
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
TEN = at("2026-11-24 10:00")


def sheet(town: Town, day: dt.date = TUESDAY, now: dt.datetime = TEN) -> kitchen.Sheet:
    return kitchen.sheet(day=day, schools=School.objects.all(), now=now)


def counts(found: kitchen.Sheet) -> dict[str, Counter[str]]:
    return {
        f"{school.school.level} {line.class_group.label}": line.counts
        for school in found.schools
        for line in school.lines
        if line.counts
    }


def test_meals_are_counted_by_class_and_diet(canteen: Town) -> None:
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-GLU", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    found = sheet(canteen)
    assert counts(found) == {"infanzia 2A": {"": 1}, "primaria 3A": {"": 1, "D-GLU": 1}}
    assert (found.total, found.diets) == (3, ["D-GLU"])


def test_an_absent_child_is_not_cooked_for(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    assert sheet(canteen).total == 2


def test_a_class_without_roll_call_is_marked_unless_parents_alone_count(canteen: Town) -> None:
    unconfirmed = sheet(canteen).unconfirmed
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=canteen.dora,
        now=at("2026-11-24 09:10"),
    )
    assert sheet(canteen).unconfirmed == unconfirmed - 1
    SchoolPhase.objects.create(school=canteen.infanzia, phase="C", valid_from=FIRST)
    assert sheet(canteen).unconfirmed == unconfirmed - 2


def test_tomorrow_is_a_forecast(canteen: Town) -> None:
    found = sheet(canteen, day=dt.date(2026, 11, 25))
    assert (found.forecast, found.total) == (True, 3)


def test_a_trip_with_packed_lunch_is_counted(canteen: Town) -> None:
    Closure.objects.create(
        class_group=canteen.classes["primaria 3A"],
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason=Closure.Reason.TRIP,
        meal=Closure.Meal.PACKED,
        declared_at=TEN,
        declared_by=canteen.enzo,
    )
    lines = [line for school in sheet(canteen).schools for line in school.lines if line.service.packed]
    assert [(line.class_group.label, line.total) for line in lines] == [("3A", 2)]


def test_the_queries_do_not_depend_on_how_many_classes(canteen: Town) -> None:
    with CaptureQueriesContext(connection) as few:
        kitchen.sheet(day=TUESDAY, schools=[canteen.infanzia], now=TEN)
    with CaptureQueriesContext(connection) as many:
        kitchen.sheet(day=TUESDAY, schools=[canteen.infanzia, canteen.primaria], now=TEN)
    assert len(few) == len(many) <= 14


def test_each_day_more_costs_one_query(canteen: Town) -> None:
    days = [TUESDAY + dt.timedelta(days=number) for number in range(3)]
    with CaptureQueriesContext(connection) as one:
        kitchen.count(days=days[:1], schools=School.objects.all())
    with CaptureQueriesContext(connection) as three:
        found = kitchen.count(days=days, schools=School.objects.all())
    assert len(three) == len(one) + 2
    assert [sum(school.total for school in found[day]) for day in days] == [3, 3, 3]
