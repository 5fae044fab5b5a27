"""Next year's calendar, drafted from this year's and confirmed by the office."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from attendance import closures, year_draft
from attendance.errors import NotDeclared
from attendance.models import CanteenPeriod, ClassWeekdays, Closure
from attendance.year_draft import Chosen
from enrolments import years
from enrolments.models import ClassGroup, SchoolYear
from identity.models import User
from mensa import clock
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NOW = at("2027-05-10 09:00")


@pytest.fixture
def last_year(canteen: Town) -> Town:
    """Christmas, Easter and an ordinance; the third class eats on Tuesdays and Thursdays."""
    clock.move_to(NOW)
    for first, last, reason, act in (
        (dt.date(2026, 12, 23), dt.date(2027, 1, 6), "calendar", "D.G.R. 1: vacanze di Natale"),
        (dt.date(2027, 3, 25), dt.date(2027, 3, 30), "calendar", "D.G.R. 1: vacanze di Pasqua"),
        (dt.date(2027, 2, 9), dt.date(2027, 2, 9), "ordinance", "neve"),
    ):
        closures.declare(first_day=first, last_day=last, reason=reason, act=act, by=canteen.enzo, now=NOW)
    ClassWeekdays.objects.create(
        class_group=canteen.classes["primaria 3A"],
        valid_from=dt.date(2026, 9, 1),
        monday=False,
        wednesday=False,
        friday=False,
    )
    return canteen


def everything(draft: year_draft.Draft) -> list[Chosen]:
    return [Chosen(one.key, one.first, one.last) for one in draft.proposals if not one.known]


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_the_seasons_keep_their_weekday_and_the_holidays_fall_where_they_will(last_year: Town) -> None:
    draft = year_draft.propose(year=last_year.year)
    found = {one.title: (one.first, one.last) for one in draft.proposals}
    assert found["Mensa: Scuola primaria Ulivo (demo)"] == (dt.date(2027, 9, 30), dt.date(2028, 6, 7))
    assert found["vacanze di Natale"] == (dt.date(2027, 12, 23), dt.date(2028, 1, 6))
    assert found["vacanze di Pasqua"] == (dt.date(2028, 4, 13), dt.date(2028, 4, 18)), (
        "Easter is on 16 April 2028"
    )
    assert not [one for one in draft.proposals if "neve" in one.title], "an ordinance does not come back"
    assert (dt.date(2028, 3, 7), "Madonna di Costantinopoli") in draft.feasts
    assert (dt.date(2027, 12, 8), "Immacolata Concezione") in draft.feasts
    assert all(day.weekday() < 5 for day, _ in draft.feasts)


def test_nothing_is_written_until_it_is_confirmed(last_year: Town, client_of: Browser) -> None:
    page = client_of(last_year.enzo).get(reverse("attendance:calendar_draft"))
    assert "Calendario 2027/28" in text(page)
    assert SchoolYear.objects.count() == 1
    assert Closure.objects.count() == 3
    assert CanteenPeriod.objects.count() == 2


def test_confirming_twice_writes_once(last_year: Town) -> None:
    office: dict[str, Any] = {"year": last_year.year, "by": last_year.enzo, "now": NOW}
    written = year_draft.confirm(chosen=everything(year_draft.propose(year=last_year.year)), **office)
    assert written == 2 + 2 + 1
    draft = year_draft.propose(year=last_year.year)
    assert everything(draft) == []
    assert (draft.classes, draft.weekdays) == (0, 0)
    assert year_draft.confirm(chosen=[], **office) == 0
    assert Closure.objects.count() == 5
    assert CanteenPeriod.objects.count() == 4


def test_the_weekdays_go_up_with_the_pupils(last_year: Town) -> None:
    ClassWeekdays.objects.create(
        class_group=last_year.classes["primaria 1A"], valid_from=dt.date(2026, 9, 1), friday=False
    )
    year_draft.confirm(year=last_year.year, chosen=[], by=last_year.enzo, now=NOW)
    rows = ClassWeekdays.objects.filter(class_group__year__label="2027/28").order_by("class_group__grade")
    found = {row.class_group.label: (row.tuesday, row.wednesday, row.friday) for row in rows}
    assert found == {"1A": (True, True, False), "2A": (True, True, False), "4A": (True, False, False)}
    assert {row.valid_from for row in rows} == {dt.date(2027, 9, 1)}


def test_what_is_not_ticked_or_has_other_dates_is_as_the_office_said(
    last_year: Town, client_of: Browser
) -> None:
    draft = year_draft.propose(year=last_year.year)
    asked: dict[str, str] = {}
    for one in draft.proposals:
        asked |= {f"{one.key}-first": one.first.isoformat(), f"{one.key}-last": one.last.isoformat()}
        if "Pasqua" not in one.title:
            asked[f"{one.key}-take"] = "on"
        if "Natale" in one.title:
            asked[f"{one.key}-last"] = "2028-01-07"
    page = client_of(last_year.enzo).post(reverse("attendance:calendar_draft"), asked, follow=True)
    assert "Calendario dell'anno prossimo: 4 voci scritte." in text(page).replace("&#x27;", "'")
    new = Closure.objects.get(first_day__year=2027, first_day__month=12)
    assert (new.last_day, new.school, new.act) == (dt.date(2028, 1, 7), None, "vacanze di Natale")
    assert "vacanze di Pasqua" in text(page), "still to confirm"


def test_dates_outside_the_year_are_refused_and_nothing_is_written(
    last_year: Town, client_of: Browser
) -> None:
    draft = year_draft.propose(year=last_year.year)
    wrong = [Chosen(one.key, dt.date(2029, 1, 1), dt.date(2029, 1, 2)) for one in draft.proposals]
    with pytest.raises(NotDeclared, match="non stanno nell'anno 2027/28"):
        year_draft.confirm(year=last_year.year, chosen=wrong, by=last_year.enzo, now=NOW)
    assert not SchoolYear.objects.filter(label="2027/28").exists()
    key = draft.proposals[0].key
    page = client_of(last_year.enzo).post(
        reverse("attendance:calendar_draft"), {f"{key}-take": "on", f"{key}-first": "boh", f"{key}-last": ""}
    )
    assert page.status_code == 422


def test_the_change_of_year_finds_the_classes_that_the_draft_has_made(last_year: Town) -> None:
    year_draft.confirm(year=last_year.year, chosen=[], by=last_year.enzo, now=NOW)
    classes = ClassGroup.objects.filter(year__label="2027/28").count()
    years.close_year(year=last_year.year, by=last_year.enzo, now=at("2027-09-01 09:00"))
    assert ClassGroup.objects.filter(year__label="2027/28").count() == classes == 8
    assert SchoolYear.objects.get(label="2027/28").state == "open"
    assert last_year.luca.enrolments.order_by("-valid_from")[0].class_group.label == "4A"
