"""The browser journey: a family, a school, the office, at two widths, without a violation, an error or a request elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, FilePayload, expect

from identity.models import User
from tests import cast
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser
Enter = Callable[[str], Visitor]


def sign_in_with_spid(anna: Visitor, name: str) -> None:
    anna.go("/")
    anna.look("Il servizio")
    anna.press("Accedi con SPID")
    anna.look("Accedi")
    anna.page.locator("summary", has_text="SPID").first.click()
    anna.press("Gestore di prova")
    anna.press(name)
    anna.page.wait_for_url("**/famiglia/")


def test_a_parent_marks_an_absence_and_pays(visitor: Enter, open_town: cast.Town) -> None:
    anna = visitor("anna")
    sign_in_with_spid(anna, "Anna Rossi")
    anna.look("La mia famiglia")
    anna.reads("Ciao Anna")

    anna.press("Segna assente Luca, martedì 24 novembre 2026")
    anna.page.get_by_role("button", name="Annulla l'assenza Luca, martedì").wait_for()
    anna.look("La mia famiglia")
    anna.press("Altri giorni e assenze di Luca")
    anna.look("Assenze")

    anna.go("/famiglia/")
    anna.press("Ricarica")
    anna.look("Paga e ricarica")
    anna.page.get_by_label("Ricarica libera").fill("20")
    anna.press("Paga con pagoPA")
    anna.press("Paga 20,00")
    anna.page.get_by_text("È arrivata la ricevuta di pagoPA").wait_for()
    anna.look("Il tuo pagamento")
    anna.press("Estratto conto")
    anna.look("Estratto conto")
    anna.go("/famiglia/")
    anna.reads("20,00 €")


def test_a_secretary_calls_the_roll(visitor: Enter, open_town: cast.Town) -> None:
    dora = visitor("dora")
    dora.go("/scuola/")
    dora.look("Accesso del personale")
    dora.page.get_by_label("Nome utente").fill("dora")
    dora.page.get_by_label("Password").fill("una-parola-lunga-12")
    dora.press("Entra")
    dora.look("Appello")
    dora.press("3A")
    dora.look("3A")
    dora.page.get_by_role("checkbox", name="Neri Tommaso").check()
    dora.press("Conferma")
    dora.page.get_by_text("Appello della 3A confermato").wait_for()
    dora.reads("Appello della 3A confermato: un assente.")
    dora.look("Appello")


def test_the_kitchen_reads_its_sheet(visitor: Enter, open_town: cast.Town) -> None:
    franca = visitor("franca")
    enter_as(franca, open_town.franca)
    franca.go("/cucina/")
    franca.look("Foglio")


def test_without_script_nothing_essential_is_missing(
    browser: Browser, portal: str, open_town: cast.Town
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    anna = Visitor(context, "anna", 390, home=portal, allowed=(portal,))
    enter_as(anna, open_town.anna)
    anna.go("/famiglia/")
    assert anna.page.get_by_role("link", name="Aiuto", exact=True).is_visible()
    anna.press("Segna assente Luca, martedì 24 novembre 2026")
    anna.page.get_by_role("button", name="Annulla l'assenza Luca, martedì").click()
    expect(anna.page.get_by_role("button", name="Segna assente Luca, martedì")).to_be_visible()
    context.close()
    assert not anna.problems


OFFICE_PAGES = (
    ("/ufficio/", "Ufficio mensa"),
    ("/ufficio/domande/", "Carica le domande"),
    ("/ufficio/anno/", "Cambio d'anno"),
    ("/ufficio/avvisi/", "Avvisi di pagamento"),
    ("/ufficio/avvisi/nuova/", "Nuova campagna"),
    ("/ufficio/ricevute/", "Ricevute consegnate"),
    ("/ufficio/da-abbinare/", "Ricevute pagoPA da abbinare"),
    ("/ufficio/chiusure/", "Chiusure"),
    ("/ufficio/chiusure/nuova/", "Nuova chiusura"),
    ("/ufficio/presenze/", "Presenze"),
    ("/ufficio/contestazioni/", "Contestazioni"),
    ("/ufficio/notti/", "Notti e addebiti"),
    ("/ufficio/rimborsi/", "Rimborsi"),
    ("/ufficio/addebiti/", "Addebiti di un giorno"),
    ("/gestione/", "Mensa scolastica"),
    ("/gestione/enrolments/pupil/", "Mensa scolastica"),
)


def test_the_tools_of_the_office_can_be_used_by_anybody(visitor: Enter, open_town: cast.Town) -> None:
    enzo = visitor("enzo")
    enter_as(enzo, open_town.enzo)
    for path, title in OFFICE_PAGES:
        enzo.go(path)
        enzo.look(title)


def test_the_office_loads_the_list_of_applications(visitor: Enter, open_town: cast.Town) -> None:
    enzo = visitor("enzo")
    enter_as(enzo, open_town.enzo)
    enzo.go("/ufficio/domande/")
    enzo.page.get_by_label("Elenco delle domande").set_input_files(few_applications())
    enzo.press("Controlla il file")
    enzo.look("domande.csv")
    enzo.press("Applica")
    enzo.page.get_by_text("borsellini aperti adesso").wait_for()
    enzo.look("domande.csv")


def few_applications() -> FilePayload:
    """The first rows of the sample that the project ships."""
    sample = Path(settings.BASE_DIR) / "docs/esempi/domande-2026-27.csv"
    rows = sample.read_bytes().splitlines(keepends=True)[:6]
    return {"name": "domande.csv", "mimeType": "text/csv", "buffer": b"".join(rows)}


def enter_as(who: Visitor, user: User) -> None:
    """Signed in already, second factor included."""
    session = cast.client_of(user).cookies["sessionid"].value
    who.context.add_cookies([{"name": "sessionid", "value": session, "url": who.home}])
