"""Receipts: one receipt id, one credit, whatever happens on the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from payments import receipts
from payments.models import Notice, Receipt
from payments.receipts import AlreadyPlaced, IncomingReceipt
from payments.rules.verdicts import Action, NoticeFacts, judge
from tests import cast
from tests.payments.conftest import NOW, NodeClient, receipt_message
from wallets import ledger
from wallets.models import Entry, Wallet

SOAP = Receipt.Channel.SOAP
OURS = "99999000013"
UNKNOWN = "301000000099999962"


def incoming(nav: str, amount: str = "102.00", receipt_id: str = "r1", **other: object) -> IncomingReceipt:
    return IncomingReceipt(
        fiscal_code=str(other.pop("fiscal_code", OURS)),
        receipt_id=receipt_id,
        nav=nav,
        amount=Decimal(amount),
        paid_at=NOW,
        **other,  # type: ignore[arg-type]
    )


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


# -- the rule ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "amount", "flag"),
    [
        ("issued", "30.00", ""),
        ("sent", "30.00", ""),
        ("paid", "30.00", "Secondo pagamento"),
        ("expired", "30.00", "scaduto"),
        ("cancelled", "30.00", "annullato"),
        ("sent", "29.99", "diverso"),
    ],
)
def test_money_for_a_known_notice_is_always_credited(state: str, amount: str, flag: str) -> None:
    verdict = judge(amount=Decimal(amount), ours=True, notice=NoticeFacts(Decimal("30.00"), state))
    assert verdict.action is Action.CREDIT
    assert flag in verdict.flag
    assert bool(verdict.flag) == bool(flag)


def test_what_cannot_be_placed_waits_and_what_is_of_others_is_ignored() -> None:
    assert judge(amount=Decimal(1), ours=True, notice=None).action is Action.REVIEW
    assert judge(amount=Decimal(1), ours=False, notice=None).action is Action.IGNORE


def test_after_a_paper_receipt_the_node_s_word_waits_for_a_person() -> None:
    facts = NoticeFacts(Decimal(30), "paid", credited_on_paper=True)
    assert judge(amount=Decimal(30), ours=True, notice=facts).action is Action.REVIEW


# -- the operation -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestRecording:
    def test_a_receipt_pays_the_notice_and_grows_the_wallet(
        self, notice: Notice, wallet: Wallet, town: cast.Town
    ) -> None:
        receipt = receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        notice.refresh_from_db()
        entry = Entry.objects.get()
        assert balance(wallet) == Decimal("102.00")
        assert (notice.state, notice.paid_at) == (Notice.State.PAID, NOW)
        assert (receipt.state, receipt.entry, entry.pupil) == (Receipt.State.CREDITED, entry, town.luca)
        assert entry.cause == f"receipt:{OURS}:r1"

    def test_the_same_receipt_again_changes_nothing_but_the_count(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        for _ in range(5):
            receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("102.00")
        assert Receipt.objects.get().deliveries == 5

    def test_the_same_receipt_by_another_channel_is_the_same_money(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        for channel in Receipt.Channel.values:
            receipts.record(incoming=incoming(notice.nav), channel=channel, now=NOW)
        assert balance(wallet) == Decimal("102.00")

    @pytest.mark.parametrize("state", ["expired", "cancelled"])
    def test_money_after_the_end_is_still_the_family_s(
        self, notice: Notice, wallet: Wallet, state: str
    ) -> None:
        Notice.objects.update(state=state)
        receipt = receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("102.00")
        assert receipt.flag
        assert receipt in Receipt.objects.to_review()

    def test_a_second_payment_of_the_same_notice_is_credited_and_flagged(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        second = receipts.record(incoming=incoming(notice.nav, receipt_id="r2"), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("204.00")
        assert "Secondo pagamento" in second.flag

    def test_what_was_paid_is_credited_not_what_was_asked(self, notice: Notice, wallet: Wallet) -> None:
        receipt = receipts.record(incoming=incoming(notice.nav, "50.00"), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("50.00")
        assert "diverso" in receipt.flag

    def test_an_unknown_number_is_kept_for_a_person(self, wallet: Wallet) -> None:
        receipt = receipts.record(incoming=incoming(UNKNOWN), channel=SOAP, now=NOW)
        assert receipt.state == Receipt.State.TO_REVIEW
        assert not Entry.objects.exists()

    @pytest.mark.parametrize(("nav", "body"), [("347000000000000000", OURS), (UNKNOWN, "12345678901")])
    def test_receipts_of_other_services_and_bodies_are_ignored(
        self, wallet: Wallet, nav: str, body: str
    ) -> None:
        receipt = receipts.record(incoming=incoming(nav, fiscal_code=body), channel=SOAP, now=NOW)
        assert receipt.state == Receipt.State.IGNORED

    def test_the_same_id_with_other_content_is_flagged_and_credits_nothing(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        again = receipts.record(incoming=incoming(notice.nav, "999.00"), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("102.00")
        assert "dati diversi" in again.flag

    def test_a_failed_payment_credits_nothing(self, notice: Notice, wallet: Wallet) -> None:
        receipt = receipts.record(incoming=incoming(notice.nav, successful=False), channel=SOAP, now=NOW)
        assert receipt.state == Receipt.State.IGNORED
        assert balance(wallet) == 0

    @pytest.mark.parametrize("first", [{"successful": False}, {"amount": "0.00"}])
    def test_a_receipt_first_seen_as_failed_is_credited_once_it_succeeds(
        self, notice: Notice, wallet: Wallet, first: dict[str, object]
    ) -> None:
        receipts.record(incoming=incoming(notice.nav, **first), channel=SOAP, now=NOW)  # type: ignore[arg-type]
        for _ in range(2):
            receipt = receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        notice.refresh_from_db()
        assert (balance(wallet), notice.state) == (Decimal("102.00"), Notice.State.PAID)
        assert receipt in Receipt.objects.to_review()
        assert "non riuscita" in receipt.flag
        assert "nulla da accreditare" not in receipt.flag

    def test_a_paper_does_not_overrule_the_node_s_word_that_nothing_was_paid(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        receipts.record(incoming=incoming(notice.nav, successful=False), channel=SOAP, now=NOW)
        receipts.record(incoming=incoming(notice.nav), channel=Receipt.Channel.UPLOAD, now=NOW)
        assert balance(wallet) == 0

    def test_a_receipt_credited_and_then_delivered_as_failed_is_flagged(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        again = receipts.record(incoming=incoming(notice.nav, successful=False), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("102.00")
        assert again in Receipt.objects.to_review()
        assert "non riuscita" in again.flag

    def test_a_receipt_stored_by_a_process_that_died_is_placed_by_the_sweep(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        receipts.keep(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        assert balance(wallet) == 0
        assert receipts.settle_owed(limit=10, now=NOW) == 1
        assert receipts.settle_owed(limit=10, now=NOW) == 0
        assert balance(wallet) == Decimal("102.00")

    def test_the_office_attaches_an_unknown_receipt_once(self, town: cast.Town, wallet: Wallet) -> None:
        receipt = receipts.record(incoming=incoming(UNKNOWN), channel=SOAP, now=NOW)
        receipts.attach(receipt=receipt, wallet=wallet, by=town.enzo, now=NOW)
        with pytest.raises(AlreadyPlaced):
            receipts.attach(receipt=receipt, wallet=wallet, by=town.enzo, now=NOW)
        receipts.record(incoming=incoming(UNKNOWN), channel=SOAP, now=NOW)
        assert balance(wallet) == Decimal("102.00")

    def test_the_raw_document_is_kept(self, node: NodeClient, notice: Notice) -> None:
        node.ask(receipt_message(notice.nav, "102.00"))
        assert "<receiptId>" in Receipt.objects.get().raw


@pytest.mark.django_db
class TestTheDatabaseRefuses:
    def test_a_paid_notice_to_become_anything_else(self, notice: Notice) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Notice.objects.update(state="cancelled", paid_at=None)

    def test_a_receipt_to_lose_its_movement_or_to_disappear(self, notice: Notice) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Receipt.objects.update(entry=None, state="to_review")
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Receipt.objects.all().delete()

    def test_a_receipt_to_change_what_was_paid(self, notice: Notice) -> None:
        receipts.keep(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Receipt.objects.update(amount=Decimal(1))

    def test_the_same_receipt_id_twice(self, notice: Notice) -> None:
        receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW)
        row = Receipt.objects.get()
        row.pk, row.entry, row.state = None, None, Receipt.State.TO_REVIEW
        with pytest.raises(IntegrityError, match="one_receipt_per_id"), transaction.atomic():
            row.save()

    def test_a_notice_to_change_its_amount(self, notice: Notice) -> None:
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Notice.objects.update(amount=Decimal(1))


# -- sixteen at once -----------------------------------------------------------------------------------------------
SIXTEEN = 16


def at_once(job: Callable[[], object]) -> None:
    barrier = Barrier(SIXTEEN)

    def wait_and_do() -> None:
        try:
            barrier.wait(timeout=20)
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(SIXTEEN) as pool:
        for future in [pool.submit(wait_and_do) for _ in range(SIXTEEN)]:
            future.result()


@pytest.mark.django_db(transaction=True)
def test_sixteen_deliveries_at_once_are_one_credit(town: cast.Town, wallet: Wallet, notice: Notice) -> None:
    at_once(lambda: receipts.record(incoming=incoming(notice.nav), channel=SOAP, now=NOW))
    assert balance(wallet) == Decimal("102.00")
    assert Receipt.objects.get().deliveries == SIXTEEN


@pytest.mark.django_db(transaction=True)
def test_the_naive_twin_credits_more_than_once(town: cast.Town, wallet: Wallet, notice: Notice) -> None:
    """Look first, write after, a key per delivery: what the test above must be able to see."""
    looked = Barrier(SIXTEEN)

    def naive() -> None:
        known = Receipt.objects.filter(receipt_id="r1").exists()
        looked.wait(timeout=20)
        if not known:
            ledger.credit(
                wallet=wallet, amount=Decimal("102.00"), cause=f"naive:{id(object())}:{connection.connection.info.backend_pid}",
                value_day=NOW.date(), now=NOW,
            )  # fmt: skip

    at_once(naive)
    assert balance(wallet) > Decimal("102.00")
