"""The parent presses "Paga": over real HTTP to the simulated node and back."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from payments import checkout, notices, outbox, receipts
from payments.errors import NodeUnreachable, PaymentRefused
from payments.models import CheckoutAttempt, Notice, Receipt
from tests import cast
from tests.payments.conftest import NOW, Simulator
from tests.payments.test_receipts import incoming
from wallets import ledger
from wallets.models import Entry, Wallet


def form(notice: Notice | None = None, top_up: str = "", key: uuid.UUID | None = None) -> dict[str, Any]:
    chosen = {"notices": [notice.pk]} if notice else {}
    return {**chosen, "top_up": top_up, "form_key": str(key or uuid.uuid4())}


@pytest.fixture
def press(town: cast.Town, client_of: Callable[..., Client]) -> Callable[..., Any]:
    """Anna fills the form of her family and sends it."""

    def send(notice: Notice | None = None, top_up: str = "", key: uuid.UUID | None = None) -> Any:
        address = reverse("payments:start", args=[town.family.code])
        return client_of(town.anna).post(address, form(notice, top_up, key))

    return send


def balance(town: cast.Town) -> Decimal:
    return Wallet.objects.get(household=town.family).balance


@pytest.mark.django_db(transaction=True)
class TestOverHttp:
    def pay(self, simulator: Simulator, outcome: str) -> httpx.Response:
        attempt = CheckoutAttempt.objects.get()
        assert attempt.redirect_url.startswith(simulator.address)
        page = httpx.get(attempt.redirect_url, trust_env=False)
        assert "SIMULAZIONE" in page.text
        return simulator.choose(attempt.redirect_url, outcome)

    def test_paying_a_notice_and_a_top_up_together(
        self,
        simulator: Simulator,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        client_of: Callable[..., Client],
    ) -> None:
        response = press(notice, "20,50")
        attempt = CheckoutAttempt.objects.get()
        assert response.status_code == 302
        assert response["Location"] == reverse("payments:go", args=[attempt.token])
        back = self.pay(simulator, "pay")
        assert back.headers["location"].endswith(reverse("payments:return_ok", args=[attempt.token]))
        anna = client_of(town.anna)
        page = anna.get(httpx.URL(back.headers["location"]).path)
        assert "In verifica" in page.content.decode()
        assert balance(town) == 0
        assert simulator.node.deliver_due() == 2
        assert balance(town) == Decimal("122.50")
        page = anna.get(reverse("payments:attempt", args=[attempt.token]))
        assert "Pagato" in page.content.decode()

    @pytest.mark.parametrize(("outcome", "name"), [("cancel", "return_cancel"), ("fail", "return_error")])
    def test_cancelling_and_failing_change_nothing(
        self,
        simulator: Simulator,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        outcome: str,
        name: str,
    ) -> None:
        press(notice)
        back = self.pay(simulator, outcome)
        assert back.headers["location"].endswith(
            reverse(f"payments:{name}", args=[CheckoutAttempt.objects.get().token])
        )
        assert simulator.node.deliver_due() == 0
        notice.refresh_from_db()
        assert (notice.state, balance(town)) == (Notice.State.ISSUED, 0)

    def test_who_has_paid_is_never_told_to_pay_again_whatever_page_is_opened(
        self,
        simulator: Simulator,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        client_of: Callable[..., Client],
    ) -> None:
        press(notice)
        attempt, anna = CheckoutAttempt.objects.get(), client_of(town.anna)
        anna.get(httpx.URL(self.pay(simulator, "late").headers["location"]).path)
        dead = httpx.get(attempt.redirect_url, trust_env=False)
        assert (dead.status_code, "fatto/" in dead.text) == (410, True)
        for name in ("return_cancel", "return_error", "attempt"):
            page = anna.get(reverse(f"payments:{name}", args=[attempt.token])).content.decode()
            assert "In attesa della ricevuta" in page
            assert "Riprendi" not in page
            assert "riprova" not in page
        assert anna.get(reverse("payments:go", args=[attempt.token])).status_code == 302

    @pytest.mark.parametrize(("outcome", "said"), [("cancel", "Annullato"), ("fail", "Non riuscito")])
    def test_a_page_that_was_left_is_not_offered_again_and_the_list_says_how_it_ended(
        self,
        simulator: Simulator,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        client_of: Callable[..., Client],
        outcome: str,
        said: str,
    ) -> None:
        press(notice)
        attempt, anna = CheckoutAttempt.objects.get(), client_of(town.anna)
        address = reverse("payments:attempt", args=[attempt.token])
        assert "Riprendi" in anna.get(address).content.decode()
        back = self.pay(simulator, outcome).headers["location"]
        assert (
            "non ripetere" in (text := anna.get(httpx.URL(back).path).content.decode())
            or "Non pagare di nuovo" in text
        )
        assert "Riprendi" not in anna.get(address).content.decode()
        pay = anna.get(reverse("payments:pay", args=[town.family.code])).content.decode()
        assert said in pay.partition("Pagamenti avviati qui")[2]
        assert back in httpx.get(attempt.redirect_url, trust_env=False).text

    def test_closing_the_browser_after_paying_harms_nothing(
        self, simulator: Simulator, press: Callable[..., Any], notice: Notice, town: cast.Town
    ) -> None:
        press(notice)
        assert self.pay(simulator, "close").status_code == 200
        simulator.node.deliver_due()
        assert balance(town) == Decimal("102.00")

    def test_a_receipt_delivered_twice_is_one_credit(
        self, simulator: Simulator, press: Callable[..., Any], notice: Notice, town: cast.Town
    ) -> None:
        press(notice)
        self.pay(simulator, "twice")
        assert simulator.node.deliver_due() == 2
        assert (balance(town), Receipt.objects.get().deliveries) == (Decimal("102.00"), 2)

    def test_a_late_receipt_arrives_late(
        self, simulator: Simulator, press: Callable[..., Any], notice: Notice, town: cast.Town
    ) -> None:
        press(notice)
        self.pay(simulator, "late")
        assert simulator.node.deliver_due() == 0
        simulator.node.store.hurry(0)
        assert simulator.node.deliver_due() == 1
        assert balance(town) == Decimal("102.00")

    def test_leaving_without_paying_leaves_the_notice_payable(
        self, simulator: Simulator, press: Callable[..., Any], notice: Notice, town: cast.Town
    ) -> None:
        press(notice)
        self.pay(simulator, "leave")
        self.pay(simulator, "pay")
        simulator.node.deliver_due()
        assert balance(town) == Decimal("102.00")

    def test_the_printed_notice_is_paid_at_a_counter_by_number_or_qr_code(
        self, simulator: Simulator, notice: Notice, town: cast.Town
    ) -> None:
        counter = f"{simulator.address}/sportello"
        text = f"PAGOPA|002|{notice.nav}|99999000013|10200"
        assert "102,00" in httpx.get(counter, params={"numero": text}, trust_env=False).text
        paid = httpx.post(counter, data={"numero": notice.nav, "esito": "pay"}, trust_env=False)
        assert "Hai pagato" in paid.text
        simulator.node.deliver_due()
        assert balance(town) == Decimal("102.00")
        assert "già pagato" in httpx.get(counter, params={"numero": notice.nav}, trust_env=False).text

    def test_the_node_knows_the_notice_and_forgets_a_cancelled_one(
        self, simulator: Simulator, notice: Notice
    ) -> None:
        assert outbox.clear(limit=10, now=NOW) == 1
        assert outbox.clear(limit=10, now=NOW) == 0
        body, status = simulator.node.store.position("99999000013", notices.iupd(notice)) or ({}, "")
        assert (body["paymentOption"][0]["nav"], status) == (notice.nav, "VALID")
        notices.cancel(notice=notice)
        assert outbox.clear(limit=10, now=NOW) == 1
        assert (simulator.node.store.position("99999000013", notices.iupd(notice)) or ({}, ""))[
            1
        ] == "INVALID"

    def test_publishing_again_after_a_lost_answer_is_not_an_error(
        self, simulator: Simulator, notice: Notice
    ) -> None:
        assert notices.publish(notice=notice, now=NOW)
        Notice.objects.update(published_at=None)
        notice.published_at = None
        assert notices.publish(notice=notice, now=NOW)

    def test_the_form_sent_twice_is_one_payment(
        self, simulator: Simulator, press: Callable[..., Any], town: cast.Town
    ) -> None:
        key = uuid.uuid4()
        first, second = press(None, "30", key), press(None, "30", key)
        assert first["Location"] == second["Location"]
        assert CheckoutAttempt.objects.count() == Notice.objects.count() == 1

    def test_the_same_form_with_another_amount_is_refused(
        self, simulator: Simulator, press: Callable[..., Any], town: cast.Town
    ) -> None:
        key = uuid.uuid4()
        press(None, "30", key)
        press(None, "300", key)
        assert [notice.amount for notice in Notice.objects.all()] == [Decimal(30)]

    def test_the_page_that_leads_to_pagopa_needs_no_script(
        self,
        simulator: Simulator,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        client_of: Callable[..., Client],
    ) -> None:
        page = client_of(town.anna).get(press(notice)["Location"]).content.decode()
        address = CheckoutAttempt.objects.get().redirect_url
        assert f'content="0; url={address}"' in page
        assert f'href="{address}"' in page

    def test_a_key_is_needed_to_open_a_cart(self, simulator: Simulator) -> None:
        refused = httpx.post(f"{simulator.address}/checkout/ec/v1/carts", json={}, trust_env=False)
        assert refused.status_code == 401


@pytest.mark.django_db(transaction=True)
class TestPagopaIsDown:
    def test_the_parent_reads_what_to_do_and_nothing_is_half_made(
        self,
        no_node: str,
        press: Callable[..., Any],
        notice: Notice,
        town: cast.Town,
        client_of: Callable[..., Client],
    ) -> None:
        response = press(notice, "20")
        assert response["Location"] == reverse("payments:pay", args=[town.family.code])
        page = client_of(town.anna).get(response["Location"])
        notice.refresh_from_db()
        assert notice.state == Notice.State.ISSUED
        assert Notice.objects.top_ups().get().state == Notice.State.CANCELLED
        assert "20,00" not in page.content.decode().partition("Avvisi da stampare")[2]

    def test_the_sentence_says_that_nothing_was_taken(
        self, no_node: str, notice: Notice, town: cast.Town
    ) -> None:
        with pytest.raises(NodeUnreachable, match="non è stato addebitato nulla"):
            checkout.start(
                household=town.family,
                items=checkout.Items(notices=[notice]),
                form_key=uuid.uuid4(),
                by=town.anna,
                now=NOW,
            )

    def test_publishing_waits_for_the_next_sweep(self, no_node: str, notice: Notice) -> None:
        assert notices.publish(notice=notice, now=NOW) is False
        assert outbox.clear(limit=10, now=NOW) == 0
        assert Notice.objects.to_publish().get() == notice


@pytest.mark.django_db
def test_the_role_of_the_web_may_pay_a_notice(no_node: str, notice: Notice, town: cast.Town) -> None:
    """It locks the notice, not the wallet: that table it may only read and fill."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mensa_app') THEN"
            " CREATE ROLE mensa_app; END IF; END $$"
        )
        call_command("grant_roles", stdout=StringIO())
        cursor.execute("SET LOCAL ROLE mensa_app")
    with pytest.raises(NodeUnreachable):
        checkout.start(
            household=town.family,
            items=checkout.Items(notices=[notice]),
            form_key=uuid.uuid4(),
            by=town.anna,
            now=NOW,
        )
    assert [one.pk for one in CheckoutAttempt.objects.get().notices.all()] == [notice.pk]


@pytest.mark.django_db
class TestTheForm:
    @pytest.mark.parametrize(
        ("top_up", "said"),
        [
            ("", "Scegli almeno un avviso"),
            ("4,99", "minima"),
            ("1000,01", "massima"),
        ],
    )
    def test_an_amount_out_of_the_office_s_limits_is_refused(
        self, town: cast.Town, top_up: str, said: str
    ) -> None:
        items = checkout.Items(top_up=Decimal(top_up.replace(",", ".")) if top_up else None)
        with pytest.raises(PaymentRefused, match=said):
            checkout.start(household=town.family, items=items, form_key=uuid.uuid4(), by=town.anna, now=NOW)

    @pytest.mark.parametrize("top_up", ["tanto", "-5", "1,234", "1e2", "1e9", "NaN", "99999999999999999999"])
    def test_what_is_no_amount_is_answered_at_the_field(self, press: Callable[..., Any], top_up: str) -> None:
        response = press(None, top_up)
        assert response.status_code == 422
        assert "field-error" in response.content.decode()
        assert not CheckoutAttempt.objects.exists()

    def test_a_notice_of_another_family_cannot_be_chosen(
        self, press: Callable[..., Any], town: cast.Town, issue: Callable[..., Notice]
    ) -> None:
        other = issue(wallet=Wallet.objects.get(household=town.carla_family), pupil=town.tommaso)
        assert press(other).status_code == 422
        assert not CheckoutAttempt.objects.exists()

    def test_a_paid_notice_cannot_be_chosen(self, press: Callable[..., Any], notice: Notice) -> None:
        Notice.objects.update(state="paid", paid_at=NOW)
        assert press(notice, "20").status_code in {302, 422}
        assert not CheckoutAttempt.objects.exists()

    def test_a_form_without_its_key_is_refused(
        self, town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        address = reverse("payments:start", args=[town.family.code])
        assert client_of(town.anna).post(address, {"top_up": "20", "form_key": "x"}).status_code == 422


@pytest.mark.django_db
class TestWhoMaySee:
    def test_both_parents_see_the_page_with_suggestions_for_their_children(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        for user in (town.anna, town.bruno):
            page = client_of(user).get(reverse("payments:pay", args=[town.family.code])).content.decode()
            assert "102,00" in page
            assert "10 pasti: 62,90" in page

    def test_a_stranger_finds_nothing(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        carla = client_of(town.carla)
        attempt = CheckoutAttempt.objects.create(
            household=town.family, started_by=town.anna, started_at=NOW, form_key=uuid.uuid4(), content="x"
        )
        addresses = [
            reverse("payments:pay", args=[town.family.code]),
            reverse("payments:notice_pdf", args=[notice.token]),
            reverse("payments:upload_receipt", args=[town.family.code]),
            *(
                reverse(f"payments:{name}", args=[attempt.token])
                for name in ("attempt", "go", "return_ok", "return_error")
            ),
        ]
        assert {carla.get(address).status_code for address in addresses} == {404}
        assert carla.post(reverse("payments:start", args=[town.family.code]), form(notice)).status_code == 404

    def test_the_secretary_sees_no_money(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        dora = client_of(town.dora)
        for name in ("campaigns", "inbox", "review"):
            assert dora.get(reverse(f"payments:{name}")).status_code == 403
        assert dora.get(reverse("payments:notice_pdf", args=[notice.token])).status_code == 403
        assert dora.get(reverse("payments:pay", args=[town.family.code])).status_code == 403

    def test_coming_back_moves_no_money_and_no_notice(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        attempt = CheckoutAttempt.objects.create(
            household=town.family, started_by=town.anna, started_at=NOW, form_key=uuid.uuid4(), content="x"
        )
        attempt.notices.add(notice)
        anna = client_of(town.anna)
        for name in ("return_ok", "return_cancel", "return_error", "attempt"):
            assert anna.get(reverse(f"payments:{name}", args=[attempt.token])).status_code == 200
        before = (attempt.state, notice.state)
        attempt.refresh_from_db()
        notice.refresh_from_db()
        assert (attempt.state, notice.state) == before
        assert not Entry.objects.exists()


@pytest.mark.django_db
class TestHowItStands:
    @pytest.fixture
    def attempt(self, town: cast.Town, issue: Callable[..., Notice]) -> CheckoutAttempt:
        attempt = CheckoutAttempt.objects.create(
            household=town.family, started_by=town.anna, started_at=NOW, form_key=uuid.uuid4(), content="x",
            state="started", redirect_url="https://checkout.example/",
        )  # fmt: skip
        attempt.notices.set([issue(), issue("20.00")])
        return attempt

    def page(self, client: Client, attempt: CheckoutAttempt, name: str = "attempt") -> str:
        return client.get(reverse(f"payments:{name}", args=[attempt.token])).content.decode()

    def test_of_two_notices_the_one_that_is_paid_is_said_and_attested(
        self, attempt: CheckoutAttempt, town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        first = attempt.notices.get(amount=Decimal("102.00"))
        receipts.record(incoming=incoming(first.nav), channel="soap", now=NOW)
        for name in ("attempt", "return_cancel"):
            page = self.page(client_of(town.anna), attempt, name)
            assert "Pagato in parte" in page
            assert "Nessuna ricevuta" in page
            assert reverse("payments:payment_pdf", args=[first.token]) in page
            assert "Riprendi" not in page

    @pytest.mark.parametrize("state", ["expired", "cancelled"])
    def test_what_can_no_longer_be_paid_is_not_offered(
        self, attempt: CheckoutAttempt, town: cast.Town, client_of: Callable[..., Client], state: str
    ) -> None:
        Notice.objects.update(state=state)
        page = self.page(client_of(town.anna), attempt)
        assert "Chiuso" in page
        assert "Riprendi" not in page
        assert "puoi riprendere" not in page

    def test_a_payment_taken_back_is_said_and_its_attestation_not_offered(
        self, notice: Notice, town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        receipt = receipts.record(incoming=incoming(notice.nav), channel="soap", now=NOW)
        address = reverse("payments:pay", args=[town.family.code])
        attestation = reverse("payments:payment_pdf", args=[notice.token])
        assert attestation in client_of(town.anna).get(address).content.decode()
        assert receipt.entry is not None
        ledger.reverse(entry=receipt.entry, reason="Pagamento revocato dalla banca", by=None, now=NOW)
        page = client_of(town.anna).get(address).content.decode()
        assert attestation not in page
        assert "Stornato" in page
