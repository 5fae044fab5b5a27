"""A parent's morning in a browser: one tap that answers on the spot, its receipt, who verifies it, a weekday said once, a dispute."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from attendance import night
from mensa import clock
from tests import cast
from tests.e2e.test_journey import enter_as
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser
Enter = Callable[[str], Visitor]


def test_one_tap_answers_on_the_spot_and_leaves_a_receipt(visitor: Enter, open_town: cast.Town) -> None:
    anna = visitor("anna")
    enter_as(anna, open_town.anna)
    anna.go("/famiglia/")
    anna.page.evaluate("window.stayed = true")
    anna.press("Segna assente Luca, martedì 24 novembre 2026")
    back = anna.page.get_by_role("button", name="Annulla l'assenza Luca, martedì")
    back.wait_for()
    expect(back).to_be_focused()
    assert anna.page.evaluate("window.stayed") is True  # the page was not loaded again
    anna.reads("Assenza segnata per martedì 24/11. Ricevuta n. 1/2026.")
    anna.press("Ricevuta n. 1/2026")
    anna.look("Ricevuta n. 1/2026")
    code = anna.page.url.rstrip("/").rsplit("/", 1)[1]
    stranger = visitor("passante")
    stranger.go(f"/ricevuta/{code}/")
    stranger.look("Verifica di una ricevuta")
    stranger.reads("Valida")
    stranger.does_not_read("Luca")
    anna.go(f"/presenze/{open_town.luca.code}/ricevute/")
    anna.look("Ricevute di Luca")


def test_a_weekday_is_said_once_and_ended(visitor: Enter, open_town: cast.Town) -> None:
    bruno = visitor("bruno")
    enter_as(bruno, open_town.bruno)
    bruno.go(f"/presenze/{open_town.luca.code}/")
    bruno.page.get_by_label("Ogni", exact=True).select_option("mercoledì")
    bruno.page.get_by_label("Fino al giorno").fill("2026-12-23")
    bruno.press("Segna ogni settimana")
    bruno.look("Assenze di Luca")
    bruno.reads("Ogni mercoledì fino al 23/12/2026")
    bruno.press("Finisci ogni mercoledì")
    bruno.reads("Assenza annullata per 5 giorni")


def test_a_charge_is_disputed_from_the_statement(visitor: Enter, open_town: cast.Town) -> None:
    night.run(now=cast.at("2026-10-05 20:05"))
    clock.move_to(cast.at("2026-10-06 08:40"))
    anna = visitor("anna")
    enter_as(anna, open_town.anna)
    anna.go(f"/borsellino/{open_town.family.code}/")
    anna.page.get_by_text("Perché?").first.click()
    anna.press("contesta")
    anna.page.get_by_label("Che cosa non torna").fill("Avevo avvisato la scuola.")
    anna.look("Contestazione")
    anna.press("Invia la contestazione")
    anna.look("Contestazione")
    anna.reads("mancano 30 giorni")
    anna.go(f"/borsellino/{open_town.family.code}/")
    anna.look("Estratto conto")
    anna.reads("in attesa: risposta entro il 5 novembre")
