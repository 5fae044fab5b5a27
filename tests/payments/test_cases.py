"""Cases from beginning to end: what the bank and the node say later is followed to the cent, and nobody is forgotten."""

import datetime as dt
from decimal import Decimal

import pytest

from payments import books, reconciliation, treasury
from payments.models import Notice, Receipt, ReconciliationCase
from payments.rules.reports import IncomingLine
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.settled import FDR, a_line, a_report, kept, opi
from tests.payments.test_settlement import open_labels, receive
from wallets import books as wallet_books
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=10)
URI = f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}"


@pytest.fixture
def paid(notice: Notice) -> Notice:
    receive(notice)
    return notice


def revoked(iuv: str, iur: str = "iur1") -> IncomingLine:
    return a_line(iuv, iur, outcome="3")


def follow(times: int = 2) -> None:
    """As the sweep does, again and again."""
    for _ in range(times):
        reconciliation.sync(now=LATER)
        reconciliation.follow_up(now=LATER)


def balance(town: cast.Town) -> Decimal:
    return Wallet.objects.get(household=town.family).balance


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("executed", [False, True])
def test_a_payment_revoked_before_its_receipt_is_reversed_when_the_receipt_comes(
    notice: Notice, town: cast.Town, executed: bool, closed: bool
) -> None:
    lines = [a_line(notice.iuv), revoked(notice.iuv)] if executed else [revoked(notice.iuv)]
    kept(a_report(*lines, total="0.00" if executed else "-102.00"))
    follow()
    early = ReconciliationCase.objects.open().get(label="REVOKED")
    assert (early.receipt, "nessun borsellino" in early.reason) == (None, True)
    assert "non c'è nulla da stornare" in early.to_do
    if closed:
        reconciliation.close(case=early, note="Non era arrivato.", by=town.gino, now=LATER)
    receive(notice)
    follow()
    assert balance(town) == 0
    case = ReconciliationCase.objects.open().get(label="REVOKED")
    assert case.receipt == Receipt.objects.get()
    assert "ha revocato il pagamento dopo la ricevuta" in case.reason
    assert case.reversal is not None
    assert wallet_books.run(books.CHECKS) == []


def test_a_case_shows_the_credit_that_still_counts_and_the_newest_revision(
    paid: Notice, town: cast.Town
) -> None:
    kept(a_report(a_line(paid.iuv)))
    treasury.load(data=opi(("1", "101.00", "ESEGUITO", URI)), name="a.xml", by=town.gino, now=NOW)
    assert open_labels() == ["IUF_TES_DIV_IMP"]
    other = opi(("1", "101.00", "STORNATO", URI), ("2", "101.00", "ESEGUITO", URI))
    treasury.load(data=other, name="b.xml", by=town.gino, now=NOW)
    newest = kept(a_report(a_line(paid.iuv), revision=2))
    assert open_labels() == ["IUF_TES_DIV_IMP"]
    case = ReconciliationCase.objects.open().select_related("credit").get()
    assert (case.credit and case.credit.number, case.report) == ("2", newest)


def test_a_revoked_payment_is_reversed_also_when_its_case_is_closed_first(
    paid: Notice, town: cast.Town
) -> None:
    kept(a_report(a_line(paid.iuv), revoked(paid.iuv), total="0.00"))
    assert "REVOKED" in open_labels()
    case = ReconciliationCase.objects.open().get(label="REVOKED")
    reconciliation.close(case=case, note="Visto.", by=town.gino, now=LATER)
    follow()
    assert balance(town) == 0
    case.refresh_from_db()
    assert (case.is_open, case.reversal is not None) == (False, True)


@pytest.mark.parametrize("closed", [False, True])
def test_a_revocation_withdrawn_before_the_reversal_takes_nothing(
    paid: Notice, town: cast.Town, closed: bool
) -> None:
    kept(a_report(a_line(paid.iuv), revoked(paid.iuv), total="0.00"))
    open_labels()
    if closed:
        case = ReconciliationCase.objects.get(label="REVOKED")
        reconciliation.close(case=case, note="Visto.", by=town.gino, now=LATER)
    kept(a_report(a_line(paid.iuv), revision=2))
    follow()
    assert balance(town) == Decimal("102.00")
