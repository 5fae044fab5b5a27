"""The sums of the reconciliation are the ledger's; what is nobody's yet stands apart; every day is the day in Italy."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.test import Client

from identity.models import User
from mensa import clock
from payments import receipts, reconciliation, reconciliation_view, treasury
from payments.configuration import creditor
from payments.models import Notice, Receipt, ReconciliationCase
from payments.receipts import IncomingReceipt
from payments.rules import identifiers
from tests import cast
from tests.journeys.conftest import words
from tests.payments.conftest import NOW
from tests.payments.settled import DAY, FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_cases import on_paper
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db
PAGE = "/ufficio/riconciliazione/"
LATER = NOW + dt.timedelta(days=10)
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _ten_days_later(db: None) -> Iterator[None]:
    clock.move_to(LATER)
    yield
    clock.reset()


def a_strangers_nav() -> str:
    """A number of ours that no notice bears."""
    body = creditor()
    return identifiers.compose(segregation=body.segregation, system=body.iuv_system, sequence=99_999_999)


def receive(nav: str, amount: str, receipt_id: str, paid_at: dt.datetime = NOW) -> Receipt:
    incoming = IncomingReceipt(creditor().fiscal_code, receipt_id, nav, Decimal(amount), paid_at=paid_at)
    return receipts.record(incoming=incoming, channel=Receipt.Channel.SOAP, now=LATER)


def rows_of(client: Client, first: dt.date, last: dt.date) -> list[dict[str, str]]:
    text = client.get(f"{PAGE}quadratura.csv", {"dal": first, "al": last}).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def euro(text: str) -> Decimal:
    return Decimal(text.replace(",", ".") or "0")


def test_the_credited_sum_is_the_ledgers_to_the_cent(
    issue: Callable[..., Notice], wallet: Wallet, town: cast.Town, client_of: ClientOf
) -> None:
    """Paid, on paper, set aside, to be placed, and on both sides of midnight in Italy."""
    receive(issue("10.01").nav, "10.01", "iur1")
    receive(issue("0.02").nav, "0.02", "iur2", cast.at("2026-11-30 23:59"))
    receive(issue("3.00").nav, "3.00", "iur3", cast.at("2026-12-01 00:01"))
    paper = issue("20.40")
    on_paper(paper, wallet, town)
    receipts.set_aside(receipt=receive(paper.nav, "20.40", "iur4"), by=town.enzo, now=NOW)
    assert receive(a_strangers_nav(), "50.00", "iur5").state == Receipt.State.TO_REVIEW
    first, last = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
    credits_ = Entry.objects.filter(receipt__isnull=False, value_day__range=(first, last))
    ledger = credits_.aggregate(total=Sum("amount"))["total"]
    assert ledger == Decimal("30.43")
    gino = client_of(town.gino)
    rows = rows_of(gino, first, last)
    assert sum(euro(row["Accreditato"]) for row in rows) == ledger
    assert sum(euro(row["Importo"]) for row in rows) == ledger + 50
    look = reconciliation.look(first=first, last=last, today=LATER.date())
    assert reconciliation_view.credited(look).total == ledger
    assert sum(share.total for share in reconciliation_view.shares(look)) == ledger
    page = words(gino.get(PAGE, {"dal": first, "al": last}))
    assert "3 pagamenti accreditati" in page
    assert "Accreditato in tutto 3 30,43 €" in page


def test_what_is_nobodys_yet_stands_apart_and_is_called_so(
    notice: Notice, town: cast.Town, client_of: ClientOf
) -> None:
    receive(notice.nav, "102.00", "iur1")
    receive(a_strangers_nav(), "50.00", "iur2")
    kept(a_report(a_line(notice.iuv)))
    reconciliation.sync(now=LATER)
    gino = client_of(town.gino)
    page = words(gino.get(PAGE))
    assert "Da abbinare, fuori da quella somma: 1 pagamento per 50,00 €" in page
    states = {row["Ricevuta (IUR)"]: row["Stato"] for row in rows_of(gino, DAY, DAY)}
    assert states["iur2"] == "da abbinare; pagato, non ancora rendicontato"
    case = ReconciliationCase.objects.get(label="RT_NO_IUF")
    assert case.reason.startswith("Pagato, non ancora abbinato a una famiglia")
    assert case.to_do.startswith("Intanto scegli la famiglia")
    assert "già il suo credito" not in case.to_do


def test_a_paper_without_identifier_is_exported_with_the_flow_that_reports_it(
    notice: Notice, wallet: Wallet, town: cast.Town, client_of: ClientOf
) -> None:
    on_paper(notice, wallet, town, f"avviso-{notice.nav}")
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    (row,) = rows_of(client_of(town.gino), DAY, DAY)
    assert (row["Etichetta"], row["Flusso"], row["Data del flusso"], row["Sospeso"]) == (
        "RT_IUF_TES",
        FDR,
        "25/11/2026",
        "1001",
    )


def test_a_payment_that_nobody_can_place_is_not_called_credited(town: cast.Town, client_of: ClientOf) -> None:
    kept(a_report(a_line(a_strangers_nav()[1:])))
    reconciliation.sync(now=LATER)
    case = ReconciliationCase.objects.get(label="IUV_NO_RT")
    answer = client_of(town.enzo).post(f"{PAGE}caso/{case.pk}/accredita/", follow=True)
    page = words(answer)
    assert "accreditato dalla rendicontazione" not in page
    assert "Nessuno è ancora accreditato" in page
    assert "Ricevute pagoPA da abbinare" in page
    assert not Entry.objects.exists()


def test_days_are_those_in_italy(notice: Notice, town: cast.Town, client_of: ClientOf) -> None:
    """At one in the morning in Italy it is still yesterday elsewhere."""
    night = cast.at("2026-12-04 00:30")
    clock.move_to(night)
    gino = client_of(town.gino)
    kept(a_report(a_line(notice.iuv)))
    reconciliation.sync(now=night)
    book = openpyxl.load_workbook(io.BytesIO(gino.get(f"{PAGE}quadratura.xlsx").content))
    opened = {row[-1].value for row in book["Da sistemare"].iter_rows(min_row=2)}
    assert [day.date() for day in opened] == [dt.date(2026, 12, 4)]
    journal = opi(("1", "102.00", "ESEGUITO", f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}"))
    for _ in range(2):
        loaded = treasury.load(data=journal, name="g.xml", by=town.gino, now=night)
    assert str(loaded.journal) == "giornale di cassa OPI del 04/12/2026"
    again = gino.post(f"{PAGE}carica/", {"file": SimpleUploadedFile("g.xml", journal)}, follow=True)
    assert "già stato caricato il 04/12/2026" in words(again)
