"""The calendar month by month: for the office, the school, the parent. A sign and a word for each day, never a colour alone."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from attendance import class_month, closures
from attendance.models import ClassWeekdays
from enrolments import enrolling
from enrolments.models import ClassGroup
from identity.models import User
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)
NOW = at("2026-11-24 08:40")


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(NOW)


def shut(town: Town, **changes: Any) -> None:
    asked: dict[str, Any] = {
        "first_day": dt.date(2026, 12, 23),
        "last_day": dt.date(2027, 1, 6),
        "reason": "calendar",
        "act": "vacanze di Natale",
        "by": town.enzo,
        "now": NOW,
        **changes,
    }
    closures.declare(**asked)


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def kinds(found: class_month.CalendarMonth) -> dict[int, str]:
    return {cell.day.day: cell.kind for week in found.month.weeks for cell in week if cell.in_month}


def test_a_month_of_a_class_says_of_each_day_whether_it_eats_and_why_not(canteen: Town) -> None:
    """Edge case 9: Tuesdays and Thursdays only; nothing on Monday."""
    group = canteen.classes["primaria 3A"]
    ClassWeekdays.objects.create(
        class_group=group, valid_from=FIRST, monday=False, wednesday=False, friday=False
    )
    shut(canteen)
    shut(
        canteen, first_day=dt.date(2026, 12, 10), last_day=dt.date(2026, 12, 10), meal="packed", reason="trip"
    )
    found = class_month.of_class(class_group=group, first=DECEMBER, today=TUESDAY)
    days = kinds(found)
    assert (days[1], days[7], days[8], days[10], days[24]) == (
        "open",
        "weekday",
        "holiday",
        "packed",
        "closure",
    )
    assert found.weekdays == "lunedì, mercoledì, venerdì"
    assert [(one.first.day, one.last.day, one.kind) for one in found.news] == [
        (8, 8, "holiday"),
        (10, 10, "packed"),
        (24, 31, "closure"),
        (25, 25, "holiday"),
    ]
    assert found.news[2].sentence == "Mensa chiusa: calendario scolastico (vacanze di Natale)."


def test_weekdays_that_change_on_the_first_of_february_show_so(canteen: Town) -> None:
    """Edge case 10."""
    group = canteen.classes["primaria 3A"]
    change = dt.date(2027, 2, 1)
    ClassWeekdays.objects.create(
        class_group=group, valid_from=FIRST, valid_to=change - dt.timedelta(days=1), friday=False
    )
    ClassWeekdays.objects.create(class_group=group, valid_from=change, monday=False)
    january = class_month.of_class(class_group=group, first=dt.date(2027, 1, 1), today=TUESDAY)
    february = class_month.of_class(class_group=group, first=change, today=TUESDAY)
    assert (kinds(january)[25], kinds(january)[29]) == ("open", "weekday")
    assert (kinds(february)[1], kinds(february)[5]) == ("weekday", "open")


def test_a_month_of_a_school_says_how_many_classes_eat(canteen: Town) -> None:
    shut(
        canteen,
        class_group=canteen.classes["primaria 3A"],
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason="strike",
        act="",
    )
    found = class_month.of_school(school=canteen.primaria, first=NOVEMBER, today=TUESDAY)
    (cell,) = [cell for week in found.month.weeks for cell in week if cell.day == TUESDAY]
    assert (cell.word, cell.sentence, cell.is_today) == ("4 classi su 5", "3A: Mensa chiusa: sciopero.", True)
    assert [one.first for one in found.news] == [TUESDAY]


def test_a_class_that_never_eats_on_that_day_does_not_blur_the_reason_of_the_others(canteen: Town) -> None:
    ClassWeekdays.objects.create(
        class_group=canteen.classes["primaria 1A"], valid_from=FIRST, wednesday=False
    )
    shut(canteen)
    shut(
        canteen,
        class_group=canteen.classes["primaria 3A"],
        first_day=dt.date(2026, 12, 10),
        last_day=dt.date(2026, 12, 10),
        meal="packed",
        reason="trip",
        act="",
    )
    found = class_month.of_school(school=canteen.primaria, first=DECEMBER, today=TUESDAY)
    assert kinds(found)[2] == "part"
    assert kinds(found)[10] == "packed"
    assert [(one.first.day, one.last.day, one.sentence) for one in found.news] == [
        (8, 8, "Festa nazionale: Immacolata Concezione."),
        (10, 10, "3A: Pranzo al sacco: uscita didattica."),
        (23, 31, "Mensa chiusa: calendario scolastico (vacanze di Natale)."),
        (25, 25, "Festa nazionale: Natale."),
    ]


def test_the_office_reads_every_school_and_every_class(canteen: Town, client_of: Browser) -> None:
    shut(canteen)
    enzo, url = client_of(canteen.enzo), reverse("attendance:office_calendar")
    page = enzo.get(f"{url}?vista=s{canteen.infanzia.pk}&mese=2026-12")
    assert "Scuola dell'infanzia Girasole (demo)" in page.content.decode().replace("&#x27;", "'")
    assert "Festa nazionale: Immacolata Concezione." in text(page)
    assert "Mercoledì 23 dicembre 2026 – giovedì 31 dicembre 2026" in text(page)
    assert "mese=2026-11" in page.content.decode()
    assert "mese=2027-01" in page.content.decode()
    group = canteen.classes["primaria 3A"]
    assert "3A, Scuola primaria Ulivo" in text(enzo.get(f"{url}?vista=c{group.pk}"))


def test_a_tap_on_a_day_opens_the_closure_with_that_day(canteen: Town, client_of: Browser) -> None:
    enzo = client_of(canteen.enzo)
    page = enzo.get(f"{reverse('attendance:office_calendar')}?mese=2026-12").content.decode()
    link = reverse("attendance:closure_new") + "?giorno=2026-12-03"
    assert f'href="{link}"' in page
    assert 'value="2026-12-03"' in enzo.get(link).content.decode()
    dora = client_of(canteen.dora)
    assert (
        'value="2026-12-03"'
        in dora.get(reverse("attendance:school_days") + "?giorno=2026-12-03").content.decode()
    )


def test_the_secretary_reads_only_the_own_schools(canteen: Town, client_of: Browser) -> None:
    dora, url = client_of(canteen.dora), reverse("attendance:school_calendar")
    assert "Girasole" not in dora.get(url).content.decode()
    assert dora.get(f"{url}?vista=s{canteen.infanzia.pk}").status_code == 404
    assert dora.get(f"{url}?vista=c{canteen.classes['infanzia 2A'].pk}").status_code == 404
    for wrong in ("", "x1", "s", "c99999999999", "s-1"):
        assert dora.get(f"{url}?vista={wrong}").status_code == (200 if not wrong else 404)
    for asked in ("2026-13", "niente", "1900-01", "2026-12-01"):
        assert "Novembre 2026" in text(dora.get(f"{url}?mese={asked}"))


def test_a_parent_reads_the_calendar_of_the_own_children(canteen: Town, client_of: Browser) -> None:
    shut(canteen)
    url = reverse("attendance:child_calendar", args=[canteen.luca.code])
    page = text(client_of(canteen.anna).get(f"{url}?mese=2026-12"))
    assert "Calendario di Luca" in page
    assert "Classe 3A, Scuola primaria Ulivo (demo)" in page
    assert "Sofia" in page, "the way to the other child"
    assert client_of(canteen.carla).get(url).status_code == 404
    assert client_of(canteen.dora).get(url).status_code == 403
    assert "In questo mese non è iscritto" in text(client_of(canteen.anna).get(f"{url}?mese=2026-07"))


def test_a_class_change_on_a_wednesday_shows_the_class_of_that_month(
    canteen: Town, client_of: Browser
) -> None:
    """Edge case 11."""
    enrolling.change_class(
        pupil=canteen.luca,
        class_group=canteen.classes["primaria 1A"],
        from_day=dt.date(2026, 12, 2),
        by=canteen.enzo,
        now=NOW,
    )
    anna, url = client_of(canteen.anna), reverse("attendance:child_calendar", args=[canteen.luca.code])
    assert "Classe 3A" in text(anna.get(f"{url}?mese=2026-11"))
    assert "Classe 1A" in text(anna.get(f"{url}?mese=2026-12"))


@pytest.mark.parametrize(
    ("name", "welcome"), [("office_calendar", {"enzo", "auditor"}), ("school_calendar", {"dora"})]
)
def test_each_calendar_opens_for_its_roles_only(
    canteen: Town, client_of: Browser, name: str, welcome: set[str]
) -> None:
    url = reverse(f"attendance:{name}")
    for who in ("anna", "dora", "enzo", "franca", "gino", "auditor"):
        assert client_of(getattr(canteen, who)).get(url).status_code == (200 if who in welcome else 403)
    assert Client().get(url).status_code == 302


def test_the_queries_of_a_schools_month_do_not_depend_on_its_classes(
    canteen: Town, client_of: Browser
) -> None:
    enzo, url = (
        client_of(canteen.enzo),
        reverse("attendance:office_calendar") + f"?vista=s{canteen.primaria.pk}",
    )
    enzo.get(url)
    with CaptureQueriesContext(connection) as few:
        enzo.get(url)
    for section in "BCDEF":
        ClassGroup.objects.create(school=canteen.primaria, year=canteen.year, grade=1, section=section)
    with CaptureQueriesContext(connection) as many:
        enzo.get(url)
    assert len(few) == len(many)
