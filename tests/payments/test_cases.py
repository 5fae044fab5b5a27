"""Cases from beginning to end: what the bank and the node say later is followed to the cent, and nobody is forgotten."""

import datetime as dt
from decimal import Decimal

import pytest

from payments import books, receipts, reconciliation, treasury
from payments.configuration import creditor
from payments.models import Notice, Receipt, ReconciliationCase
from payments.receipts import IncomingReceipt
from payments.rules.labels import Label
from payments.rules.reports import IncomingLine
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.settled import DAY, FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_settlement import open_labels, receive
from wallets import books as wallet_books
from wallets import ledger
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
    assert "Nessun borsellino è stato stornato" in early.to_do
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


# -- the same payment under two identifiers ------------------------------------------------------------------------


def on_paper(notice: Notice, wallet: Wallet, town: cast.Town, receipt_id: str = "TRX-77") -> Receipt:
    """What a parent handed over and the office accepted: its identifier is what somebody read."""
    incoming = IncomingReceipt(creditor().fiscal_code, receipt_id, notice.nav, notice.amount, paid_at=NOW)
    receipt = receipts.keep(incoming=incoming, channel=Receipt.Channel.UPLOAD, now=NOW)
    return receipts.attach(receipt=receipt, wallet=wallet, by=town.enzo, now=NOW)


def credit_again(receipt: Receipt, wallet: Wallet) -> None:
    """Past the question whether it is the same payment."""
    receipt.entry = ledger.credit(
        wallet=wallet,
        amount=receipt.amount,
        cause=receipts.cause_of(receipt),
        value_day=DAY,
        now=NOW,
    )
    receipt.state = Receipt.State.CREDITED
    receipt.save()


def labels_of_the_day() -> dict[str, Label]:
    look = reconciliation.look(first=DAY, last=DAY, today=LATER.date())
    identifiers = dict(Receipt.objects.values_list("pk", "receipt_id"))
    return {identifiers[pk]: label for pk, label in look.judgement.receipts.items()}


def test_a_paper_whose_receipt_was_set_aside_as_its_double_tallies_and_is_reversed_when_revoked(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town)
    receipts.set_aside(receipt=receive(notice), by=town.enzo, now=NOW)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == []
    assert labels_of_the_day() == {"TRX-77": Label.RT_IUF_TES}
    kept(a_report(revoked(notice.iuv), fdr=f"{FDR}-2", total="-102.00"))
    follow()
    case = ReconciliationCase.objects.open().get(label="REVOKED")
    assert (balance(town), case.reversal is not None) == (0, True)


def test_a_paper_is_the_payment_of_its_notice_until_its_receipt_comes(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == []
    assert receive(notice).state == Receipt.State.TO_REVIEW
    assert open_labels() == []


def test_a_payment_credited_as_paper_and_as_receipt_is_a_case_and_is_reversed_once(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town, f"avviso-{notice.nav}")
    credit_again(receive(notice), wallet)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == ["RT_TWICE"]
    case = ReconciliationCase.objects.get()
    assert case.receipt is not None
    assert (case.receipt.receipt_id, case.amount) == (f"avviso-{notice.nav}", Decimal("102.00"))
    kept(a_report(revoked(notice.iuv), fdr=f"{FDR}-2", total="-102.00"))
    follow()
    assert open_labels() == ["REVOKED", "RT_TWICE"]
    assert balance(town) == Decimal("102.00")


def test_two_payments_of_one_notice_that_the_bank_reports_are_no_case(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town)
    credit_again(receive(notice), wallet)
    kept(a_report(a_line(notice.iuv), a_line(notice.iuv, "iur2"), total="204.00"))
    treasury.record(credit=a_credit(amount="204.00"), by=town.gino, now=NOW)
    assert open_labels() == []
    assert labels_of_the_day() == {"TRX-77": Label.RT_IUF_TES, "iur1": Label.RT_IUF_TES}


def test_a_revocation_of_a_double_that_nobody_can_place_is_a_case(
    paid: Notice, wallet: Wallet, town: cast.Town
) -> None:
    second = IncomingReceipt(creditor().fiscal_code, "iur2", "", paid.amount, paid_at=NOW)
    double = receipts.record(incoming=second, channel=Receipt.Channel.SOAP, now=NOW)
    receipts.set_aside(receipt=double, by=town.enzo, now=NOW)
    kept(a_report(a_line(paid.iuv), a_line(paid.iuv, "iur2"), revoked(paid.iuv, "iur2"), total="102.00"))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == ["REVOKED"]
    assert "messa da parte come doppione" in ReconciliationCase.objects.get().reason
    follow()
    assert balance(town) == Decimal("102.00")
