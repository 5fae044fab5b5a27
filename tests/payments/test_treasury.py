"""What the treasurer takes back, what names another flow, what was typed wrong: the money of a flow is what is left of it."""

import datetime as dt
from decimal import Decimal

import pytest

from payments import reconciliation, treasury
from payments.models import Notice, ReconciliationCase, TreasuryCredit
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.settled import FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_settlement import LATER, URI, open_labels, receive

pytestmark = pytest.mark.django_db
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
