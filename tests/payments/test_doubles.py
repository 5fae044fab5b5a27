"""The same money under two names: a typing error on a paper never credits it twice without a person's word."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from importlib import import_module
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from payments import books, receipts, uploads
from payments.errors import PaymentRefused
from payments.models import Notice, Receipt, UploadedReceipt
from payments.receipts import AlreadyDecided, PossibleDuplicate
from payments.rules import paper
from payments.uploads import Decision
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.test_receipts import UNKNOWN, balance, incoming
from wallets import books as wallet_books
from wallets import ledger
from wallets.models import Wallet

TYPED = "c110729d258c4ab1b765fe902aae41d6"
PAID = Decimal("102.00")
UPLOAD, SOAP = Receipt.Channel.UPLOAD, Receipt.Channel.SOAP


@pytest.fixture
def accept(town: cast.Town) -> Callable[..., UploadedReceipt]:
    """Enzo accepts a paper of Anna's family on which he reads what the test says."""

    def decide(receipt_id: str = TYPED, **read: Any) -> UploadedReceipt:
        upload = UploadedReceipt.objects.create(
            household=town.family, file="x.pdf", file_digest=f"{UploadedReceipt.objects.count()}",
            content_type="application/pdf", declared_amount=PAID, declared_paid_on=NOW.date(),
            uploaded_by=town.anna, uploaded_at=NOW,
        )  # fmt: skip
        facts = {"amount": PAID, "paid_on": NOW.date(), "receipt_id": receipt_id, **read}
        return uploads.accept(upload=upload, decision=Decision(**facts), by=town.enzo, now=NOW)

    return decide


def of_the_node(nav: str, receipt_id: str, amount: str = "102.00") -> Receipt:
    return receipts.record(incoming=incoming(nav, amount, receipt_id), channel=SOAP, now=NOW)


def found() -> set[str]:
    return {finding.check for finding in wallet_books.run(books.CHECKS)}


@pytest.mark.django_db
class TestTheCaseOfTheLetters:
    def test_a_paper_typed_in_small_letters_and_its_receipt_are_one_credit_in_the_node_s_spelling(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet
    ) -> None:
        accept(TYPED)
        receipt = of_the_node(notice.nav, TYPED.upper())
        notice.refresh_from_db()
        assert (balance(wallet), receipt.receipt_id, notice.state) == (PAID, TYPED.upper(), Notice.State.PAID)
        assert (receipt.confirmed_at, found()) == (NOW, set())

    def test_a_paper_typed_in_small_letters_after_its_receipt_is_a_duplicate(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet
    ) -> None:
        receipt = of_the_node(notice.nav, TYPED.upper())
        decided = accept(f" {TYPED[:8]} {TYPED[8:]}")
        assert (decided.state, decided.receipt, balance(wallet)) == ("duplicate", receipt, PAID)

    def test_an_identifier_in_capitals_is_read_from_the_paper_too(self) -> None:
        assert paper.read(text=f"codice {TYPED.upper()}").receipt_ids == (TYPED.upper(),)

    def test_the_database_takes_no_second_spelling(self, notice: Notice) -> None:
        of_the_node(notice.nav, TYPED)
        row = Receipt.objects.get()
        row.pk, row.entry, row.state, row.receipt_id = None, None, Receipt.State.TO_REVIEW, TYPED.upper()
        with pytest.raises(IntegrityError, match="one_receipt_per_id"), transaction.atomic():
            row.save()

    def test_pairs_older_than_the_rule_stay_and_the_books_name_them(
        self, notice: Notice, wallet: Wallet
    ) -> None:
        migration = import_module("payments.migrations.0016_folded_receipt_ids")
        with connection.cursor() as cursor:
            cursor.execute(migration.UNFOLD)
            of_the_node(notice.nav, TYPED)
            row = Receipt.objects.get()
            row.pk, row.receipt_id, row.confirmed_at = None, TYPED.upper(), None
            row.entry = ledger.credit(
                wallet=wallet, amount=PAID, cause=receipts.cause_of(row), value_day=NOW.date(), now=NOW
            )
            row.save()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(migration.FOLD)
        assert found() == {"identificativi_unici"}
        assert of_the_node(notice.nav, TYPED.upper()).pk == Receipt.objects.earliest("pk").pk


@pytest.mark.django_db
class TestAWrongLetter:
    def test_the_receipt_that_comes_after_such_a_paper_waits_for_a_person(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet
    ) -> None:
        accept("un-identificativo-sbagliato")
        receipt = of_the_node(notice.nav, TYPED)
        assert (receipt.state, balance(wallet)) == (Receipt.State.TO_REVIEW, PAID)
        assert "doppione" in receipt.flag

    def test_such_a_paper_after_the_receipt_wants_a_person_s_word(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet
    ) -> None:
        of_the_node(notice.nav, TYPED)
        with pytest.raises(PossibleDuplicate, match=f"102,00 euro del 24/11/2026, identificativo {TYPED}"):
            accept("un-identificativo-sbagliato")
        assert balance(wallet) == PAID
        assert Receipt.objects.count() == 1
        accept("un-identificativo-sbagliato", is_another_payment=True)
        assert balance(wallet) == 2 * PAID

    def test_two_papers_of_one_payment_want_a_person_s_word_too(
        self, accept: Callable[..., UploadedReceipt], notice: Notice
    ) -> None:
        accept("un-identificativo-sbagliato")
        with pytest.raises(PossibleDuplicate):
            accept("", nav=notice.nav)

    @pytest.mark.parametrize("other", [{"amount": Decimal("102.01")}, {"paid_on": dt.date(2026, 11, 13)}])
    def test_another_amount_or_another_time_is_another_payment(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet, other: dict[str, Any]
    ) -> None:
        accept("un-altro", **other)
        assert of_the_node(notice.nav, TYPED).state == Receipt.State.CREDITED

    def test_the_notice_of_a_brother_is_another_payment(
        self, accept: Callable[..., UploadedReceipt], issue: Callable[..., Notice], wallet: Wallet
    ) -> None:
        first, second = issue(), issue()
        accept("", nav=first.nav)
        assert of_the_node(second.nav, TYPED).state == Receipt.State.CREDITED
        assert balance(wallet) == 2 * PAID

    def test_a_paper_that_was_taken_back_holds_no_receipt_up(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet, town: cast.Town
    ) -> None:
        paper_one = accept("un-identificativo-sbagliato").receipt
        assert paper_one is not None
        assert paper_one.entry is not None
        ledger.reverse(entry=paper_one.entry, reason="scritta due volte", by=town.gino, now=NOW)
        assert of_the_node(notice.nav, TYPED).state == Receipt.State.CREDITED
        assert balance(wallet) == PAID

    def test_a_receipt_of_an_unknown_notice_is_compared_with_the_papers_of_the_family_it_is_given_to(
        self, accept: Callable[..., UploadedReceipt], wallet: Wallet, town: cast.Town
    ) -> None:
        receipt = of_the_node(UNKNOWN, TYPED)
        accept("un-identificativo-sbagliato")
        with pytest.raises(PossibleDuplicate):
            receipts.attach(receipt=receipt, wallet=wallet, by=town.enzo, now=NOW)
        receipts.attach(receipt=receipt, wallet=wallet, is_another_payment=True, by=town.enzo, now=NOW)
        assert balance(wallet) == 2 * PAID


@pytest.mark.django_db
class TestSettingAside:
    def test_money_that_nobody_else_has_is_not_set_aside(self, notice: Notice, town: cast.Town) -> None:
        of_the_node(notice.nav, "r1")
        receipt = of_the_node(UNKNOWN, TYPED)
        with pytest.raises(PaymentRefused, match="scrivi l'identificativo"):
            receipts.set_aside(receipt=receipt, by=town.enzo, now=NOW)
        assert receipt in Receipt.objects.to_review()

    def test_with_the_paper_that_the_office_names_it_ends_and_its_notice_is_paid(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet, town: cast.Town
    ) -> None:
        accept("un-identificativo-sbagliato")
        twin = Receipt.objects.get()
        receipt = of_the_node(notice.nav, TYPED)
        receipts.set_aside(receipt=receipt, other=twin, by=town.enzo, now=NOW)
        notice.refresh_from_db()
        twin.refresh_from_db()
        assert (balance(wallet), notice.state, twin.notice) == (PAID, Notice.State.PAID, notice)
        assert twin.confirmed_at == NOW
        assert not Receipt.objects.to_review().exists()
        assert accept(TYPED).state == UploadedReceipt.State.DUPLICATE
        assert (balance(wallet), found()) == (PAID, set())

    def test_a_mistake_is_taken_back_and_the_money_credited_after_all(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet, town: cast.Town
    ) -> None:
        accept("", nav=notice.nav)
        receipt = receipts.set_aside(receipt=of_the_node(notice.nav, TYPED), by=town.enzo, now=NOW)
        with pytest.raises(AlreadyDecided):
            receipts.attach(receipt=receipt, wallet=wallet, by=town.enzo, now=NOW)
        receipts.bring_back(receipt=receipt, by=town.enzo, now=NOW)
        assert Receipt.objects.to_review().get() == receipt
        assert Receipt.objects.get(channel=UPLOAD).confirmed_at is None
        receipts.attach(receipt=receipt, wallet=wallet, is_another_payment=True, by=town.enzo, now=NOW)
        assert (balance(wallet), found()) == (2 * PAID, set())

    def test_one_credit_stands_for_one_receipt(
        self, accept: Callable[..., UploadedReceipt], notice: Notice, town: cast.Town
    ) -> None:
        accept("", nav=notice.nav)
        twin = Receipt.objects.get()
        first, second = of_the_node(notice.nav, "r1"), of_the_node(notice.nav, "r2")
        receipts.set_aside(receipt=first, other=twin, by=town.enzo, now=NOW)
        with pytest.raises(PaymentRefused):
            receipts.set_aside(receipt=second, other=twin, by=town.enzo, now=NOW)

    @pytest.mark.parametrize("amount", ["50.00", "102.00"])
    def test_a_credit_of_another_amount_or_another_family_is_not_the_same_money(
        self,
        issue: Callable[..., Notice],
        accept: Callable[..., UploadedReceipt],
        town: cast.Town,
        amount: str,
    ) -> None:
        accept("un-identificativo-sbagliato")
        elsewhere = issue(amount, wallet=Wallet.objects.get(household=town.carla_family), pupil=town.tommaso)
        other = of_the_node(elsewhere.nav, "r9", amount)
        receipt = of_the_node(issue().nav, TYPED)
        assert receipt.state == Receipt.State.TO_REVIEW
        with pytest.raises(PaymentRefused, match="non è lo stesso pagamento"):
            receipts.set_aside(receipt=receipt, other=other, by=town.enzo, now=NOW)

    def test_the_page_offers_the_paper_sets_aside_and_brings_back(
        self,
        accept: Callable[..., UploadedReceipt],
        notice: Notice,
        client_of: Callable[..., Client],
        town: cast.Town,
    ) -> None:
        accept("un-identificativo-sbagliato")
        receipt, enzo = of_the_node(notice.nav, TYPED), client_of(town.enzo)
        address = reverse("payments:review")
        assert 'value="un-identificativo-sbagliato"' in enzo.get(address).content.decode()
        settle = reverse("payments:review_settle", args=[receipt.pk, "doppione"])
        said = enzo.post(settle, {"other": "mai-visto"}, follow=True).content.decode()
        assert "Nessuna ricevuta ha questo identificativo" in said
        enzo.post(settle, {"other": "Un-Identificativo-Sbagliato"})
        assert "Nulla da abbinare" in enzo.get(address).content.decode()
        aside = enzo.get(f"{address}?vista=da-parte").content.decode()
        assert "un-identificativo-sbagliato" in aside
        enzo.post(reverse("payments:review_settle", args=[receipt.pk, "riporta"]))
        assert TYPED in enzo.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_paper_and_receipt_at_the_same_moment_are_not_two_credits_without_a_word(
    accept: Callable[..., UploadedReceipt], notice: Notice, wallet: Wallet
) -> None:
    barrier = Barrier(2)

    def at_once(job: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=20)
            job()
        except PossibleDuplicate:
            pass
        finally:
            connection.close()

    jobs: list[Callable[[], object]] = [
        lambda: accept("un-identificativo-sbagliato"),
        lambda: of_the_node(notice.nav, TYPED),
    ]
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(at_once, job) for job in jobs]:
            future.result()
    assert balance(wallet) == PAID
