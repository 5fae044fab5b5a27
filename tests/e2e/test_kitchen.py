"""A day of the kitchen in a browser: the caterer answers from the mail's link, the kitchen delivers, the office compares."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from attendance import caterer_links, closures, night, sealing
from attendance.models import Caterer, KitchenSheet
from tests import cast
from tests.e2e.test_journey import enter_as
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser
Enter = Callable[[str], Visitor]
HOUR, LATER, EVENING = (cast.at(f"2026-11-24 {hour}") for hour in ("09:45", "09:55", "20:05"))


@pytest.fixture
def cook(open_town: cast.Town) -> Caterer:
    """The sheets of the hour, and a trip declared ten minutes later."""
    sealing.seal_due(now=HOUR)
    closures.declare(
        first_day=HOUR.date(),
        last_day=HOUR.date(),
        class_group=open_town.classes["primaria 3A"],
        reason="trip",
        meal="packed",
        by=open_town.enzo,
        now=LATER,
    )
    sealing.seal_due(now=LATER)
    return Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")


def test_the_caterer_answers_from_the_link_of_the_mail(visitor: Enter, cook: Caterer) -> None:
    piero = visitor("gestore")
    piero.go(reverse("attendance:caterer", args=[caterer_links.token(cook, HOUR.date())]))
    piero.look("Fogli della cucina")
    piero.page.get_by_label("Chi conferma").fill("Piero")
    piero.press("Ho preso visione: 3 fogli")
    piero.reads("Presa visione registrata per 3 fogli.")
    piero.page.get_by_label("Porzioni consegnate").first.fill("1")
    piero.press("Registra")
    piero.reads("1 porzione consegnata.")
    piero.look("Fogli della cucina")
    piero.go(reverse("attendance:verify_sheet", args=[KitchenSheet.objects.get(number=2).digest]))
    piero.look("Verifica di un foglio della cucina")
    piero.reads("Questo foglio è autentico")


def test_the_kitchen_looks_ahead_and_delivers(visitor: Enter, cook: Caterer, open_town: cast.Town) -> None:
    franca = visitor("franca")
    enter_as(franca, open_town.franca)
    for path, title in (
        ("/cucina/", "Foglio della cucina"),
        ("/cucina/previsione/", "Previsione dei pasti"),
        ("/cucina/consegne/", "Porzioni consegnate"),
    ):
        franca.go(path)
        franca.look(title)


def test_the_accounts_compare_the_three_numbers(visitor: Enter, cook: Caterer, open_town: cast.Town) -> None:
    night.run(now=EVENING)
    gino = visitor("gino")
    enter_as(gino, open_town.gino)
    gino.go("/ufficio/riscontro/")
    gino.look("Riscontro dei pasti")
