"""The accounts office in front of its page: what it sees, what it loads, what it may not do."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from identity.models import User
from mensa import clock
from payments import reconciliation, treasury
from payments.models import Notice, ReconciliationCase, SettlementPoll, SettlementReport, TreasuryCredit
from payments.rules.labels import Label
from tests import cast
from tests.journeys.conftest import words
from tests.payments.conftest import NOW
from tests.payments.settled import DAY, FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_settlement import receive
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
PAGE = "/ufficio/riconciliazione/"
LATER = NOW + dt.timedelta(days=10)
ClientOf = Callable[[User], Client]
URI = f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}"
#: Every address that changes something.
CHANGES = ("chiedi/", "carica/", "accredito/", "accredito/1/abbina/", "accredito/1/sciogli/", "caso/1/accredita/", "caso/1/riaccredita/", "caso/1/chiudi/")  # fmt: skip


@pytest.fixture(autouse=True)
def _ten_days_later(db: None) -> Any:
    clock.move_to(LATER)
    yield
    clock.reset()


@pytest.fixture
def case(notice: Notice, town: cast.Town) -> ReconciliationCase:
    """Reported without a receipt."""
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    reconciliation.sync(now=LATER)
    return ReconciliationCase.objects.get()


def a_file(content: bytes, name: str = "file.xml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_the_empty_page_says_how_to_begin(town: cast.Town, client_of: ClientOf) -> None:
    answer = client_of(town.gino).get(PAGE)
    assert answer.status_code == 200
    assert "Nessun flusso di rendicontazione, ancora" in words(answer)
    assert reverse("payments:reconciliation_load") in answer.content.decode()


def test_the_page_says_what_does_not_match_why_and_what_to_do(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    page = words(client_of(town.gino).get(PAGE))
    assert "Rendicontato senza ricevuta: 102,00 €" in page
    assert "la ricevuta non è arrivata" in page
    assert "Che cosa fare. La ricevuta è stata richiesta a pagoPA" in page
    assert town.family.code in page


def test_the_picture_and_its_table_say_the_same(notice: Notice, town: cast.Town, client_of: ClientOf) -> None:
    receive(notice)
    kept(a_report(a_line(notice.iuv)))
    answer = client_of(town.gino).get(PAGE)
    assert "Rendicontato, non ancora quadrato 1 102,00 € 100,0 %" in words(answer)
    assert (
        '<rect class="share share-reported" x="0" y="0" width="1000" height="36">' in answer.content.decode()
    )
    other = words(client_of(town.gino).get(PAGE, {"dal": "2026-10-01", "al": "2026-10-31"}))
    assert "Nessun pagamento in questi giorni" in other


def test_a_period_that_ends_before_it_begins_is_said(town: cast.Town, client_of: ClientOf) -> None:
    page = words(client_of(town.gino).get(PAGE, {"dal": "2026-11-30", "al": "2026-11-01"}))
    assert "Il primo giorno viene dopo l'ultimo" in page


def test_cases_are_filtered_by_kind_and_by_end(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    gino = client_of(town.gino)
    assert f"caso-{case.pk}" not in gino.get(PAGE, {"tipo": Label.DUPLICATE.value}).content.decode()
    assert f"caso-{case.pk}" in gino.get(PAGE, {"tipo": Label.IUV_NO_RT.value}).content.decode()
    gino.post(f"{PAGE}caso/{case.pk}/chiudi/", {"note": "La banca ha chiarito."})
    assert f"caso-{case.pk}" not in gino.get(PAGE).content.decode()
    assert "La banca ha chiarito." in words(gino.get(PAGE, {"stato": "chiusi"}))


def test_the_office_credits_from_the_report(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    answer = client_of(town.enzo).post(f"{PAGE}caso/{case.pk}/accredita/", follow=True)
    assert "accreditato dalla rendicontazione" in words(answer)
    assert "Tutto torna" in words(answer)
    assert str(Wallet.objects.get(household=town.family).balance) == "102.00"


def test_a_file_is_recognised_by_its_content(town: cast.Town, client_of: ClientOf) -> None:
    gino = client_of(town.gino)
    journal = a_file(opi(("1001", "102.00", "ESEGUITO", URI)))
    assert "Accrediti caricati: 1." in words(gino.post(f"{PAGE}carica/", {"file": journal}, follow=True))
    listed = a_file(f"Numero;Data;Importo;Causale\n1002;25/11/2026;7,00;{URI}\n".encode(), "elenco.csv")
    assert "Accrediti caricati: 1." in words(gino.post(f"{PAGE}carica/", {"file": listed}, follow=True))
    assert TreasuryCredit.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<!DOCTYPE a><FlussoRiversamento/>", "DOCTYPE"),
        (b"<fattura/>", "Non è un giornale di cassa OPI"),
        (b"\x00\x01\x02", "né un XML né un elenco CSV o XLSX"),
        (b"0\x82\x10\x00<FlussoRiversamento/>", "senza firma (.p7m)"),
    ],
)
def test_a_refused_file_changes_nothing_and_says_why(
    town: cast.Town, client_of: ClientOf, content: bytes, sentence: str
) -> None:
    answer = client_of(town.gino).post(f"{PAGE}carica/", {"file": a_file(content)})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert not SettlementReport.objects.exists()
    assert not TreasuryCredit.objects.exists()


def test_an_empty_form_is_refused_field_by_field(town: cast.Town, client_of: ClientOf) -> None:
    gino = client_of(town.gino)
    assert "Scegli il file da caricare." in words(gino.post(f"{PAGE}carica/", {}))
    answer = gino.post(f"{PAGE}accredito/", {"amount": "molto"})
    assert answer.status_code == 422
    assert "Scrivi il numero del sospeso di entrata." in words(answer)


def test_a_credit_is_typed_and_matched_by_hand(notice: Notice, town: cast.Town, client_of: ClientOf) -> None:
    receive(notice)
    kept(a_report(a_line(notice.iuv)))
    gino = client_of(town.gino)
    typed = {"number": "0077", "booked_on": "2026-11-25", "amount": "102,00", "reference": "PAGOPA VARI"}
    assert "Accredito 77 registrato." in words(gino.post(f"{PAGE}accredito/", typed, follow=True))
    credit = TreasuryCredit.objects.get()
    page = gino.get(PAGE).content.decode()
    assert f'<option value="{FDR}" selected>' in page, "the flow of that amount is proposed"
    answer = gino.post(f"{PAGE}accredito/{credit.pk}/abbina/", {"fdr": FDR}, follow=True)
    assert "Tutto torna" in words(answer)
    gino.post(f"{PAGE}accredito/{credit.pk}/sciogli/")
    assert ReconciliationCase.objects.open().count() == 2


def test_the_auditor_sees_everything_and_changes_nothing(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    auditor = client_of(town.auditor)
    page = auditor.get(PAGE).content.decode()
    assert f"caso-{case.pk}" in page
    assert 'method="post"' not in page.partition("<main")[2].partition("</main>")[0]
    assert auditor.get(f"{PAGE}flussi/").status_code == 200
    assert auditor.get(f"{PAGE}quadratura.xlsx").status_code == 200
    assert {auditor.post(f"{PAGE}{place}").status_code for place in CHANGES} == {403}


def test_who_has_nothing_to_do_with_money_stays_out(town: cast.Town, client_of: ClientOf) -> None:
    for person in (town.anna, town.dora, town.franca):
        client = client_of(person)
        assert client.get(PAGE).status_code == 403
        assert client.get(f"{PAGE}quadratura.csv").status_code == 403
        assert {client.post(f"{PAGE}{place}").status_code for place in CHANGES} == {403}


def test_wrong_methods_and_unknown_rows(town: cast.Town, client_of: ClientOf) -> None:
    gino = client_of(town.gino)
    assert gino.post(PAGE).status_code == 405
    assert gino.get(f"{PAGE}carica/").status_code == 405
    for place in (
        "accredito/999/abbina/",
        "accredito/999/sciogli/",
        "caso/999/accredita/",
        "caso/999/riaccredita/",
        "caso/999/chiudi/",
    ):
        assert gino.post(f"{PAGE}{place}").status_code == 404


def test_the_flows_and_their_credits_are_listed(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    page = words(client_of(town.gino).get(f"{PAGE}flussi/"))
    assert FDR in page
    assert "1001" in page
    assert "Accreditato" in page


def test_a_running_round_shows_its_progress_and_refreshes_itself(
    town: cast.Town, client_of: ClientOf
) -> None:
    SettlementPoll.objects.create(asked_at=LATER, total=10, done=4)
    gino = client_of(town.gino)
    assert "4 di 10" in words(gino.get(PAGE))
    piece = gino.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert piece.lstrip().startswith("<section")
    assert 'hx-trigger="every 2s"' in piece
    SettlementPoll.objects.update(is_running=False, finished_at=LATER)
    assert gino.get(PAGE, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_without_a_key_the_button_is_not_there(town: cast.Town, client_of: ClientOf, settings: Any) -> None:
    settings.PAGOPA_MODE = "gpd"
    settings.PAGOPA_KEYS = {name: [] for name in settings.PAGOPA_PRODUCTS}
    gino = client_of(town.gino)
    assert "Manca la chiave del servizio dei flussi" in words(gino.get(PAGE))
    assert "PAGOPA_FDR_KEYS" in words(gino.post(f"{PAGE}chiedi/", follow=True))


def test_when_pagopa_is_down_the_page_says_so(town: cast.Town, client_of: ClientOf, no_node: str) -> None:
    page = words(client_of(town.gino).post(f"{PAGE}chiedi/", follow=True))
    assert "Il servizio dei flussi di pagoPA non risponde" in page


def test_the_export_has_codes_and_amounts_and_no_name(
    notice: Notice, town: cast.Town, client_of: ClientOf
) -> None:
    receive(notice)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    gino = client_of(town.gino)
    text = gino.get(f"{PAGE}quadratura.csv", {"dal": DAY, "al": DAY}).content.decode()
    assert f"24/11/2026;102,00;102,00;{notice.nav};iur1;{town.family.code};" in text
    assert f"RT_IUF_TES;{FDR};25/11/2026;1001" in text
    assert "Bianchi" not in text
    book = openpyxl.load_workbook(io.BytesIO(gino.get(f"{PAGE}quadratura.xlsx").content))
    assert book.sheetnames == ["Pagamenti", "Da sistemare", "Flussi"]
    assert book["Flussi"]["A2"].value == FDR


@pytest.mark.parametrize("iur", ["=cmd()", "=cmd()\x01"])
def test_a_text_that_looks_like_a_formula_stays_a_text(
    town: cast.Town, client_of: ClientOf, notice: Notice, iur: str
) -> None:
    """Also with a character that no spreadsheet takes: one such bank must not keep the whole export from being made."""
    kept(a_report(a_line("01000000000009999", iur=iur)))
    reconciliation.sync(now=LATER)
    book = openpyxl.load_workbook(io.BytesIO(client_of(town.gino).get(f"{PAGE}quadratura.xlsx").content))
    cells = [
        cell for row in book["Da sistemare"].iter_rows(min_row=2) for cell in row if cell.value == "=cmd()"
    ]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}


def test_the_number_on_the_office_page_leads_here(
    case: ReconciliationCase, town: cast.Town, client_of: ClientOf
) -> None:
    page = client_of(town.enzo).get(reverse("mensa:office")).content.decode()
    assert "Pagamenti, flussi o accrediti che non tornano." in page
    assert PAGE in page


def test_a_credit_of_an_impossible_day_is_not_typed(town: cast.Town, client_of: ClientOf) -> None:
    typed = {"number": "77", "booked_on": "9999-12-31", "amount": "102,00", "reference": URI}
    answer = client_of(town.gino).post(f"{PAGE}accredito/", typed)
    assert answer.status_code == 422
    assert "Controlla l'anno della data." in words(answer)
