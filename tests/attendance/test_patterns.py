""" "Every Wednesday until ...": said once, it marks the days that are there and those that come, and gives way to a word of the day."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from attendance import absences, closures, patterns, tasks
from attendance.errors import AlreadySaid, NoServiceDay
from attendance.models import Absence, AbsencePattern, AbsenceReceipt, CanteenPeriod, ClassWeekdays, Closure
from enrolments.models import Enrolment
from identity.models import User
from mensa import clock
from tests.attendance.test_pages import text
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NOW = at("2026-11-24 08:30")  # a Tuesday
WEDNESDAY = 2
FIRST, LAST = dt.date(2026, 11, 24), dt.date(2026, 12, 23)
WEDNESDAYS = [dt.date(2026, 11, 25), *(dt.date(2026, 12, day) for day in (2, 9, 16, 23))]


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(NOW)


def every_wednesday(town: Town, **changes: object) -> AbsencePattern:
    asked = {
        "pupil": town.luca,
        "weekday": WEDNESDAY,
        "first": FIRST,
        "last": LAST,
        "by": town.anna,
        "now": NOW,
    }
    return patterns.say(**{**asked, **changes})[0]  # type: ignore[arg-type]


def absent_days(town: Town) -> list[dt.date]:
    rows = Absence.objects.filter(pupil=town.luca, source=Absence.Source.PARENT, absent=True)
    return list(rows.order_by("day").values_list("day", flat=True))


def close(town: Town, day: dt.date) -> Closure:
    return Closure.objects.create(
        school=town.primaria,
        first_day=day,
        last_day=day,
        reason="heating",
        declared_by=town.enzo,
        declared_at=NOW,
    )


def test_a_weekday_said_once_marks_its_service_days_with_a_receipt_each(canteen: Town) -> None:
    pattern = every_wednesday(canteen)
    assert str(pattern) == "ogni mercoledì fino al 23/12/2026"
    assert absent_days(canteen) == WEDNESDAYS
    assert AbsenceReceipt.objects.filter(pattern=pattern).count() == 5


def test_a_day_that_becomes_a_service_day_later_is_marked_too(canteen: Town) -> None:
    closure = close(canteen, WEDNESDAYS[1])
    every_wednesday(canteen)
    assert WEDNESDAYS[1] not in absent_days(canteen)
    assert patterns.catch_up(now=at("2026-11-24 10:00")) == []
    closures.revoke(closure=closure, by=canteen.enzo, now=at("2026-11-25 12:00"))
    done = patterns.catch_up(now=at("2026-11-25 12:05"))
    assert [marked.changed for marked in done] == [(WEDNESDAYS[1],)]
    assert absent_days(canteen) == WEDNESDAYS
    assert patterns.catch_up(now=at("2026-11-25 12:10")) == []


def test_a_day_reopened_after_the_cutoff_counts_from_when_the_pattern_was_said(canteen: Town) -> None:
    closure = close(canteen, WEDNESDAYS[0])
    every_wednesday(canteen)
    closures.revoke(closure=closure, by=canteen.enzo, now=at("2026-11-25 09:10"))
    patterns.catch_up(now=at("2026-11-25 09:20"))
    row = Absence.objects.get(pupil=canteen.luca, day=WEDNESDAYS[0])
    assert (row.absent, row.in_time, row.marked_at) == (True, True, at("2026-11-25 09:20"))


def test_new_dates_of_the_canteen_are_reached_as_they_come_near(canteen: Town) -> None:
    CanteenPeriod.objects.filter(school=canteen.primaria).update(valid_to=dt.date(2026, 12, 4))
    every_wednesday(canteen)
    assert absent_days(canteen) == WEDNESDAYS[:2]
    CanteenPeriod.objects.filter(school=canteen.primaria).update(valid_to=dt.date(2027, 6, 9))
    patterns.catch_up(now=at("2026-11-26 08:00"))
    assert absent_days(canteen) == WEDNESDAYS[:4]
    patterns.catch_up(now=at("2026-12-03 08:00"))
    assert absent_days(canteen) == WEDNESDAYS


def test_a_parent_who_speaks_of_one_day_has_the_last_word(canteen: Town) -> None:
    every_wednesday(canteen)
    absences.withdraw(pupil=canteen.luca, days=[WEDNESDAYS[1]], by=canteen.bruno, now=at("2026-11-25 08:00"))
    assert patterns.catch_up(now=at("2026-11-25 08:10")) == []
    assert WEDNESDAYS[1] not in absent_days(canteen)


def test_ending_it_takes_back_the_days_still_open_that_only_it_had_marked(canteen: Town) -> None:
    pattern = every_wednesday(canteen)
    absences.withdraw(pupil=canteen.luca, days=[WEDNESDAYS[3]], by=canteen.bruno, now=at("2026-11-25 08:00"))
    absences.mark(pupil=canteen.luca, days=[WEDNESDAYS[3]], by=canteen.bruno, now=at("2026-11-25 08:05"))
    done = patterns.end(pattern=pattern, by=canteen.bruno, now=at("2026-12-02 10:00"))
    assert done is not None
    assert done.changed == (WEDNESDAYS[2], WEDNESDAYS[4])
    assert absent_days(canteen) == [WEDNESDAYS[0], WEDNESDAYS[1], WEDNESDAYS[3]]
    assert patterns.end(pattern=pattern, by=canteen.anna, now=at("2026-12-02 10:01")) is None
    assert patterns.catch_up(now=at("2026-12-03 08:00")) == []


def test_the_same_weekday_is_not_said_twice(canteen: Town) -> None:
    every_wednesday(canteen)
    with pytest.raises(AlreadySaid, match="già un'assenza ricorrente di mercoledì"):
        every_wednesday(canteen, by=canteen.bruno)
    assert AbsencePattern.objects.count() == 1
    every_wednesday(canteen, weekday=4)


def test_the_table_refuses_a_second_living_pattern_and_one_without_end(canteen: Town) -> None:
    facts = {
        "pupil": canteen.luca,
        "weekday": 2,
        "valid_from": FIRST,
        "said_by": canteen.anna,
        "said_at": NOW,
    }
    AbsencePattern.objects.create(valid_to=LAST, **facts)
    for name, wrong in (
        ("one_pattern_per_weekday", {"valid_to": LAST}),
        ("pattern_has_a_last_day", {"valid_to": None, "weekday": 3}),
        ("pattern_is_of_a_school_day", {"valid_to": LAST, "weekday": 6}),
        ("pattern_is_ended_by_somebody", {"valid_to": LAST, "weekday": 4, "ended_at": NOW}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            AbsencePattern.objects.create(**{**facts, **wrong})


def test_a_range_without_that_weekday_or_without_canteen_is_refused_whole(canteen: Town) -> None:
    with pytest.raises(NoServiceDay, match="non c'è nessun mercoledì"):
        every_wednesday(canteen, last=FIRST)
    CanteenPeriod.objects.all().delete()
    with pytest.raises(NoServiceDay, match="non c'è mensa"):
        every_wednesday(canteen)
    assert not AbsencePattern.objects.exists()


def test_the_sweep_costs_three_queries_when_nothing_is_new(
    canteen: Town, django_assert_max_num_queries: Callable[..., object]
) -> None:
    every_wednesday(canteen)
    with django_assert_max_num_queries(3):  # type: ignore[attr-defined]
        tasks.catch_up_patterns()


def test_a_parent_says_it_and_ends_it_on_the_page_without_script(canteen: Town, client_of: Browser) -> None:
    anna = client_of(canteen.anna)
    asked = {"weekday": "2", "until": "2026-12-23"}
    page = anna.post(reverse("attendance:pattern", args=[canteen.luca.code]), asked, follow=True)
    assert "Segnato: ogni mercoledì fino al 23/12/2026. Assenza segnata per 5 giorni" in text(page)
    pattern = AbsencePattern.objects.get()
    url = reverse("attendance:pattern_end", args=[canteen.luca.code, pattern.pk])
    assert client_of(canteen.carla).post(url).status_code == 404
    page = anna.post(url, follow=True)
    assert "Finita: ogni mercoledì fino al 23/12/2026. Assenza annullata per 5 giorni" in text(page)
    assert absent_days(canteen) == []


def test_a_wrong_date_is_explained_beside_the_form(canteen: Town, client_of: Browser) -> None:
    url = reverse("attendance:pattern", args=[canteen.luca.code])
    page = client_of(canteen.anna).post(url, {"weekday": "2", "until": "mai"})
    assert page.status_code == 422
    assert "«Fino al giorno» non è una data" in page.content.decode()


def test_only_the_weekdays_on_which_the_class_eats_are_offered(canteen: Town, client_of: Browser) -> None:
    days = {"monday": False, "wednesday": False, "friday": False}
    group = canteen.classes["primaria 3A"]
    rows = ClassWeekdays.objects
    rows.create(class_group=group, valid_from=dt.date(2026, 9, 1), valid_to=dt.date(2026, 10, 31))
    rows.create(class_group=group, valid_from=dt.date(2026, 11, 1), **days)
    anna = client_of(canteen.anna)
    page = anna.get(reverse("attendance:absences", args=[canteen.luca.code])).content.decode()
    offered = re.findall(r'<option value="(\d)"', page)
    assert offered == ["1", "3"], "Tuesday and Thursday; what ended in October does not count"
    assert "La classe non mangia di lunedì, mercoledì, venerdì." in page
    asked = {"weekday": "2", "until": "2026-12-23"}
    refused = anna.post(reverse("attendance:pattern", args=[canteen.luca.code]), asked)
    assert refused.status_code == 422
    assert "la classe non mangia mai" in refused.content.decode()
    assert patterns.weekdays_of(canteen.sofia, FIRST) == [0, 1, 2, 3, 4], (
        "nobody has said anything: every day"
    )
    Enrolment.objects.filter(pupil=canteen.luca).update(valid_to=FIRST - dt.timedelta(days=1))
    gone = anna.get(reverse("attendance:absences", args=[canteen.luca.code])).content.decode()
    assert "Segna ogni settimana" not in gone
