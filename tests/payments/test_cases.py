"""Cases from beginning to end: what the bank and the node say later is followed to the cent, and nobody is forgotten."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from identity.models import User
from payments import books, receipt_pdf, receipts, reconciliation, revocations, treasury
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Notice, Receipt, ReconciliationCase
from payments.receipts import IncomingReceipt
from payments.rules.labels import Label
from payments.rules.reports import IncomingLine
from tests import cast
from tests.journeys.conftest import words
from tests.payments.conftest import NOW
from tests.payments.settled import DAY, FDR, a_credit, a_line, a_report, kept, opi
from tests.payments.test_settlement import open_labels, receive
from wallets import books as wallet_books
from wallets import certificates, ledger
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
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


def test_a_paper_without_a_notice_number_is_known_by_the_receipt_set_aside_for_it(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    incoming = IncomingReceipt(creditor().fiscal_code, "TRX-78", "", notice.amount, paid_at=NOW)
    paper = receipts.keep(incoming=incoming, channel=Receipt.Channel.UPLOAD, now=NOW)
    receipts.attach(receipt=paper, wallet=wallet, by=town.enzo, now=NOW)
    receipts.set_aside(receipt=receive(notice), other=paper, by=town.enzo, now=NOW)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == []
    assert labels_of_the_day() == {"TRX-78": Label.RT_IUF_TES}


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


def test_a_payment_credited_twice_is_no_case_any_more_when_one_credit_is_undone(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    paper = on_paper(notice, wallet, town, f"avviso-{notice.nav}")
    credit_again(receive(notice), wallet)
    kept(a_report(a_line(notice.iuv)))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == ["RT_TWICE"]
    assert paper.entry is not None
    ledger.reverse(entry=paper.entry, reason="Accreditato due volte.", by=town.gino, now=LATER)
    assert open_labels() == []


def test_a_paper_is_not_the_revoked_attempt_of_its_notice_when_another_stands(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town, f"avviso-{notice.nav}")
    attempt = (a_line(notice.iuv, "a-failed"), revoked(notice.iuv, "a-failed"))
    kept(a_report(*attempt, a_line(notice.iuv, "iur1"), total="102.00"))
    follow()
    assert balance(town) == Decimal("102.00")


def test_a_paper_is_not_reversed_for_a_revocation_that_may_be_of_another_payment(
    notice: Notice, wallet: Wallet, town: cast.Town
) -> None:
    on_paper(notice, wallet, town, f"avviso-{notice.nav}")
    kept(a_report(revoked(notice.iuv), total="-102.00"))
    follow()
    assert balance(town) == Decimal("102.00")
    case = ReconciliationCase.objects.open().get(label="REVOKED")
    assert "è accreditata un'altra ricevuta" in case.reason


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
    Receipt.objects.filter(pk=double.pk).update(state=Receipt.State.DUPLICATE)  # by whom named no other
    kept(a_report(a_line(paid.iuv), a_line(paid.iuv, "iur2"), revoked(paid.iuv, "iur2"), total="102.00"))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    assert open_labels() == ["REVOKED"]
    assert "messa da parte come doppione" in ReconciliationCase.objects.get().reason
    follow()
    assert balance(town) == Decimal("102.00")


# -- a revocation that the bank withdraws --------------------------------------------------------------------------


@pytest.fixture
def taken_back(paid: Notice, town: cast.Town) -> Notice:
    """Revoked by the first revision and reversed; no longer revoked by the second."""
    kept(a_report(a_line(paid.iuv), revoked(paid.iuv), total="0.00"))
    follow()
    assert balance(town) == 0
    kept(a_report(a_line(paid.iuv), revision=2))
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    follow()
    return paid


def the_withdrawn() -> ReconciliationCase:
    return ReconciliationCase.objects.open().get()


def test_a_withdrawn_revocation_is_said_and_the_family_is_recredited_once(
    taken_back: Notice, town: cast.Town, client_of: ClientOf
) -> None:
    case = the_withdrawn()
    assert (case.label, case.amount, balance(town)) == ("REVOKED_BACK", Decimal("102.00"), 0)
    gino, place = client_of(town.gino), f"/ufficio/riconciliazione/caso/{case.pk}/riaccredita/"
    assert "Revoca ritirata: 102,00 €" in words(gino.get("/ufficio/riconciliazione/"))
    assert "Scrivi il motivo" in words(gino.post(place, {"reason": " "}, follow=True))
    for _ in range(2):
        page = words(gino.post(place, {"reason": "Errore della banca."}, follow=True))
    assert "Questo caso non è più aperto" in page
    assert balance(town) == Decimal("102.00")
    entry = Entry.objects.get(cause__startswith="restored:")
    assert (entry.recorded_by, entry.reason) == (
        town.gino,
        "La banca ha ritirato la revoca del pagamento. Errore della banca.",
    )
    follow()
    assert not ReconciliationCase.objects.open().exists()
    assert wallet_books.run(books.CHECKS) == []
    assert receipt_pdf.of(taken_back).exists(), "the attestation may be printed again"


def test_the_certificate_counts_a_restored_payment_as_paid(taken_back: Notice, town: cast.Town) -> None:
    wallet = Wallet.objects.get(household=town.family)
    revocations.restore(case=the_withdrawn(), reason="Errore.", by=town.gino, now=LATER)
    paid = wallet.entries.filter(certificates.TRACEABLE)
    assert sum(entry.amount for entry in paid) == Decimal("102.00")


def test_a_withdrawn_revocation_is_said_also_when_its_case_was_closed(paid: Notice, town: cast.Town) -> None:
    kept(a_report(a_line(paid.iuv), revoked(paid.iuv), total="0.00"))
    follow()
    case = ReconciliationCase.objects.open().get(label="REVOKED")
    reconciliation.close(case=case, note="Avvisata la famiglia.", by=town.gino, now=LATER)
    follow()
    assert "REVOKED_BACK" not in open_labels()
    kept(a_report(a_line(paid.iuv), revision=2))
    assert "REVOKED_BACK" in open_labels()


def test_a_revocation_that_comes_back_is_not_recredited(taken_back: Notice, town: cast.Town) -> None:
    case = the_withdrawn()
    kept(a_report(a_line(taken_back.iuv), revoked(taken_back.iuv), revision=3, total="0.00"))
    with pytest.raises(PaymentRefused, match="non è più aperto"):
        revocations.restore(case=case, reason="Errore.", by=town.gino, now=LATER)
    follow()
    assert balance(town) == 0
    assert "REVOKED_BACK" not in open_labels()


def test_a_payment_revoked_again_after_its_recredit_is_reversed_again(
    taken_back: Notice, town: cast.Town
) -> None:
    revocations.restore(case=the_withdrawn(), reason="Errore.", by=town.gino, now=LATER)
    kept(a_report(a_line(taken_back.iuv), revoked(taken_back.iuv), revision=3, total="0.00"))
    follow(3)
    assert balance(town) == 0
    assert Entry.objects.filter(kind=Entry.Kind.REVERSAL).count() == 2
    assert not receipt_pdf.of(taken_back).exists()
    kept(a_report(a_line(taken_back.iuv), revision=4))
    follow()
    revocations.restore(case=the_withdrawn(), reason="Errore.", by=town.gino, now=LATER)
    follow()
    assert balance(town) == Decimal("102.00")
    assert wallet_books.run(books.CHECKS) == []
