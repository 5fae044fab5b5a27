"""The roll-call: a class in under a minute, safe to send twice."""

import datetime as dt

import pytest

from attendance import absences, registers
from attendance.errors import NoServiceDay, NotOfThisClass, Overtaken, TooLate
from attendance.models import Absence, ClassRegister
from attendance.registers import State
from enrolments.models import School
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
NINE = at("2026-11-24 09:00")


def confirm(town: Town, *absent: int, now: dt.datetime = NINE, seen: str | None = None) -> ClassRegister:
    return registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=list(absent),
        by=town.dora,
        now=now,
        seen=seen,
    )


def sheet(town: Town) -> registers.Sheet:
    return registers.read(class_group=town.classes["primaria 3A"], day=TUESDAY)


def test_everybody_is_present_and_the_parents_absences_are_ticked_already(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    lines = [(str(line.pupil), line.ticked, line.announced) for line in sheet(canteen).lines]
    assert lines == [("Bianchi Luca", True, True), ("Neri Tommaso", False, False)]


def test_the_same_list_again_changes_nothing(canteen: Town) -> None:
    first = confirm(canteen, canteen.luca.pk)
    again = confirm(canteen, canteen.luca.pk, now=at("2026-11-24 18:00"))
    assert (again.pk, again.confirmed_at) == (first.pk, NINE)
    assert Absence.objects.count() == 1


def test_until_the_deadline_the_list_can_be_changed(canteen: Town) -> None:
    confirm(canteen, canteen.luca.pk)
    confirm(canteen, canteen.tommaso.pk, now=at("2026-11-24 09:30:59"))
    assert [line.ticked for line in sheet(canteen).lines] == [False, True]
    with pytest.raises(TooLate, match="09:30"):
        confirm(canteen, now=at("2026-11-24 09:31"))


def test_a_missing_roll_call_is_taken_late_but_not_after_the_debit(canteen: Town) -> None:
    with pytest.raises(TooLate, match="già stata addebitata"):
        confirm(canteen, canteen.luca.pk, now=at("2026-11-24 20:00"))
    assert ClassRegister.objects.count() == 0
    assert confirm(canteen, canteen.luca.pk, now=at("2026-11-24 11:00")).pk


def test_an_old_form_does_not_undo_a_newer_list(canteen: Town) -> None:
    old = registers.stamp(sheet(canteen).register)
    confirm(canteen, canteen.luca.pk, seen=old)
    with pytest.raises(Overtaken):
        confirm(canteen, now=at("2026-11-24 09:05"), seen=old)
    assert [line.ticked for line in sheet(canteen).lines] == [True, False]


def test_a_pupil_of_another_class_is_refused(canteen: Town) -> None:
    with pytest.raises(NotOfThisClass):
        confirm(canteen, canteen.sofia.pk)
    assert not Absence.objects.exists()


def test_only_today_and_only_where_there_is_a_meal(canteen: Town) -> None:
    group = canteen.classes["primaria 3A"]
    with pytest.raises(TooLate, match="giorno stesso"):
        registers.confirm(
            class_group=group,
            day=TUESDAY,
            absent_pupils=[],
            by=canteen.dora,
            now=at("2026-11-23 09:00"),
        )
    with pytest.raises(NoServiceDay, match="sabato e domenica"):
        registers.confirm(
            class_group=group,
            day=dt.date(2026, 11, 28),
            absent_pupils=[],
            by=canteen.dora,
            now=at("2026-11-28 09:00"),
        )


def test_the_list_of_classes_says_what_is_left_to_do(canteen: Town) -> None:
    def states(now: dt.datetime) -> dict[str, str]:
        rows = registers.today(schools=School.objects.filter(pk=canteen.primaria.pk), day=TUESDAY, now=now)
        return {row.class_group.label: row.state for row in rows if row.enrolled}

    assert states(NINE) == {"3A": State.TO_DO}
    assert states(at("2026-11-24 09:31")) == {"3A": State.OVERDUE}
    confirm(canteen, canteen.luca.pk)
    assert states(at("2026-11-24 09:31")) == {"3A": State.CONFIRMED}
