"""The light meal: three in a row without a certificate, until the hour of the absences, and never instead of a diet."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from attendance import absences, closures, kitchen, light_meals
from attendance.errors import NoServiceDay, TooLate
from attendance.light_meals import NothingToCook, TooManyLightMeals
from attendance.models import LightMeal
from attendance.rules.light_meals import one_too_many
from enrolments import entitlements
from enrolments.models import DietHold, DietRules, School
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at, client_of

pytestmark = pytest.mark.django_db
EIGHT = at("2026-11-24 08:00")
WEEK = [TUESDAY + dt.timedelta(days=number) for number in range(4)]


def ask(town: Town, *days: dt.date, now: dt.datetime = EIGHT) -> list[dt.date]:
    return light_meals.ask(pupil=town.luca, days=days, by=town.anna, now=now)


def counts(day: dt.date = TUESDAY) -> dict[str, int]:
    found = kitchen.sheet(day=day, schools=School.objects.all(), now=at("2026-11-24 10:00"))
    return {code: number for code, number in found.counts.items() if code}


def test_the_kitchen_counts_a_light_meal_with_a_code_of_its_own(canteen: Town) -> None:
    ask(canteen, TUESDAY)
    assert counts() == {"bianco": 1}


def test_three_in_a_row_and_the_fourth_wants_a_certificate(canteen: Town) -> None:
    ask(canteen, *WEEK[:3])
    with pytest.raises(TooManyLightMeals, match=r"venerdì 27/11 .*certificato"):
        ask(canteen, WEEK[3])
    assert LightMeal.objects.count() == 3


def test_four_at_once_are_refused_whole(canteen: Town) -> None:
    with pytest.raises(TooManyLightMeals):
        ask(canteen, *WEEK)
    assert not LightMeal.objects.exists()


def test_a_weekend_does_not_begin_the_count_again(canteen: Town) -> None:
    ask(canteen, dt.date(2026, 11, 26), dt.date(2026, 11, 27), dt.date(2026, 11, 30))
    with pytest.raises(TooManyLightMeals):
        ask(canteen, dt.date(2026, 12, 1))
    ask(canteen, dt.date(2026, 12, 2))


def test_an_absence_does_not_begin_the_count_again(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[WEEK[1]], by=canteen.anna, now=EIGHT)
    ask(canteen, WEEK[0], WEEK[2], WEEK[3])
    with pytest.raises(TooManyLightMeals):
        ask(canteen, dt.date(2026, 11, 30))


def test_the_town_decides_how_many(canteen: Town) -> None:
    DietRules.objects.create(act="det. n. 8/2026", valid_from=FIRST, light_meal_days=1)
    ask(canteen, TUESDAY)
    with pytest.raises(TooManyLightMeals, match="un giorno di fila"):
        ask(canteen, WEEK[1])


@pytest.mark.parametrize(("moment", "accepted"), [("09:00:59", True), ("09:01:00", False)])
def test_the_hour_is_that_of_the_absences(canteen: Town, moment: str, accepted: bool) -> None:
    now = at(f"2026-11-24 {moment}")
    if accepted:
        assert ask(canteen, TUESDAY, now=now) == [TUESDAY]
    else:
        with pytest.raises(TooLate, match="09:00"):
            ask(canteen, TUESDAY, now=now)
        with pytest.raises(TooLate):
            light_meals.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=now)


def test_it_can_be_taken_back_in_time(canteen: Town) -> None:
    ask(canteen, TUESDAY)
    light_meals.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=EIGHT)
    assert counts() == {}


def test_asking_twice_is_asking_once(canteen: Town) -> None:
    ask(canteen, TUESDAY)
    ask(canteen, TUESDAY)
    assert LightMeal.objects.count() == 1


def test_a_celiac_child_gets_the_light_meal_of_the_diet(canteen: Town) -> None:
    """Edge case 25: the diet is never dropped."""
    entitlements.assign_diet(pupil=canteen.luca, code="D-03", from_day=FIRST, by=canteen.enzo, now=SUMMER)
    ask(canteen, TUESDAY)
    assert counts() == {"D-03 bianco": 1}


def test_a_light_meal_on_a_cancelled_day_is_not_cooked_and_comes_back_with_the_day(canteen: Town) -> None:
    """Edge case 25."""
    ask(canteen, TUESDAY)
    closure = closures.declare(
        school=None,
        class_group=None,
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason="ordinance",
        act="ord. 7",
        by=canteen.enzo,
        now=EIGHT,
    )
    assert counts() == {}
    with pytest.raises(NoServiceDay):
        ask(canteen, TUESDAY)
    closures.revoke(closure=closure, by=canteen.enzo, now=EIGHT)
    assert counts() == {"bianco": 1}


def test_a_cancelled_day_does_not_count_in_the_row(canteen: Town) -> None:
    ask(canteen, *WEEK[:3])
    closures.declare(
        school=None,
        class_group=None,
        first_day=WEEK[1],
        last_day=WEEK[1],
        reason="strike",
        act="",
        by=canteen.enzo,
        now=EIGHT,
    )
    assert ask(canteen, WEEK[3]) == [WEEK[3]]


def test_a_child_on_hold_has_no_light_meal_either(canteen: Town) -> None:
    ask(canteen, TUESDAY)
    DietHold.objects.create(pupil=canteen.luca, cause="severe", valid_from=TUESDAY)
    assert counts() == {}


def test_a_child_who_is_away_is_first_called_back(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EIGHT)
    with pytest.raises(NothingToCook, match=r"martedì 24/11 .*annullala"):
        ask(canteen, TUESDAY)
    assert not LightMeal.objects.exists()


def test_an_absence_after_the_request_is_what_the_page_says(canteen: Town) -> None:
    clock.move_to(EIGHT)
    ask(canteen, TUESDAY)
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EIGHT)
    page = client_of(canteen.anna).get(reverse("attendance:light_meals", args=[canteen.luca.code]))
    assert "Nessun pasto" in page.content.decode()
    assert "Se torna a mangiare, il pasto è in bianco." in page.content.decode()


def test_the_rule_of_the_row() -> None:
    days = WEEK
    assert one_too_many(days, set(days), 3) == days[3]
    assert one_too_many(days, set(days[:3]), 3) is None
    assert one_too_many(days, {days[0], days[2], days[3]}, 2) is None
    assert one_too_many(days, {days[0]}, 0) == days[0]


def test_a_parent_asks_and_goes_back_on_the_page(canteen: Town) -> None:
    clock.move_to(EIGHT)
    client, address = client_of(canteen.anna), reverse("attendance:light_meals", args=[canteen.luca.code])
    page = client.get(address).content.decode()
    assert "Menu di sempre" in page
    client.post(address, {"day": "2026-11-25"})
    assert LightMeal.objects.get().asked_by == canteen.anna
    assert "Pasto in bianco per Luca, mercoledì 25/11." in client.get(address).content.decode()
    client.post(address, {"day": "2026-11-25", "undo": "1"})
    assert not LightMeal.objects.exists()
    client.post(address, {"day": "domani"})
    assert "Scegli il giorno" in client.get(address).content.decode()


def test_a_stranger_finds_no_page(canteen: Town) -> None:
    address = reverse("attendance:light_meals", args=[canteen.luca.code])
    assert client_of(canteen.carla).get(address).status_code == 404
    assert client_of(canteen.dora).get(address).status_code == 403
    assert Client().get(address).status_code == 302
