"""What the treasurer takes back, what names another flow, what was typed wrong: the money of a flow is what is left of it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from identity.models import User
from payments import reconciliation, settlement, settlement_upload, treasury
from payments.errors import PaymentRefused
from payments.models import (
    CreditAnnulment,
    CreditMatch,
    Notice,
    ReconciliationCase,
    SettlementReport,
    TreasuryCredit,
)
from payments.rules.reports import IncomingReport
from tests import cast
from tests.journeys.conftest import words
from tests.payments.conftest import NOW
from tests.payments.settled import FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_settlement import LATER, URI, document, open_labels, receive, refused

pytestmark = pytest.mark.django_db
PAGE = "/ufficio/riconciliazione/"
HEADER = "numero;data;importo;causale\n"


@pytest.fixture
def flow(notice: Notice) -> str:
    """Paid and reported: only the treasurer's money is missing."""
    receive(notice)
    kept(a_report(a_line(notice.iuv)))
    return FDR


def load(data: bytes | str, town: cast.Town) -> str:
    """What was taken, what was left out."""
    content = data if isinstance(data, bytes) else (HEADER + data).encode()
    name = "g.xml" if isinstance(data, bytes) else "g.csv"
    journal = treasury.load(data=content, name=name, by=town.gino, now=NOW).journal
    return f"{journal.taken} {journal.left_out}"


def reason(label: str) -> str:
    return ReconciliationCase.objects.open().get(label=label).reason


# -- taken back ----------------------------------------------------------------------------------------------------


def test_a_cancellation_of_our_number_counts_whatever_it_says(flow: str, town: cast.Town) -> None:
    load(opi(("1001", "102.00", "ESEGUITO", URI)), town)
    other = ("55", "9.00", "STORNATO", "STORNO PROVVISORIO N. 55 TARI VERDI")
    ours = ("0001001", "102.00", "STORNATO", "STORNO PROVVISORIO N. 1001 PER ERRATA ATTRIBUZIONE")
    assert load(opi(other, ours), town) == "1 1"
    assert open_labels() == ["IUF_NO_TES"]
    assert not TreasuryCredit.objects.filter(reference__contains="VERDI").exists()


def test_a_cancellation_in_the_file_of_its_credit_counts_too(flow: str, town: cast.Town) -> None:
    credit = ("1001", "102.00", "ESEGUITO", URI)
    assert load(opi(("1001", "102.00", "STORNATO", "STORNO"), credit), town) == "2 0"
    assert open_labels() == ["IUF_NO_TES"]


def test_the_cancellation_of_that_number_in_another_year_is_not_ours(flow: str, town: cast.Town) -> None:
    load(opi(("1001", "102.00", "ESEGUITO", URI)), town)
    data = opi(("1001", "102.00", "STORNATO", "STORNO")).replace(b"<esercizio>2026", b"<esercizio>2027")
    assert load(data, town) == "0 1"
    assert open_labels() == []


def test_a_part_taken_back_leaves_the_rest_and_the_flow_says_so(flow: str, town: cast.Town) -> None:
    load(opi(("9", "102.00", "ESEGUITO", URI), ("9", "2.00", "STORNATO", URI)), town)
    assert open_labels() == ["IUF_TES_DIV_IMP"]
    assert "il tesoriere ha ricevuto 100,00" in reason("IUF_TES_DIV_IMP")


def test_an_amount_below_zero_in_a_list_takes_back_the_credit_of_its_number(
    flow: str, town: cast.Town
) -> None:
    load(f"1003;25/11/2026;102,00;{URI}\n", town)
    assert open_labels() == []
    assert load("1003;26/11/2026;-102,00;STORNO ERRATO\n7;26/11/2026;-3,00;STORNO TARI\n", town) == "1 1"
    assert TreasuryCredit.objects.get(operation="cancelled").amount == Decimal("102.00")
    assert open_labels() == ["IUF_NO_TES"]


def test_an_amount_below_zero_with_a_number_of_its_own_takes_back_from_the_flow_it_names(
    flow: str, town: cast.Town
) -> None:
    load(f"1001;25/11/2026;102,00;{URI}\n1002;26/11/2026;€ -2,00;STORNO {URI}\n", town)
    assert open_labels() == ["IUF_TES_DIV_IMP"]
    assert "il tesoriere ha ricevuto 100,00" in reason("IUF_TES_DIV_IMP")
    load(f"1004;27/11/2026;-100,00;STORNO {URI}\n", town)
    assert open_labels() == ["IUF_NO_TES"], "nothing is left"


def test_a_flow_of_revoked_payments_alone_expects_no_money(notice: Notice, town: cast.Town) -> None:
    receive(notice)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    kept(a_report(a_line(notice.iuv, outcome="3"), fdr="2026-11-26BANCA-2", total="-102.00"))
    assert open_labels() == ["REVOKED"]


# -- the flow that is named ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", ["", "/", " RIF 4432"])
def test_a_flow_that_is_not_here_yet_does_not_pay_the_one_whose_name_begins_its_own(
    notice: Notice, town: cast.Town, tail: str
) -> None:
    receive(notice)
    kept(a_report(a_line(notice.iuv), fdr="2026-11-24BANCA-1"))
    root = "/PUR/LGPE-RIVERSAMENTO/URI/2026-11-24BANCA-1"
    treasury.record(credit=a_credit("1", "102.00", root), by=town.gino, now=NOW)
    treasury.record(credit=a_credit("2", "55.00", f"{root}2{tail}"), by=town.gino, now=NOW)
    assert open_labels() == ["TES_NO_IUF_OR_IUV"]
    assert "2026-11-24BANCA-12, che non è arrivato" in reason("TES_NO_IUF_OR_IUV")


def test_a_reference_that_names_a_flow_whole_is_not_searched_for_another(flow: str, town: cast.Town) -> None:
    both = f"STORNO E RIACCREDITO {FDR}, /PUR/LGPE-RIVERSAMENTO/URI/2026-11-20BANCA-7/"
    treasury.record(credit=a_credit("2", "55.00", both), by=town.gino, now=NOW)
    assert open_labels() == ["IUF_NO_TES", "TES_NO_IUF_OR_IUV"]


def test_the_old_days_of_a_credit_are_not_asked_for_again(flow: str, town: cast.Town) -> None:
    """A list that takes back, with its own number, a credit that is older than what is looked at."""
    load(f"1001;25/11/2026;102,00;{URI}\n", town)
    load(f"1001;10/12/2026;-102,00;STORNO {URI}\n", town)
    look = reconciliation.look(first=dt.date(2027, 1, 8), last=dt.date(2027, 1, 9), today=LATER.date())
    assert look.credits == ()


# -- written wrong -------------------------------------------------------------------------------------------------


def test_a_journal_puts_right_what_was_copied_wrong_by_hand(flow: str, town: cast.Town) -> None:
    typed = treasury.record(credit=a_credit(reference=f"{URI}x"), by=town.gino, now=NOW)
    assert "TES_NO_IUF_OR_IUV" in open_labels()
    second = ("1002", "50.00", "ESEGUITO", "/PUR/LGPE-RIVERSAMENTO/URI/2026-11-25BANCA-2")
    assert load(opi(("1001", "102.00", "ESEGUITO", URI), second), town) == "2 0"
    assert open_labels() == ["TES_NO_IUF_OR_IUV"], "only the flow that is not here"
    annulled = CreditAnnulment.objects.get()
    assert (annulled.credit, annulled.annulled_by, annulled.reason) == (typed, town.gino, treasury.PUT_RIGHT)


def test_what_was_copied_right_stays_the_credit_it_is(flow: str, town: cast.Town) -> None:
    typed = treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    journal = treasury.load(
        data=opi(("1001", "102.00", "ESEGUITO", URI)), name="g.xml", by=town.gino, now=NOW
    ).journal
    assert (journal.taken, journal.known) == (0, 1)
    assert TreasuryCredit.objects.standing().get() == typed


@pytest.mark.parametrize("wrong", ["hand", "csv"])
def test_the_office_annuls_what_it_wrote_and_writes_it_again(flow: str, town: cast.Town, wrong: str) -> None:
    if wrong == "hand":
        treasury.record(credit=a_credit(amount="12.00"), by=town.gino, now=NOW)
    else:
        load(f"1001;25/11/2026;12,00;{URI}\n", town)
    right = a_credit()
    with pytest.raises(treasury.CreditReused, match="annullalo"):
        treasury.record(credit=right, by=town.gino, now=NOW)
    for amount in ("12.00", "103.00"):
        credit = TreasuryCredit.objects.standing().get(amount=Decimal(amount))
        treasury.annul(credit=credit, reason=" Importo sbagliato. ", by=town.enzo, now=LATER)
        assert open_labels() == ["IUF_NO_TES"]
        treasury.record(
            credit=a_credit(amount="103.00") if amount == "12.00" else right, by=town.gino, now=NOW
        )
    assert open_labels() == []
    rows = TreasuryCredit.objects.order_by("edition").values_list(
        "amount", "annulment__reason", "annulment__annulled_by"
    )
    said = ("Importo sbagliato.", town.enzo.pk)
    assert list(rows) == [
        (Decimal("12.00"), *said),
        (Decimal("103.00"), *said),
        (Decimal("102.00"), None, None),
    ]


def test_an_annulled_credit_loses_its_match_and_is_annulled_once(flow: str, town: cast.Town) -> None:
    credit = treasury.record(credit=a_credit(reference="PAGOPA VARI"), by=town.gino, now=NOW)
    treasury.match(credit=credit, fdr=FDR, by=town.gino, now=NOW)
    treasury.annul(credit=credit, reason="Doppio.", by=town.gino, now=NOW)
    assert CreditMatch.objects.get().withdrawn_by == town.gino
    with pytest.raises(PaymentRefused, match="già annullato"):
        treasury.annul(credit=credit, reason="Doppio.", by=town.gino, now=NOW)
    with pytest.raises(PaymentRefused, match="Scrivi perché"):
        treasury.annul(credit=credit, reason=" ", by=town.gino, now=NOW)


def test_what_the_treasurer_wrote_is_not_the_office_s_to_annul(flow: str, town: cast.Town) -> None:
    load(opi(("1001", "102.00", "ESEGUITO", URI)), town)
    with pytest.raises(PaymentRefused, match="solo il tesoriere"):
        treasury.annul(credit=TreasuryCredit.objects.get(), reason="No.", by=town.gino, now=NOW)


def test_an_annulment_is_written_once(flow: str, town: cast.Town) -> None:
    credit = treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    treasury.annul(credit=credit, reason="Doppio.", by=town.gino, now=NOW)
    refused("settlement_is_written_once", lambda: CreditAnnulment.objects.update(reason="Altro."))
    refused("settlement_is_written_once", lambda: CreditAnnulment.objects.all()._raw_delete("default"))


def test_the_accounts_office_annuls_from_the_page_of_the_credits(
    flow: str, town: cast.Town, client_of: Callable[[User], Client]
) -> None:
    credit = treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    page, place = f"{PAGE}accrediti/?dal=2026-11-01&al=2026-11-30", f"{PAGE}accredito/{credit.pk}/annulla/"
    gino = client_of(town.gino)
    shown = gino.get(page)
    assert "1001/2026" in words(shown)
    assert place in shown.content.decode()
    assert "Scrivi perché lo annulli" in words(gino.post(place, follow=True))
    assert "annullato: non conta più" in words(gino.post(place, {"reason": "Doppio."}, follow=True))
    assert "Annullato" in words(gino.get(page))
    assert "Doppio." in words(gino.get(page))
    auditor = client_of(town.auditor)
    assert "Doppio." in words(auditor.get(page))
    assert auditor.post(place, {"reason": "x"}).status_code == 403
    assert client_of(town.anna).get(page).status_code == 403


# -- service and files ---------------------------------------------------------------------------------------------


def filed(report: IncomingReport, town: cast.Town) -> bool:
    return settlement.keep(incoming=report, channel="file", now=NOW, by=town.gino).is_new


def newest() -> list[tuple[int, Decimal]]:
    return list(SettlementReport.objects.newest().values_list("revision", "total"))


def test_what_the_service_publishes_counts_more_than_any_file(notice: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(notice.iuv, amount="100.00"), total="100.00"))
    assert filed(a_report(a_line(notice.iuv, amount="99.00"), total="99.00", revision=9), town)
    assert newest() == [(1, Decimal("100.00"))]
    kept(a_report(a_line(notice.iuv), revision=2))
    assert newest() == [(2, Decimal("102.00"))]


def test_a_file_that_took_the_revision_of_the_service_does_not_keep_it_out(
    notice: Notice, town: cast.Town
) -> None:
    filed(a_report(a_line(notice.iuv, amount="101.00"), total="101.00", revision=2), town)
    kept(a_report(a_line(notice.iuv), revision=2))
    assert newest() == [(2, Decimal("102.00"))]
    assert not filed(a_report(a_line(notice.iuv), revision=2), town), "the same content is recognised"
    with pytest.raises(settlement.ReportReused):
        kept(a_report(a_line(notice.iuv, amount="7.00"), total="7.00", revision=2))


def test_of_files_alone_the_last_revision_counts(notice: Notice, town: cast.Town) -> None:
    filed(a_report(a_line(notice.iuv), revision=2), town)
    filed(a_report(a_line(notice.iuv, amount="1.00"), total="1.00"), town)
    assert newest() == [(2, Decimal("102.00"))]


def test_an_older_revision_is_said_to_be_superseded(town: cast.Town) -> None:
    def said(data: bytes, revision: int) -> str:
        return settlement_upload.load(data=data, name="f.xml", revision=revision, by=town.gino, now=NOW)

    assert said(document(), 2) == f"Flusso {FDR} caricato: 1 pagamento."
    older = document(x=("10.00", "11.00"))
    assert said(older, 1).endswith("1 pagamento. È superato: conta la revisione 2, già caricata.")


def test_a_report_in_utf_16_is_read(town: cast.Town) -> None:
    data = document(x=('encoding="UTF-8"', 'encoding="UTF-16"')).decode().encode("utf-16")
    assert "caricato" in settlement_upload.load(data=data, name="f.xml", revision=1, by=town.gino, now=NOW)
    assert FDR in SettlementReport.objects.get().raw


def test_a_list_that_speaks_of_a_report_is_still_a_list(town: cast.Town) -> None:
    data = (HEADER + f"1;25/11/2026;12,00;FlussoRiversamento {URI}\n2;25/11/2026;1,00;TARI\n").encode()
    said = settlement_upload.load(data=data, name="e.csv", revision=1, by=town.gino, now=NOW)
    assert said == "Accrediti caricati: 1. 1 movimento non pagoPA non è stato preso."
