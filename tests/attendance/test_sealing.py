"""The kitchen's sheet sealed at its hour, and what changes after it."""

import datetime as dt
import json
from collections.abc import Callable

import pytest

from attendance import closures, corrections, registers, sealing
from attendance.models import ExtraMeal, KitchenRules, KitchenSheet, LightMeal, SchoolPhase
from attendance.rules import portions
from attendance.rules.portions import Portion, Serve
from enrolments import enrolling, entitlements
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
EARLY, HOUR, LATER = at("2026-11-24 09:44"), at("2026-11-24 09:45"), at("2026-11-24 10:20")


def sheets(town: Town) -> list[KitchenSheet]:
    return list(KitchenSheet.objects.filter(school=town.primaria).order_by("sequence"))


def asked(town: Town) -> dict[tuple[str, str], int]:
    """(serve, diet) -> portions ordered so far for the primaria."""
    found = sealing.ordered(sheets(town))
    return {(key.serve.value, key.diet): number for key, number in found.items()}


def send_home(town: Town, now: dt.datetime = LATER) -> None:
    corrections.correct(
        pupil=town.luca, day=TUESDAY, absent=True, reason="uscito prima", by=town.enzo, now=now
    )


def test_nothing_is_sealed_before_the_hour_of_the_rules(canteen: Town) -> None:
    assert sealing.seal_due(now=EARLY) == []
    assert len(sealing.seal_due(now=HOUR)) == 2


def test_each_school_gets_its_numbered_sheet_once(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    assert sealing.seal_due(now=HOUR + dt.timedelta(minutes=1)) == []
    numbers = KitchenSheet.objects.order_by("number").values_list("number", "school__code", "sequence")
    assert list(numbers) == [(1, "BADEMO01", 0), (2, "BADEMO02", 0)]
    assert sheets(canteen)[0].label == "2/2026-27"


def test_a_sheet_says_portions_per_class_and_diet_and_nothing_about_anybody(canteen: Town) -> None:
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-03", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    sealing.seal_due(now=HOUR)
    (sheet,) = sheets(canteen)
    third = canteen.classes["primaria 3A"].pk
    assert sheet.facts["portions"] == [[third, "table", "", 1], [third, "table", "D-03", 1]]
    for secret in ("Luca", "Bianchi", "celiachia", "3.40", canteen.luca.code, canteen.luca.fiscal_code):
        assert secret not in sheet.content


def test_an_unconfirmed_class_is_sealed_and_said(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    assert [one["roll_call"] for one in sheets(canteen)[0].facts["classes"]] == [False]


def test_where_the_parents_alone_decide_no_roll_call_is_waited_for(canteen: Town) -> None:
    SchoolPhase.objects.create(school=canteen.primaria, phase="C", valid_from=FIRST)
    sealing.seal_due(now=HOUR)
    assert [one["roll_call"] for one in sheets(canteen)[0].facts["classes"]] == [None]


def test_a_late_word_becomes_one_numbered_variation(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    send_home(canteen)
    sealing.seal_due(now=LATER)
    sealing.seal_due(now=LATER + dt.timedelta(minutes=1))
    sheet, variation = sheets(canteen)
    third = canteen.classes["primaria 3A"].pk
    assert (variation.number, variation.sequence, variation.base) == (3, 1, sheet)
    assert variation.facts["portions"] == [[third, "table", "", -1]]
    assert asked(canteen) == {("table", ""): 1}


def test_a_late_roll_call_becomes_a_variation(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[canteen.tommaso.pk],
        by=canteen.dora,
        now=at("2026-11-24 09:50"),
    )
    sealing.seal_due(now=at("2026-11-24 09:51"))
    assert asked(canteen) == {("table", ""): 1}


def test_what_comes_back_is_a_variation_of_its_own(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    send_home(canteen)
    sealing.seal_due(now=LATER)
    corrections.correct(
        pupil=canteen.luca, day=TUESDAY, absent=False, reason="tornato", by=canteen.enzo, now=LATER
    )
    sealing.seal_due(now=LATER)
    assert [row.facts["portions"][0][3] for row in sheets(canteen)[1:]] == [-1, 1]
    assert asked(canteen) == {("table", ""): 2}


def test_a_closure_after_the_sheet_is_a_variation_to_zero(canteen: Town) -> None:
    ExtraMeal.objects.create(
        day=TUESDAY,
        school=canteen.primaria,
        kind="staff",
        count=2,
        declared_by=canteen.dora,
        declared_at=EARLY,
    )
    sealing.seal_due(now=HOUR)
    closures.declare(
        first_day=TUESDAY,
        last_day=TUESDAY,
        school=canteen.primaria,
        reason="heating",
        act="guasto",
        by=canteen.enzo,
        now=LATER,
    )
    sealing.seal_due(now=LATER)
    assert asked(canteen) == {}
    assert sheets(canteen)[1].facts["total"] == 0
    assert "guasto" in sheets(canteen)[1].content


def test_an_assembly_or_a_trip_declared_in_the_morning_moves_the_portions(canteen: Town) -> None:
    """Edge cases 15 and 16: the class leaves with packed lunches, diets included."""
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-03", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    sealing.seal_due(now=HOUR)
    closures.declare(
        first_day=TUESDAY,
        last_day=TUESDAY,
        class_group=canteen.classes["primaria 3A"],
        reason="trip",
        meal="packed",
        by=canteen.enzo,
        now=LATER,
    )
    sealing.seal_due(now=LATER)
    assert asked(canteen) == {("packed", ""): 1, ("packed", "D-03"): 1}


def test_a_late_entry_with_a_meal_comes_back_to_the_table(canteen: Town) -> None:
    """Edge case 20: the roll-call's "absent" must not cancel the meal of who arrives later."""
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[canteen.luca.pk],
        by=canteen.dora,
        now=at("2026-11-24 09:00"),
    )
    sealing.seal_due(now=HOUR)
    assert asked(canteen) == {("table", ""): 1}
    corrections.correct(
        pupil=canteen.luca,
        day=TUESDAY,
        absent=False,
        reason="entrato alle 10 con pasto",
        by=canteen.enzo,
        now=LATER,
    )
    sealing.seal_due(now=LATER)
    assert asked(canteen) == {("table", ""): 2}


def test_a_light_meal_joins_the_code_of_the_diet_and_vanishes_with_the_day(canteen: Town) -> None:
    """Edge case 25: a light meal and a diet on one plate; on a cancelled day there is no plate."""
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-03", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    for pupil in (canteen.luca, canteen.tommaso):
        LightMeal.objects.create(day=TUESDAY, pupil=pupil, asked_by=canteen.enzo, asked_at=SUMMER)
    sealing.seal_due(now=HOUR)
    assert asked(canteen) == {("table", "D-03 bianco"): 1, ("table", "bianco"): 1}
    send_home(canteen)
    sealing.seal_due(now=LATER)
    assert asked(canteen) == {("table", "bianco"): 1}


def test_a_diet_that_changes_in_the_morning_is_a_variation(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-07", from_day=TUESDAY, reason="", by=canteen.enzo, now=LATER
    )
    sealing.seal_due(now=LATER)
    assert asked(canteen) == {("table", ""): 1, ("table", "D-07"): 1}


def test_a_child_that_changes_school_leaves_one_sheet_and_enters_the_other(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    enrolling.change_class(
        pupil=canteen.tommaso,
        class_group=canteen.classes["infanzia 1A"],
        from_day=TUESDAY,
        by=canteen.enzo,
        now=LATER,
    )
    added = sealing.seal_due(now=LATER)
    assert {row.school.code: row.facts["portions"][0][3] for row in added} == {"BADEMO01": 1, "BADEMO02": -1}


def test_staff_and_children_not_enrolled_are_counted_apart(canteen: Town) -> None:
    for kind, number in (("staff", 2), ("unenrolled", 1)):
        ExtraMeal.objects.create(
            day=TUESDAY,
            school=canteen.primaria,
            class_group=canteen.classes["primaria 3A"],
            kind=kind,
            count=number,
            note="già avvisata la famiglia",
            declared_by=canteen.dora,
            declared_at=EARLY,
        )
    sealing.seal_due(now=HOUR)
    assert asked(canteen) == {("table", ""): 2, ("staff", ""): 2, ("unenrolled", ""): 1}
    assert portions.of_pupils(sealing.ordered(sheets(canteen))) == 2
    assert "avvisata" not in sheets(canteen)[0].content


def test_after_lunch_nothing_varies_any_more(canteen: Town) -> None:
    KitchenRules.objects.create(act="contratto", valid_from=FIRST, variations_until=dt.time(12, 30))
    sealing.seal_due(now=HOUR)
    send_home(canteen, at("2026-11-24 12:29"))
    assert sealing.seal_due(now=at("2026-11-24 12:30")) == []
    assert len(sealing.seal_due(now=at("2026-11-24 12:29"))) == 1


def test_a_sheet_missed_at_its_hour_is_sealed_when_the_worker_is_back(canteen: Town) -> None:
    assert len(sealing.seal_due(now=at("2026-11-24 15:10"))) == 2


def test_a_day_without_canteen_has_no_sheet(canteen: Town) -> None:
    assert sealing.seal_due(now=at("2026-11-28 10:00")) == []
    assert sealing.seal_due(now=at("2026-12-08 10:00")) == []
    assert sealing.seal_due(now=at("2026-09-15 10:00")) == []


def test_the_chain_is_what_the_rule_says(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    send_home(canteen)
    sealing.seal_due(now=LATER)
    previous = ""
    for row in KitchenSheet.objects.order_by("number"):
        assert row.previous == previous
        assert row.digest == portions.fingerprint(previous, row.number, row.content)
        assert row.content == portions.canonical(json.loads(row.content))
        previous = row.digest


def test_the_text_that_is_hashed_does_not_depend_on_the_order_of_counting() -> None:
    one, two = Portion(1, Serve.TABLE, ""), Portion(2, Serve.PACKED, "D-03")
    first = portions.Portions({one: 3, two: 1})
    second = portions.Portions({two: 1, one: 3})
    assert portions.canonical({"p": portions.written(first)}) == portions.canonical(
        {"p": portions.written(second)}
    )
    assert portions.read(portions.written(first)) == first


def test_the_queries_do_not_depend_on_how_many_schools(
    canteen: Town, django_assert_max_num_queries: Callable[..., object]
) -> None:
    sealing.seal_due(now=HOUR)
    with django_assert_max_num_queries(16):
        sealing.seal_due(now=LATER)
