"""The calendar in a real browser: a strike declared by the school, seen by everybody, undone by the office."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from attendance import closure_mails
from attendance.models import CanteenPeriod, Caterer, Closure
from mensa import clock
from tests.cast import Town
from tests.e2e.test_roll_call import signed_in
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
Enter = Callable[[str], Visitor]
TODAY = dt.date(2026, 11, 24)


@pytest.mark.browser
def test_the_school_declares_a_strike_in_a_few_taps_and_everybody_sees_it(
    open_town: Town, visitor: Enter
) -> None:
    CanteenPeriod.objects.update(
        valid_from=TODAY
    )  # no night is owed: here the queue works inside the request
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example", phone="080 1234567")
    _the_school_declares_it(open_town, signed_in(visitor("dora"), open_town.dora))
    closure_mails.send_some(now=clock.now())
    _the_parent_reads_it(open_town, signed_in(visitor("anna"), open_town.anna))
    _the_office_undoes_it(signed_in(visitor("enzo"), open_town.enzo))
    assert Closure.objects.get().revoked_by == open_town.enzo


def _the_school_declares_it(town: Town, dora: Visitor) -> None:
    dora.go("/scuola/calendario/?mese=2026-12")
    dora.look("Calendario")
    dora.page.get_by_role("link", name="giovedì 3 dicembre 2026: mensa").click()
    dora.look("Sciopero, assemblea, uscita")
    expect(dora.page.get_by_label("Dal giorno")).to_have_value("2026-12-03")
    dora.page.get_by_label("Sciopero", exact=True).check()
    dora.page.get_by_label("Tutta la scuola").check()
    dora.press("Mostra l'effetto")
    expect(dora.page.get_by_role("heading", name="Che cosa succede")).to_be_visible()
    dora.look("Sciopero, assemblea, uscita")
    dora.does_not_read("€")
    dora.press("Dichiara")
    expect(dora.page.get_by_text("Le famiglie e il gestore ricevono un'e-mail")).to_be_visible()
    assert Closure.objects.get().school == town.primaria


def _the_parent_reads_it(town: Town, anna: Visitor) -> None:
    anna.go(f"/presenze/{town.luca.code}/calendario/?mese=2026-12")
    anna.look("Calendario")
    anna.reads("Giovedì 3 dicembre 2026")
    anna.reads("Mensa chiusa: sciopero.")
    anna.press("Crea l'indirizzo")
    address = anna.page.get_by_label("Indirizzo").input_value()
    feed = anna.context.request.get(address)
    assert "Luca: niente mensa: sciopero" in feed.text()
    anna.look("Calendario")
    anna.page.emulate_media(media="print")
    expect(anna.page.get_by_role("button", name="Revoca l'indirizzo")).to_be_hidden()
    expect(anna.page.get_by_role("table")).to_be_visible()


def _the_office_undoes_it(enzo: Visitor) -> None:
    enzo.go("/ufficio/chiusure/")
    enzo.look("Chiusure")
    enzo.page.get_by_role("link", name=re.compile("Apri.*giovedì 3 dicembre 2026")).click()
    enzo.look("Chiusura: Scuola primaria Ulivo (demo)")
    enzo.reads("Avvisato")
    enzo.press("Revoca…")
    enzo.look("Revoca")
    enzo.reads("8,40 €")
    enzo.press("Revoca la chiusura")
    enzo.look("Chiusura: Scuola primaria Ulivo (demo)")
    enzo.go("/ufficio/calendario/anno-prossimo/")
    enzo.look("Anno prossimo")
    enzo.go("/ufficio/calendario/carica/")
    enzo.look("Calendario regionale")
