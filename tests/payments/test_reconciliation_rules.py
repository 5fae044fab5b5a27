"""The classifier as the accounts office would explain it: who paid, what the bank says, what the treasurer received."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from payments.rules import treasury_reference
from payments.rules.evidence import Books, CreditFact, Judgement, LineFact, ReceiptFact, ReportFact
from payments.rules.labels import Label
from payments.rules.reconciliation import is_late, judge

TUESDAY = dt.date(2026, 11, 24)
FLOW = "2026-11-24BANCA-0001"
TEN = Decimal("10.00")
RECEIPT = ReceiptFact(pk=1, receipt_id="iur1", iuv="01000000000004285", amount=TEN, paid_on=TUESDAY)
LINE = LineFact(
    pk=11,
    report=21,
    iur="iur1",
    iuv="01000000000004285",
    transfer=1,
    amount=TEN,
    outcome="0",
    paid_on=TUESDAY,
)
REPORT = ReportFact(pk=21, fdr=FLOW, total=TEN, payments=1, day=TUESDAY + dt.timedelta(days=1))
CREDIT = CreditFact(pk=31, amount=TEN, iuf=FLOW, iuv="", booked_on=TUESDAY + dt.timedelta(days=1))
LATER = TUESDAY + dt.timedelta(days=20)


def judged(
    receipts: list[ReceiptFact] | None = None,
    lines: list[LineFact] | None = None,
    reports: list[ReportFact] | None = None,
    credits_: list[CreditFact] | None = None,
    today: dt.date = LATER,
) -> Judgement:
    """One payment that tallies, unless told otherwise."""
    books = Books(
        receipts=[RECEIPT] if receipts is None else receipts,
        lines=[LINE] if lines is None else lines,
        reports=[REPORT] if reports is None else reports,
        credits=[CREDIT] if credits_ is None else credits_,
    )
    return judge(books, today=today)


def labels(found: Judgement) -> list[Label]:
    return [finding.label for finding in found.findings]


def test_paid_reported_and_credited_is_closed() -> None:
    found = judged()
    assert found.receipts == {1: Label.RT_IUF_TES}
    assert found.findings == []


def test_reported_but_not_credited_waits_and_then_is_a_case_of_the_flow() -> None:
    assert judged(credits_=[], today=TUESDAY).findings == []
    late = judged(credits_=[])
    assert (late.receipts[1], labels(late)) == (Label.RT_IUF, [Label.IUF_NO_TES])


@pytest.mark.parametrize(
    ("day", "alarm"),
    [("2026-11-25", False), ("2026-11-27", False), ("2026-11-29", False), ("2026-11-30", True)],
)
def test_paid_and_not_reported_alarms_after_three_working_days(day: str, alarm: bool) -> None:
    found = judged(lines=[], reports=[], credits_=[], today=dt.date.fromisoformat(day))
    assert found.receipts == {1: Label.RT_NO_IUF}
    assert labels(found) == ([Label.RT_NO_IUF] if alarm else [])


def test_working_days_skip_the_week_end() -> None:
    assert not is_late(dt.date(2026, 11, 20), dt.date(2026, 11, 25))
    assert is_late(dt.date(2026, 11, 20), dt.date(2026, 11, 26))


def test_reported_without_a_receipt_is_found_once() -> None:
    found = judged(receipts=[])
    assert labels(found) == [Label.IUV_NO_RT]
    assert found.findings[0].line == 11


def test_a_credit_of_another_amount_is_said_with_both_amounts() -> None:
    found = judged(credits_=[replace(CREDIT, amount=Decimal("9.50"))])
    assert labels(found) == [Label.IUF_TES_DIV_IMP]
    assert "10,00" in found.findings[0].reason
    assert "9,50" in found.findings[0].reason
    assert found.receipts == {1: Label.RT_IUF}


def test_a_flow_paid_with_two_transfers_tallies_on_their_sum() -> None:
    halves = [replace(CREDIT, amount=Decimal("4.00")), replace(CREDIT, pk=32, amount=Decimal("6.00"))]
    assert judged(credits_=halves).receipts == {1: Label.RT_IUF_TES}


def test_a_credit_without_a_name_is_unidentified_and_the_flow_of_that_amount_is_suggested() -> None:
    found = judged(credits_=[replace(CREDIT, iuf="")])
    assert set(labels(found)) == {Label.IUF_NO_TES, Label.TES_NO_IUF_OR_IUV}
    unknown = next(one for one in found.findings if one.label is Label.TES_NO_IUF_OR_IUV)
    assert FLOW in unknown.reason


def test_a_credit_whose_flow_is_still_on_the_way_is_no_case_yet() -> None:
    early = [replace(CREDIT, iuf="2026-11-24ALTRA-9", booked_on=LATER)]
    assert labels(judged(lines=[], reports=[], receipts=[], credits_=early)) == []


def test_the_same_payment_in_two_flows_is_a_duplicate_and_credits_nothing() -> None:
    again = replace(LINE, pk=12, report=22)
    second = replace(REPORT, pk=22, fdr="2026-11-25BANCA-0002")
    both = [CREDIT, replace(CREDIT, pk=32, iuf="2026-11-25BANCA-0002")]
    found = judged(lines=[LINE, again], reports=[REPORT, second], credits_=both)
    assert labels(found) == [Label.DUPLICATE]
    assert found.findings[0].line == 12


def test_two_shares_of_one_payment_are_no_duplicate() -> None:
    lines = [LINE, replace(LINE, pk=12, transfer=2)]
    report = replace(REPORT, total=Decimal("20.00"), payments=2)
    credit = replace(CREDIT, amount=Decimal("20.00"))
    assert labels(judged(lines=lines, reports=[report], credits_=[credit])) == []


@pytest.mark.parametrize("total", ["10.00", "0.00", "20.00"])
def test_a_revoked_payment_is_a_case_whatever_the_bank_sums(total: str) -> None:
    revoked = replace(LINE, pk=12, amount=-TEN, outcome="3")
    report = replace(REPORT, total=Decimal(total), payments=2)
    found = judged(lines=[LINE, revoked], reports=[report], credits_=[replace(CREDIT, amount=Decimal(total))])
    assert found.receipts == {1: Label.REVOKED}
    assert labels(found) == [Label.REVOKED]
    assert found.findings[0].line == 12


def test_a_flow_that_does_not_sum_is_a_case() -> None:
    wrong = judged(
        reports=[replace(REPORT, total=Decimal("11.00"))],
        credits_=[replace(CREDIT, amount=Decimal("11.00"))],
    )
    assert labels(wrong) == [Label.IUF_SUM]
    assert labels(judged(reports=[replace(REPORT, payments=2)])) == [Label.IUF_SUM]


def test_an_amount_that_differs_from_the_receipt_is_a_case() -> None:
    found = judged(receipts=[replace(RECEIPT, amount=Decimal("12.00"))])
    assert found.receipts == {1: Label.RT_IUF_DIV_IMP}
    assert labels(found) == [Label.RT_IUF_DIV_IMP]


def test_money_of_other_services_of_the_town_is_not_our_case() -> None:
    found = judged(receipts=[], lines=[replace(LINE, ours=False)], credits_=[])
    assert found.findings == []


def test_a_single_transfer_with_the_iuv_closes_the_payment() -> None:
    single = replace(CREDIT, iuf="", iuv="01000000000004285")
    found = judged(lines=[], reports=[], credits_=[single])
    assert (found.receipts, found.findings) == ({1: Label.RT_TES}, [])


def test_a_paper_receipt_is_found_by_the_number_of_its_notice() -> None:
    paper = replace(RECEIPT, receipt_id="avviso-301000000000004285", named=False)
    assert judged(receipts=[paper]).receipts == {1: Label.RT_IUF_TES}


def test_a_second_paper_of_the_same_money_is_not_counted_but_claims_its_line() -> None:
    assert judged(receipts=[replace(RECEIPT, counts=False)]).receipts == {}
    assert judged(receipts=[replace(RECEIPT, counts=False)]).findings == []


@pytest.mark.parametrize("label", list(Label))
def test_every_label_has_words_for_people(label: Label) -> None:
    assert label.words[0].islower()


# -- the reference of the transfer ---------------------------------------------------------------------------------


def test_every_reference_of_real_banks_gives_its_flow(reference: Path) -> None:
    vectors = json.loads((reference / "vectors.json").read_text("utf-8"))["treasury_causale"]
    assert vectors
    for vector in vectors:
        assert treasury_reference.parse(vector["text"]).iuf == vector["iuf"]


@pytest.mark.parametrize(
    "text",
    [
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-11-24BANCA-0001",
        "/PUR/LGPE-RIVERSAMENTO/TXT/1/URI/2026-11-24BANCA-0001",
        "PUR LGPE-RIVERSAMENTO URI 2026-11-24BANCA-0001",
        "ACCREDITI VARI PUR/LGPE- RIVERSAMENTO/URI/2026-11-24BANCA-0001 ORD. BANCA SPA",
        "BONIFICO DA BANCA:/PUR/L GPE-RIVERSAMENTO/URI/2026-1 1-24BANCA-0001",
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-11-24 BANCA-0001",
        "ri3:/pur/lgpe-riversamento/uri/2026-11-24BANCA-0001 :SEC:CASH",
        "VS FAVORE 2026-11-24BANCA-0001 RIF 4432",
    ],
)
def test_a_mangled_reference_gives_its_flow(text: str) -> None:
    assert treasury_reference.parse(text).iuf == FLOW
    assert treasury_reference.is_pagopa(text)


@pytest.mark.parametrize(
    ("text", "iuv"),
    [
        ("/RFB/01000000000004285/10.00/TXT/mensa", "01000000000004285"),
        ("/RFB/01000000000004285", "01000000000004285"),
        ("RFB 0100 0000 0000 04285 10.00", "01000000000004285"),
        ("BON. SEPA /RFS/RF45w9/10.00", "RF45w9"),
    ],
)
def test_a_single_reference_gives_its_iuv(text: str, iuv: str) -> None:
    assert treasury_reference.parse(text).iuv == iuv


@pytest.mark.parametrize(
    "text", ["", "TARI 2026 saldo", "Diritti di segreteria, PROFS/ABC", "F24 delega 123"]
)
def test_what_other_citizens_pay_is_not_for_us(text: str) -> None:
    assert not treasury_reference.is_pagopa(text)


def test_an_identifier_survives_any_blank_and_slash() -> None:
    spoilt = "PUR LGPE RIVERS AMENTO U RI 2026-11-2 4BAN CA-00 01"
    assert treasury_reference.names(spoilt, FLOW)
    assert treasury_reference.names(f"{spoilt} VARI", FLOW)
    assert not treasury_reference.names(spoilt, "2026-11-24BANCA-0002")


@pytest.mark.parametrize("longer", ["12", "1 2", "1B", "1-2", "1_B"])
def test_the_beginning_of_another_identifier_is_not_named(longer: str) -> None:
    assert not treasury_reference.names(
        f"/PUR/LGPE-RIVERSAMENTO/URI/2026-11-24BANCA-{longer}", "2026-11-24BANCA-1"
    )
