"""What banks and treasurer write is kept once, word by word; a person's decisions are kept beside it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from enrolments.errors import Refused
from payments import (
    books,
    fdr_document,
    reconciliation,
    revocations,
    settlement,
    settlement_polls,
    treasury,
)
from payments.closed_xml import LARGEST, UnreadableXml
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import (
    CreditMatch,
    Notice,
    Receipt,
    ReconciliationCase,
    SettlementLine,
    SettlementPoll,
    SettlementReport,
    TreasuryCredit,
    TreasuryJournal,
)
from payments.receipts import IncomingReceipt, record
from payments.rules import reports
from payments.rules.reports import WrongReport
from payments.simulator import day, documents
from payments.treasury_documents import read_list, read_opi
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.settled import DAY, FDR, a_credit, a_line, a_report, kept, opi
from wallets import books as wallet_books
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=10)
URI = f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}"


@pytest.fixture
def paid(notice: Notice) -> Notice:
    receive(notice)
    return notice


def receive(notice: Notice, receipt_id: str = "iur1") -> Receipt:
    incoming = IncomingReceipt(creditor().fiscal_code, receipt_id, notice.nav, notice.amount, paid_at=NOW)
    return record(incoming=incoming, channel=Receipt.Channel.SOAP, now=NOW)


def open_labels() -> list[str]:
    reconciliation.sync(now=LATER)
    return sorted(ReconciliationCase.objects.open().values_list("label", flat=True))


# -- reports -------------------------------------------------------------------------------------------------------


def test_the_same_report_twice_adds_nothing(notice: Notice) -> None:
    kept(a_report(a_line(notice.iuv)))
    again = settlement.keep(
        incoming=a_report(a_line(notice.iuv)), channel=SettlementReport.Channel.REST, now=NOW
    )
    assert not again.is_new
    assert (SettlementReport.objects.count(), SettlementLine.objects.count()) == (1, 1)


def test_other_content_under_the_same_revision_is_refused_loudly(notice: Notice) -> None:
    kept(a_report(a_line(notice.iuv)))
    with pytest.raises(settlement.ReportReused, match="altro contenuto"):
        kept(a_report(a_line(notice.iuv, amount="101.00"), total="101.00"))
    assert SettlementLine.objects.get().amount == Decimal("102.00")


def test_a_new_revision_replaces_the_one_before_and_everything_is_compared_again(paid: Notice) -> None:
    kept(a_report(a_line(paid.iuv, amount="100.00"), total="100.00"))
    treasury.record(credit=a_credit(), by=_accounts(), now=NOW)
    assert open_labels() == ["IUF_TES_DIV_IMP", "RT_IUF_DIV_IMP"]
    kept(a_report(a_line(paid.iuv), revision=2))
    assert open_labels() == []
    assert ReconciliationCase.objects.filter(solved_at__isnull=False).count() == 2


def _accounts() -> Any:
    from identity.models import Role, User

    return User.objects.get(role=Role.ACCOUNTS)


def test_the_report_of_another_body_is_refused(notice: Notice) -> None:
    with pytest.raises(PaymentRefused, match="altro ente"):
        kept(a_report(a_line(notice.iuv), receiver="99999999999"))


def test_payments_of_other_services_are_kept_for_the_sum_and_are_nobodys_case(paid: Notice) -> None:
    other = a_line("47000000000004285", iur="iur2", amount="8.00")
    kept(a_report(a_line(paid.iuv), other, total="110.00"))
    treasury.record(credit=a_credit(amount="110.00"), by=_accounts(), now=NOW)
    assert list(SettlementLine.objects.order_by("position").values_list("is_ours", flat=True)) == [
        True,
        False,
    ]
    assert open_labels() == []


# -- the file ------------------------------------------------------------------------------------------------------


def document(**changes: tuple[str, str]) -> bytes:
    """A file as the simulated bank writes it, with words changed."""
    payments = [day.Payment("iur1", "01000000000004285", Decimal("10.00"), "2026-11-24T10:00:00")]
    body = day.Body(creditor().fiscal_code, "Comune")
    made = day.report(fdr=FDR, revision=1, payments=payments, defects=(), body=body, now=NOW)
    text = documents.settlement(made).decode()
    for old, new in changes.values():
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize("name", ["valid_00", "valid_01"])
def test_the_official_samples_are_read(reference: Path, name: str) -> None:
    (path,) = (reference / "samples" / "fdr").glob(f"{name}*.xml")
    report = fdr_document.read(path.read_bytes())
    assert report.fdr == "2024-01-1570000000001-0000000001"
    assert report.psp == "70000000001"
    assert (report.total, report.payments, report.lines[0].outcome) == (Decimal("10.00"), 1, "0")


@pytest.mark.parametrize("outcome", ["0", "4", "8", "9"])
def test_outcomes_that_the_schema_forgot_are_read(outcome: str) -> None:
    changed = (
        "<pay_i:codiceEsitoSingoloPagamento>0<",
        f"<pay_i:codiceEsitoSingoloPagamento>{outcome}<",
    )
    data = document(outcome=changed)
    assert fdr_document.read(data).lines[0].outcome == outcome


@pytest.mark.parametrize("written", ["10.00", "-10.00", "-10,00"])
def test_a_revoked_amount_counts_below_zero_whatever_its_sign(written: str) -> None:
    data = document(
        outcome=("<pay_i:codiceEsitoSingoloPagamento>0<", "<pay_i:codiceEsitoSingoloPagamento>3<"),
        amount=("<pay_i:singoloImportoPagato>10.00<", f"<pay_i:singoloImportoPagato>{written}<"),
    )
    assert fdr_document.read(data).lines[0].amount == Decimal("-10.00")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "vuoto"),
        (b"<a", "non è un XML"),
        (b"<a/>", "FlussoRiversamento"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><FlussoRiversamento>&b;</FlussoRiversamento>', "DOCTYPE"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a SYSTEM "http://x.example/"><a/>'.encode("utf-16"), "DOCTYPE"),
        (b" " * (LARGEST + 1) + b"<a/>", "10 MB"),
        (document(x=("10.00", "dieci")), "non è un importo"),
        (document(x=("10.00", "1e999999999")), "non è un importo"),
        (document(x=("Pagamento>0<", "Pagamento>7<")), "esito sconosciuto"),
        (document(x=("identificativoFlusso>2026", "identificativoFlusso>?2026")), "identificativo valido"),
        (document(x=("2026-11-24T", "ieri")), "non si legge"),
        (document(x=("Flusso>2026-11-24T", "Flusso>9999-11-24T")), "data impossibile"),
        (document(x=("Flusso>2026-11-24T", "Flusso>0001-11-24T")), "data impossibile"),
        (document(x=("Regolamento>2026-11-24<", "Regolamento>9999-12-31<")), "data impossibile"),
        (document(x=("Pagamento>2026-11-24<", "Pagamento>9999-12-31<")), "data impossibile"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableXml, match=words):
        fdr_document.read(data)


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "10.005", "Infinity"])
def test_an_impossible_amount_is_refused(amount: str) -> None:
    with pytest.raises(WrongReport):
        reports.line(iuv="1", iur="2", transfer=1, amount=Decimal(amount), outcome="0", paid_on=DAY)


# -- the treasurer -------------------------------------------------------------------------------------------------


def test_a_journal_is_read_for_pagopa_only(town: cast.Town) -> None:
    data = opi(
        ("0001001", "102.00", "ESEGUITO", URI),
        ("1002", "55.00", "ESEGUITO", "TARI 2026 VERDI CARLA"),
        ("1001", "102.00", "REGOLARIZZATO", URI),
    )
    journal = treasury.load(data=data, name="g.xml", by=town.gino, now=NOW).journal
    assert (journal.taken, journal.known, journal.left_out) == (1, 0, 2)
    credit = TreasuryCredit.objects.get()
    assert (credit.number, credit.amount, credit.iuf) == ("1001", Decimal("102.00"), FDR)
    assert not TreasuryCredit.objects.filter(reference__contains="VERDI").exists()


def test_the_same_journal_twice_adds_nothing_and_a_longer_one_only_what_is_new(town: cast.Town) -> None:
    first = opi(("1001", "102.00", "ESEGUITO", URI))
    assert treasury.load(data=first, name="g.xml", by=town.gino, now=NOW).is_new
    assert not treasury.load(data=first, name="g.xml", by=town.gino, now=NOW).is_new
    longer = opi(("1001", "102.00", "ESEGUITO", URI), ("1002", "7.00", "ESEGUITO", URI))
    journal = treasury.load(data=longer, name="g.xml", by=town.gino, now=NOW).journal
    assert (journal.taken, journal.known) == (1, 1)
    assert TreasuryCredit.objects.count() == 2


def test_another_amount_under_the_same_number_is_refused_and_nothing_is_kept(town: cast.Town) -> None:
    treasury.load(data=opi(("1001", "102.00", "ESEGUITO", URI)), name="g.xml", by=town.gino, now=NOW)
    wrong = opi(("1002", "7.00", "ESEGUITO", URI), ("1001", "99.00", "ESEGUITO", URI))
    with pytest.raises(treasury.CreditReused, match="1001/2026"):
        treasury.load(data=wrong, name="g.xml", by=town.gino, now=NOW)
    assert (TreasuryCredit.objects.count(), TreasuryJournal.objects.count()) == (1, 1)


def test_a_cancelled_credit_no_longer_counts(paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv)))
    treasury.load(data=opi(("1001", "102.00", "ESEGUITO", URI)), name="g.xml", by=town.gino, now=NOW)
    assert open_labels() == []
    treasury.load(data=opi(("1001", "-102.00", "STORNATO", URI)), name="h.xml", by=town.gino, now=NOW)
    assert open_labels() == ["IUF_NO_TES"]


@pytest.mark.parametrize(
    "text",
    [
        f"Numero;Data;Importo;Causale\n1001;25/11/2026;102,00;{URI}\n",
        f"causale,data movimento,numero sospeso,importo\n{URI},2026-11-25,1001,102.00\n",
        f"Provvisorio;Data contabile;Avere;Descrizione;Note\n0001001;25-11-2026;€ 102,00;{URI};x\n",
        f"Numero;Data;Importo;Causale\n1001;25/11/26 00:00;102,00;{URI}\n",
    ],
)
def test_a_list_is_read_in_whatever_order_its_columns_are(text: str) -> None:
    (credit,) = read_list(text.encode(), "elenco.csv").credits
    assert (credit.number, credit.amount, credit.booked_on) == (
        "1001",
        Decimal("102.00"),
        DAY + dt.timedelta(1),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "vuoto"),
        ("Numero;Data;Importo\n1;25/11/2026;1,00\n", "causale"),
        (f"Numero;Data;Importo;Causale\n1;domani;1,00;{URI}\n", "non è una data"),
        (f"Numero;Data;Importo;Causale\n1;25/11/2026;un euro;{URI}\n", "non è un importo"),
        (f"Numero;Data;Importo;Causale\n1;25/11/2026;1e999999999;{URI}\n", "non è un importo"),
        (f"Numero;Data;Importo;Causale\n;25/11/2026;1,00;{URI}\n", "numero del sospeso"),
        (f"Numero;Data;Importo;Causale\n1;25/11/9999;1,00;{URI}\n", "non è una data"),
        (f"Numero;Data;Importo;Causale\n1;25/11/0026;1,00;{URI}\n", "non è una data"),
        (f"Numero;Data;Importo;Causale;Valuta\n1;25/11/2026;1,00;{URI};0001-01-01\n", "non è una data"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_list(text.encode(), "elenco.csv")


@pytest.mark.parametrize(
    ("written", "euro"),
    [("1.200", "1200"), ("2.500", "2500"), ("1.234.567", "1234567"), ("1.234.567,8", "1234567.80"),
     ("1.200,00", "1200"), ("1200", "1200"), ("1200.5", "1200.50"), ("€ 1 234,50", "1234.50")],
)  # fmt: skip
def test_thousands_of_a_list_are_not_cents(written: str, euro: str) -> None:
    (credit,) = read_list(
        f"Numero;Data;Importo;Causale\n1;25/11/2026;{written};{URI}\n".encode(), "e.csv"
    ).credits
    assert credit.amount == Decimal(euro)


@pytest.mark.parametrize("written", ["1,200", "1200,500", "1,200.00", "1.20.00", "1'234,50", "٤٥,٠٠", "1e3"])
def test_an_amount_that_may_be_read_in_two_ways_is_refused_with_its_row(written: str) -> None:
    with pytest.raises(Refused, match=r"riga 2.*1\.200,00"):
        read_list(f"Numero;Data;Importo;Causale\n1;25/11/2026;{written};{URI}\n".encode(), "e.csv")


def test_what_is_not_a_journal_is_refused() -> None:
    with pytest.raises(UnreadableXml, match="giornale di cassa"):
        read_opi(b"<fattura/>")


def test_a_credit_typed_twice_is_one(town: cast.Town) -> None:
    for _ in range(2):
        treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert TreasuryCredit.objects.count() == 1
    with pytest.raises(treasury.CreditReused):
        treasury.record(credit=a_credit(amount="1.00"), by=town.gino, now=NOW)


def test_an_unreadable_credit_is_matched_by_a_person_and_unmatched(paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv)))
    credit = treasury.record(credit=a_credit(reference="PAGOPA VARI"), by=town.gino, now=NOW)
    assert open_labels() == ["IUF_NO_TES", "TES_NO_IUF_OR_IUV"]
    with pytest.raises(PaymentRefused, match="non c'è"):
        treasury.match(credit=credit, fdr="ignoto", by=town.gino, now=NOW)
    for _ in range(2):
        treasury.match(credit=credit, fdr=FDR, by=town.gino, now=NOW)
    assert open_labels() == []
    treasury.unmatch(credit=credit, by=town.gino, now=NOW)
    assert open_labels() == ["IUF_NO_TES", "TES_NO_IUF_OR_IUV"]
    assert CreditMatch.objects.get().withdrawn_by == town.gino


def test_a_reference_that_cannot_be_parsed_still_carries_its_flow(paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv)))
    spoilt = "LGPE RIV.TO BANCA 202 6-11-24B ANCA-00 01 VARI"
    credit = treasury.record(credit=a_credit(reference=spoilt), by=town.gino, now=NOW)
    assert credit.iuf == ""
    assert open_labels() == []


# -- what follows --------------------------------------------------------------------------------------------------


def test_money_never_waits_for_the_reconciliation(paid: Notice, town: cast.Town) -> None:
    assert Wallet.objects.get(household=town.family).balance == Decimal("102.00")
    assert open_labels() == [], "no report has ever come: nothing is awaited"


def test_a_revoked_payment_of_another_amount_is_for_a_person(paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv), a_line(paid.iuv, amount="2.00", outcome="3"), total="100.00"))
    treasury.record(credit=a_credit(amount="100.00"), by=town.gino, now=NOW)
    assert open_labels() == ["REVOKED"]
    assert reconciliation.follow_up(now=LATER) == 0
    assert Wallet.objects.get(household=town.family).balance == Decimal("102.00")


def test_a_credit_from_the_report_and_the_late_receipt_are_one_credit(
    notice: Notice, town: cast.Town
) -> None:
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == ["IUV_NO_RT"]
    case = ReconciliationCase.objects.open().get()
    reconciliation.credit_from_report(case=case, by=town.gino, now=LATER)
    receive(notice)
    assert Entry.objects.count() == 1
    assert Receipt.objects.get().deliveries == 2
    assert open_labels() == []
    case.refresh_from_db()
    with pytest.raises(PaymentRefused, match="non è più aperto"):
        reconciliation.credit_from_report(case=case, by=town.gino, now=LATER)


def test_a_case_is_closed_once_with_a_reason(notice: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(notice.iuv)))
    open_labels()
    case = ReconciliationCase.objects.open().filter(label="IUV_NO_RT").get()
    with pytest.raises(PaymentRefused, match="Scrivi"):
        reconciliation.close(case=case, note="  ", by=town.gino, now=LATER)
    reconciliation.close(case=case, note="Accordo con la banca.", by=town.gino, now=LATER)
    with pytest.raises(PaymentRefused, match="già chiuso"):
        reconciliation.close(case=case, note="Ancora.", by=town.gino, now=LATER)
    assert "IUV_NO_RT" not in open_labels(), "closed by a person stays closed"


def test_comparing_asks_the_database_the_same_few_questions(
    town: cast.Town, issue: Callable[..., Notice], django_assert_max_num_queries: Any
) -> None:
    notices = [issue("10.00") for _ in range(6)]
    lines = [a_line(one.iuv, iur=f"iur{one.pk}", amount="10.00") for one in notices]
    kept(a_report(*lines, total="60.00"))
    with django_assert_max_num_queries(6):
        reconciliation.look(first=DAY, last=DAY, today=LATER.date())


# -- what the database refuses -------------------------------------------------------------------------------------


def refused(name: str, work: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        work()
    assert error.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]


@pytest.fixture
def report(notice: Notice) -> SettlementReport:
    return kept(a_report(a_line(notice.iuv)))


def test_evidence_is_neither_changed_nor_deleted(report: SettlementReport, town: cast.Town) -> None:
    credit = treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    treasury.load(data=opi(("7", "1.00", "ESEGUITO", URI)), name="g.xml", by=town.gino, now=NOW)
    rule = "settlement_is_written_once"
    refused(rule, lambda: SettlementReport.objects.update(total=1))
    refused(rule, lambda: SettlementLine.objects.update(amount=1))
    refused(rule, lambda: TreasuryCredit.objects.filter(pk=credit.pk).update(amount=1))
    refused(rule, lambda: TreasuryJournal.objects.all()._raw_delete("default"))
    refused(rule, lambda: SettlementLine.objects.all()._raw_delete("default"))


def test_a_report_keeps_its_rules(report: SettlementReport, town: cast.Town) -> None:
    def again(**changes: Any) -> Callable[[], object]:
        values = {
            field.name: getattr(report, field.name) for field in report._meta.fields if field.name != "id"
        }
        return lambda: SettlementReport.objects.create(**{**values, **changes})

    refused("one_report_per_revision", again())
    refused("report_revision_from_one", again(revision=0))
    refused("uploaded_report_says_by_whom", again(revision=2, channel="file"))


def test_a_line_keeps_its_rules(report: SettlementReport) -> None:
    def line(**changes: Any) -> Callable[[], object]:
        values: dict[str, Any] = {
            "report": report,
            "position": 2,
            "iuv": "1",
            "iur": "2",
            "amount": Decimal("1.00"),
            "outcome": "0",
            "paid_on": DAY,
            "is_ours": True,
        }
        return lambda: SettlementLine.objects.create(**{**values, **changes})

    refused("one_line_per_position", line(position=1))
    refused("line_outcome_is_known", line(outcome="7"))
    refused("line_transfer_one_to_five", line(transfer=6))
    refused("only_revoked_lines_are_negative", line(amount=Decimal("-1.00")))
    refused("only_revoked_lines_are_negative", line(outcome="3"))


def test_a_credit_keeps_its_rules(town: cast.Town) -> None:
    credit = treasury.record(credit=a_credit(), by=town.gino, now=NOW)

    def again(**changes: Any) -> Callable[[], object]:
        values = {
            field.name: getattr(credit, field.name) for field in credit._meta.fields if field.name != "id"
        }
        return lambda: TreasuryCredit.objects.create(**{**values, **changes})

    refused("one_credit_per_number", again())
    refused("credit_above_zero", again(number="2", amount=Decimal(0)))
    refused("credit_journal_follows_source", again(number="2", source="opi"))


def test_a_match_is_one_and_is_only_withdrawn(report: SettlementReport, town: cast.Town) -> None:
    credit = treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    treasury.match(credit=credit, fdr=FDR, by=town.gino, now=NOW)
    refused(
        "one_match_per_credit",
        lambda: CreditMatch.objects.create(credit=credit, fdr="x", decided_at=NOW, decided_by=town.gino),
    )
    refused("withdrawn_match_says_by_whom", lambda: CreditMatch.objects.update(withdrawn_at=NOW))
    refused("match_is_only_withdrawn", lambda: CreditMatch.objects.update(fdr="altro"))
    refused("match_is_only_withdrawn", lambda: CreditMatch.objects.all()._raw_delete("default"))


def test_a_case_keeps_its_rules(report: SettlementReport, paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv), a_line(paid.iuv, outcome="3"), revision=2, total="0.00"))
    reconciliation.sync(now=LATER)
    assert reconciliation.follow_up(now=LATER) == 1
    case = ReconciliationCase.objects.get(label="REVOKED")
    assert revocations.reverse(case=case, now=LATER) == 0
    assert wallet_books.run(books.CHECKS) == []
    rows = ReconciliationCase.objects.filter(pk=case.pk)
    refused("revoked_payment_is_reversed_once", lambda: rows.update(reversal=None))
    refused("case_is_never_deleted", lambda: rows._raw_delete("default"))
    refused("closed_case_says_who_and_why", lambda: rows.update(closed_at=NOW))
    refused("case_label_is_known", lambda: rows.update(label="BOH"))
    refused("only_revoked_cases_have_a_reversal", lambda: rows.update(label="DUPLICATE"))


def test_one_round_of_questions_at_a_time(town: cast.Town) -> None:
    poll = settlement_polls.ask(now=NOW, by=town.gino)
    assert settlement_polls.ask(now=NOW) == poll
    refused("one_poll_at_a_time", lambda: SettlementPoll.objects.create(asked_at=NOW))
    rows = SettlementPoll.objects.filter(pk=poll.pk)
    refused("poll_never_does_more_than_there_is", lambda: rows.update(done=1))
    refused("running_poll_has_no_end", lambda: rows.update(is_running=False))


def test_the_rounds_are_daily_and_an_hour_after_a_failure(no_node: str, town: cast.Town) -> None:
    assert settlement_polls.is_due(now=NOW)
    poll = settlement_polls.run(poll=settlement_polls.ask(now=NOW), now=NOW)
    assert poll.problem.startswith("Il servizio dei flussi di pagoPA non risponde")
    assert not settlement_polls.is_due(now=NOW + dt.timedelta(minutes=50))
    assert settlement_polls.is_due(now=NOW + dt.timedelta(minutes=70))


def test_a_round_that_died_is_begun_again(town: cast.Town) -> None:
    settlement_polls.ask(now=NOW)
    assert not settlement_polls.is_due(now=NOW + dt.timedelta(minutes=5))
    assert settlement_polls.is_due(now=NOW + dt.timedelta(minutes=11))


def test_without_a_key_nobody_is_asked(settings: Any) -> None:
    assert settlement_polls.is_on()
    settings.PAGOPA_MODE = "gpd"
    settings.PAGOPA_KEYS = {name: [] for name in settings.PAGOPA_PRODUCTS}
    assert not settlement_polls.is_on()
