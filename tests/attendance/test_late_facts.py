"""Every table that a decision reads leaves a late fact when it changes: one line each, so that none is forgotten."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from attendance import deciding, night
from attendance.models import (
    Absence,
    CanteenPeriod,
    ClassRegister,
    ClassWeekdays,
    Closure,
    LateFact,
    PatronDay,
    SchoolPhase,
    ServiceDay,
    Suspension,
)
from enrolments.models import ClassGroup, Custody, Enrolment, Guardian, Household, Price, School, SchoolYear
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at
from wallets import ledger

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 08:00")
EVERYBODY = None


@pytest.fixture
def decided(canteen: Town) -> Town:
    ServiceDay.objects.bulk_create([ServiceDay(day=TUESDAY + dt.timedelta(days=n)) for n in (0, 1)])
    LateFact.objects.all().delete()
    return canteen


def _word(town: Town, day: dt.date = TUESDAY) -> Absence:
    return Absence.objects.create(
        day=day, pupil=town.luca, source="office", marked_by=town.enzo, marked_at=NOW
    )


def _closure(town: Town) -> Closure:
    return Closure.objects.create(
        first_day=TUESDAY, last_day=TUESDAY, reason="strike", declared_at=NOW, declared_by=town.enzo
    )


CHANGES: dict[str, tuple[Callable[[Town], Any], str]] = {
    "a word on the child": (_word, "Luca"),
    "a roll-call": (
        lambda town: ClassRegister.objects.create(
            class_group=town.classes["primaria 3A"], day=TUESDAY, confirmed_at=NOW, confirmed_by=town.dora
        ),
        "everybody",
    ),
    "a closure": (_closure, "everybody"),
    "new canteen dates": (
        lambda town: CanteenPeriod.objects.filter(school=town.primaria).update(valid_to=TUESDAY),
        "everybody",
    ),
    "new weekdays of a class": (
        lambda town: ClassWeekdays.objects.create(
            class_group=town.classes["primaria 3A"], valid_from=TUESDAY, tuesday=False
        ),
        "everybody",
    ),
    "a new phase": (
        lambda town: SchoolPhase.objects.create(school=town.primaria, phase="C", valid_from=TUESDAY),
        "everybody",
    ),
    "another patron": (lambda town: PatronDay.objects.update(month=11, weekday=1, nth=4), "everybody"),
    "a suspension": (
        lambda town: Suspension.objects.create(
            pupil=town.luca, act="det. 1", decided_by=town.enzo, valid_from=TUESDAY
        ),
        "Luca",
    ),
    "an enrolment": (
        lambda town: Enrolment.objects.filter(pupil=town.luca).update(valid_to=dt.date(2026, 11, 1)),
        "Luca",
    ),
    "who pays": (lambda town: Custody.objects.filter(pupil=town.luca).update(tuesday=False), "Luca"),
    "a price": (lambda town: Price.objects.filter(pupil=town.luca).update(amount=Decimal("1.00")), "Luca"),
    "a price taken away": (lambda town: Price.objects.filter(pupil=town.luca).delete(), "Luca"),
    "the school of a class": (
        lambda town: ClassGroup.objects.filter(pk=town.classes["primaria 3A"].pk).update(
            school=town.infanzia, section="Z"
        ),
        "everybody",
    ),
    "the town of a school": (lambda town: School.objects.update(city="Bari"), "everybody"),
    "the dates of the year": (
        lambda town: SchoolYear.objects.update(valid_to=dt.date(2027, 8, 30)),
        "everybody",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_a_decision_reads_is_noted(decided: Town, what: str) -> None:
    change, whom = CHANGES[what]
    change(decided)
    expected = decided.luca.pk if whom == "Luca" else EVERYBODY
    assert set(LateFact.objects.filter(day=TUESDAY).values_list("pupil_id", flat=True)) == {expected}


def test_every_table_of_the_decision_has_its_triggers(decided: Town) -> None:
    """Read from the decision's own SQL: a table added to it and not watched fails here."""
    sql = deciding.of_day(TUESDAY).sql
    read = {word for word in sql.split() if word.startswith(("enrolments_", "attendance_", "wallets_"))}
    calendar = {
        "attendance_canteenperiod",
        "attendance_classweekdays",
        "attendance_closure",
        "attendance_patronday",
        "attendance_schoolphase",
        "enrolments_classgroup",
        "enrolments_school",
        "enrolments_schoolyear",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'late_facts%%'"
        )
        watched = {table for (table,) in cursor.fetchall()}
    assert read | calendar == watched


def test_a_new_wallet_is_noted_for_its_children(decided: Town) -> None:
    applicant = Guardian.objects.create(
        fiscal_code="XXXYYY80A01Z998X", first_name="Ivo", last_name="Poveri", sort_key="poveri ivo"
    )
    poor = Household.objects.create(code="SENZABOR", applicant=applicant)
    Custody.objects.filter(pupil=decided.tommaso).update(household=poor)
    LateFact.objects.all().delete()
    ledger.open_wallets(households=[poor], now=NOW)
    assert set(LateFact.objects.values_list("pupil_id", flat=True)) == {decided.tommaso.pk}


def test_what_changes_nothing_notes_nothing(decided: Town) -> None:
    closure = _closure(decided)
    LateFact.objects.all().delete()
    closure.save()
    School.objects.update(address="via Roma 1")
    Custody.objects.filter(pupil=decided.luca).update(tuesday=True)
    assert not LateFact.objects.exists()


def test_a_revoked_closure_is_noted(decided: Town) -> None:
    closure = _closure(decided)
    LateFact.objects.all().delete()
    Closure.objects.filter(pk=closure.pk).update(revoked_at=NOW)
    assert LateFact.objects.get().day == TUESDAY


def test_days_that_nobody_has_decided_yet_are_not_noted(decided: Town) -> None:
    _word(decided, day=TUESDAY + dt.timedelta(days=9))
    assert not LateFact.objects.exists()


def test_a_change_of_many_children_weighs_the_whole_day_again(decided: Town) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO enrolments_pupil (code, fiscal_code, first_name, last_name, birth_date, sort_key)
            SELECT 'Q' || n, 'Q' || n, 'a', 'b', '2018-01-01', '' FROM generate_series(1, 501) n"""
        )
        cursor.execute(
            """INSERT INTO attendance_absence (day, pupil_id, source, absent, in_time, note, marked_by_id, marked_at)
            SELECT %s, id, 'parent', true, true, '', %s, now() FROM enrolments_pupil WHERE code LIKE 'Q%%'""",
            [TUESDAY, decided.enzo.pk],
        )
    assert list(LateFact.objects.values_list("pupil_id", flat=True)) == [EVERYBODY]


def test_a_day_can_be_weighed_again_by_hand(decided: Town) -> None:
    night.mark_dirty([TUESDAY], source="verifica dell'ufficio")
    assert night.due_days(NOW) == [TUESDAY]
