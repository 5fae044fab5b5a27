"""The card of a child on the family's page: one tap, the answer at once, with script and without."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from attendance.models import Absence, AbsenceReceipt
from identity.models import User
from mensa import clock
from tests.attendance.test_pages import text
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _morning() -> None:
    cache.clear()
    clock.move_to(at("2026-11-24 08:30"))


def tap(town: Town, client: Client, name: str = "mark", **facts: str) -> object:
    asked = {"day": "2026-11-24", "scheda": town.family.code, "next": reverse("mensa:family"), **facts}
    return client.post(reverse(f"attendance:{name}", args=[town.luca.code]), asked, headers=HTMX)


def test_the_card_comes_back_alone_with_the_news_and_the_receipt(canteen: Town, client_of: Browser) -> None:
    anna = client_of(canteen.anna)
    card = tap(canteen, anna)
    said = text(card)
    receipt = AbsenceReceipt.objects.get()
    assert f"Assenza segnata per martedì 24/11. Ricevuta n. {receipt.label}." in said
    assert "Annulla l'assenza" in said
    page = card.content.decode()  # type: ignore[attr-defined]
    assert page.lstrip().startswith(
        f'<article class="child" id="figlio-{canteen.family.code}-{canteen.luca.code}"'
    )
    assert reverse("attendance:receipt", args=[canteen.luca.code, receipt.code]) in page
    assert "Sofia" not in said
    assert "il pasto c'è di nuovo" in text(tap(canteen, anna, "undo"))


def test_a_refusal_stands_on_the_card(canteen: Town, client_of: Browser) -> None:
    clock.move_to(at("2026-11-24 09:01"))
    card = text(tap(canteen, client_of(canteen.anna)))
    assert "Sono passate le 09:00" in card
    assert "Segna assente Luca, mercoledì 25 novembre 2026" in card


def test_without_script_the_same_tap_goes_back_to_the_family(canteen: Town, client_of: Browser) -> None:
    asked = {"day": "2026-11-25", "scheda": canteen.family.code, "next": reverse("mensa:family")}
    url = reverse("attendance:mark", args=[canteen.luca.code])
    page = client_of(canteen.bruno).post(url, asked, follow=True)
    assert page.redirect_chain == [("/famiglia/", 302)]
    assert "Assenza segnata per mercoledì 25/11." in text(page)


def test_the_card_of_another_household_is_not_shown(canteen: Town, client_of: Browser) -> None:
    answer = tap(canteen, client_of(canteen.anna), scheda=canteen.carla_family.code)
    assert 'id="assenze"' in answer.content.decode()  # type: ignore[attr-defined]
    assert "Tommaso" not in text(answer)
    stranger = client_of(canteen.carla).post(
        reverse("attendance:mark", args=[canteen.luca.code]), {"day": "2026-11-24"}, headers=HTMX
    )
    assert stranger.status_code == 404
    assert Absence.objects.count() == 1


def test_a_tap_costs_a_bounded_number_of_queries(canteen: Town, client_of: Browser) -> None:
    anna = client_of(canteen.anna)
    tap(canteen, anna)
    with CaptureQueriesContext(connection) as spent:
        tap(canteen, anna, "undo")
    assert len(spent) <= 55, [query["sql"][:90] for query in spent]


def test_the_absences_page_looks_at_the_facts_once(canteen: Town, client_of: Browser) -> None:
    anna = client_of(canteen.anna)
    url = reverse("attendance:absences", args=[canteen.luca.code])
    anna.get(url)
    with CaptureQueriesContext(connection) as spent:
        anna.get(url)
    assert len(spent) <= 30, [query["sql"][:90] for query in spent]
