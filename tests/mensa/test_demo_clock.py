"""The bar that moves the clock: of the demo, and of the demo only."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from attendance.models import CanteenPeriod, KitchenSheet
from mensa import clock
from mensa.demo import facts
from tests.cast import Town

pytestmark = pytest.mark.django_db
PAGE = "/demo/orologio/"


@pytest.fixture
def demo(settings: Settings) -> Iterator[None]:
    settings.DEMO = True
    clock.move_to(facts.START)
    yield
    clock.reset()


def test_outside_the_demo_there_is_no_such_page(client: Client) -> None:
    before = clock.offset()
    assert client.post(PAGE, {"action": "tomorrow"}).status_code == 404
    assert clock.offset() == before


def test_tomorrow_is_the_next_day_before_the_cut_off(client: Client, demo: None) -> None:
    client.post(PAGE, {"action": "tomorrow"})
    assert clock.now().replace(second=0, microsecond=0) == facts.at(dt.date(2026, 11, 25), 8, 40)


def test_the_night_comes_after_eight_and_never_earlier_than_now(client: Client, demo: None) -> None:
    client.post(PAGE, {"action": "night"})
    assert clock.now().replace(second=0, microsecond=0) == facts.at(dt.date(2026, 11, 24), 20, 5)
    clock.move_to(facts.at(dt.date(2026, 11, 24), 22))
    client.post(PAGE, {"action": "night"})
    assert clock.now().hour == 22


def test_the_kitchen_button_goes_just_after_the_hour_and_the_sheets_are_sealed(
    client: Client, town: Town, demo: None
) -> None:
    CanteenPeriod.objects.create(school=town.primaria, year=town.year, valid_from=facts.CANTEEN_FIRST)
    client.post(PAGE, {"action": "kitchen"})
    assert clock.now().replace(second=0, microsecond=0) == facts.at(dt.date(2026, 11, 24), 9, 50)
    assert KitchenSheet.objects.get().school == town.primaria
    clock.move_to(facts.at(dt.date(2026, 11, 24), 12))
    client.post(PAGE, {"action": "kitchen"})
    assert clock.now().hour == 12


def test_the_end_of_the_year_is_after_the_last_meal(client: Client, demo: None) -> None:
    client.post(PAGE, {"action": "summer"})
    assert clock.today() == dt.date(2027, 6, 30)
    assert clock.today() > max(facts.CANTEEN_LAST.values())


def test_back_to_the_start(client: Client, demo: None) -> None:
    clock.move_to(facts.at(dt.date(2027, 3, 1), 12))
    client.post(PAGE, {"action": "reset"})
    assert clock.now().replace(second=0, microsecond=0) == facts.START


def test_an_unknown_move_moves_nothing(client: Client, demo: None) -> None:
    client.post(PAGE, {"action": "yesterday"})
    assert clock.now().replace(second=0, microsecond=0) == facts.START


def test_it_leads_back_to_the_page_it_came_from_and_to_no_other_site(client: Client, demo: None) -> None:
    assert client.post(PAGE, {"action": "tomorrow", "next": "/aiuto/"}).headers["Location"] == "/aiuto/"
    elsewhere = client.post(PAGE, {"action": "tomorrow", "next": "https://elsewhere.example/"})
    assert elsewhere.headers["Location"] == "/"


def test_a_form_without_its_token_is_refused(demo: None) -> None:
    assert Client(enforce_csrf_checks=True).post(PAGE, {"action": "tomorrow"}).status_code == 403
