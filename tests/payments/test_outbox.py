"""pagoPA down, slow or talking nonsense: the parent reads what to do within five seconds, nothing stays half made, and what is
owed is told later without hands."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mensa import clock
from payments import notices, outbox, recovery
from payments.errors import NodeUnreachable, PaymentRefused
from payments.gateways.gpd import position_body
from payments.models import CheckoutAttempt, Notice
from payments.simulator.node import WAYS
from tests import cast
from tests.payments import outside
from tests.payments.conftest import NOW, Simulator
from tests.payments.outside import Pagopa, answer
from tests.payments.test_gateways import PAGE, TROUBLES
from tests.payments.test_paying import form
from wallets.models import Entry, Wallet

LATER = NOW + dt.timedelta(hours=2)
CREATED, GONE = answer(201, {}), answer(200, {})
Issue = Callable[..., Notice]
pytestmark = pytest.mark.django_db


def told(notice: Notice, **changes: Any) -> outside.Say:
    """The position as GPD tells it back."""
    return answer(200, {**position_body(notices.position_of(notice)), "status": "VALID", **changes})


@pytest.fixture
def press(town: cast.Town, client_of: Callable[..., Client]) -> Callable[..., Any]:
    """Anna, who has the page open before her, presses the button."""
    anna = client_of(town.anna)
    anna.get(reverse("payments:pay", args=[town.family.code]))

    def send(notice: Notice | None, top_up: str = "") -> Any:
        return anna.post(
            reverse("payments:start", args=[town.family.code]), form(notice, top_up), follow=True
        )

    return send


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_the_parent_reads_what_to_do_within_five_seconds_and_all_is_mended_later(
    pagopa: Pagopa, press: Callable[..., Any], notice: Notice, trouble: outside.Say
) -> None:
    pagopa.otherwise = trouble
    started = time.monotonic()
    page = press(notice, "20").content.decode()
    assert time.monotonic() - started < 5
    assert "non è stato addebitato nulla" in page
    assert "Riprova" in page
    attempt, top_up = CheckoutAttempt.objects.get(), Notice.objects.top_ups().get()
    assert (attempt.state, attempt.redirect_url) == (CheckoutAttempt.State.UNREACHABLE, "")
    assert top_up.state == Notice.State.CANCELLED
    assert not Entry.objects.exists()
    pagopa.otherwise = GONE
    assert outbox.clear(limit=10, now=LATER) >= 1
    assert outbox.clear(limit=10, now=LATER) == 0
    notice.refresh_from_db()
    assert notice.published_at == LATER


def test_the_time_is_for_the_whole_page_not_for_each_of_five_notices(
    pagopa: Pagopa, town: cast.Town, client_of: Callable[..., Client], issue: Issue
) -> None:
    """Every answer comes, each after a second: alone none is late."""

    def slow(peer: Any, stop: Any) -> None:
        stop.wait(1)
        CREATED(peer, stop)

    pagopa.otherwise = slow
    chosen = [issue().pk for _ in range(5)]
    data = {"notices": chosen, "form_key": "6f2b3a52-9f0f-4c5e-8f57-0a52f9c1a001"}
    started = time.monotonic()
    address = reverse("payments:start", args=[town.family.code])
    page = client_of(town.anna).post(address, data, follow=True).content.decode()
    assert time.monotonic() - started < 5
    assert "non è stato addebitato nulla" in page
    assert Notice.objects.to_publish().count() + Notice.objects.filter(published_at=None).count() > 0


def test_the_control_without_a_limit_waits_for_all_of_them(pagopa: Pagopa, issue: Issue) -> None:
    """What the limit is for: the same five, told one after the other, take more than five seconds."""
    from payments import gateways

    def slow(peer: Any, stop: Any) -> None:
        stop.wait(1.1)
        CREATED(peer, stop)

    pagopa.otherwise = slow
    started = time.monotonic()
    for notice in [issue() for _ in range(5)]:
        notices.tell(notice=notice, now=NOW, gateway=gateways.current())
    assert time.monotonic() - started > 5


class TestNothingIsHalfMade:
    def test_a_top_up_whose_publication_got_through_unheard_is_withdrawn(
        self, pagopa: Pagopa, press: Callable[..., Any]
    ) -> None:
        """pagoPA has created the position and the answer is lost: it must not stay payable."""
        pagopa.script = [outside.close_half_way]
        press(None, "20")
        top_up = Notice.objects.get()
        assert (top_up.state, top_up.published_at) == (Notice.State.CANCELLED, None)
        pagopa.script = [GONE]
        assert outbox.clear(limit=10, now=LATER) == 1
        assert pagopa.questions() == ["POST debtpositions", "POST invalidate"]
        top_up.refresh_from_db()
        assert top_up.withdrawn_at == LATER

    def test_unknown_is_not_the_end_while_the_creation_may_still_arrive(
        self, pagopa: Pagopa, issue: Issue
    ) -> None:
        notice = issue()
        pagopa.otherwise = outside.close_half_way
        assert not notices.publish(notice=notice, now=NOW)
        notices.cancel(notice=notice)
        pagopa.otherwise = answer(404)
        soon, late = NOW + dt.timedelta(minutes=2), NOW + dt.timedelta(minutes=12)
        assert outbox.clear(limit=10, now=soon) == 0
        assert Notice.objects.to_withdraw().exists()
        assert outbox.clear(limit=10, now=late) == 1
        assert not Notice.objects.to_withdraw().exists()

    def test_a_notice_never_told_is_not_withdrawn(self, pagopa: Pagopa, notice: Notice) -> None:
        notices.cancel(notice=notice)
        assert outbox.clear(limit=10, now=LATER) == 0
        assert pagopa.asked == []

    def test_one_cancelled_while_it_was_being_published_is_withdrawn(
        self, pagopa: Pagopa, notice: Notice
    ) -> None:
        def cancelled_meanwhile(peer: Any, stop: Any) -> None:
            CREATED(peer, stop)

        pagopa.script = [cancelled_meanwhile]
        stale = Notice.objects.select_related("wallet__household__applicant").get(pk=notice.pk)
        notices.cancel(notice=notice)
        assert notices.publish(notice=stale, now=NOW)
        pagopa.otherwise = GONE
        assert outbox.clear(limit=10, now=LATER) == 1
        assert pagopa.questions()[-1] == "POST invalidate"

    def test_publishing_again_after_a_lost_answer_finds_it_there(
        self, pagopa: Pagopa, notice: Notice
    ) -> None:
        pagopa.script = [outside.close_half_way, answer(409), told(notice)]
        assert not notices.publish(notice=notice, now=NOW)
        assert outbox.clear(limit=10, now=LATER) == 1
        assert pagopa.questions() == [
            "POST debtpositions",
            "POST debtpositions",
            "GET MENSA-" + notice.token.hex,
        ]
        assert outbox.clear(limit=10, now=LATER) == 0


class TestTheRound:
    def test_the_second_silence_in_a_row_ends_it(self, pagopa: Pagopa, issue: Issue) -> None:
        for _ in range(6):
            issue()
        pagopa.script = [CREATED, outside.garbage, CREATED, outside.garbage, outside.garbage]
        assert outbox.clear(limit=10, now=NOW) == 2
        assert len(pagopa.asked) == 5
        pagopa.otherwise = CREATED
        assert outbox.clear(limit=10, now=LATER) == 4

    def test_positions_that_pagopa_chokes_on_block_no_other(self, pagopa: Pagopa, issue: Issue) -> None:
        """Two that always break it, and are always the oldest; the third is told in the next round."""
        poisoned = [issue(), issue()]
        good = issue()
        pagopa.script = [outside.garbage] * 2
        assert outbox.clear(limit=10, now=NOW) == 0
        pagopa.script, pagopa.otherwise = [CREATED], outside.garbage
        assert outbox.clear(limit=10, now=LATER) == 1
        good.refresh_from_db()
        assert good.published_at == LATER
        pagopa.otherwise = CREATED
        assert outbox.clear(limit=10, now=LATER + dt.timedelta(minutes=2)) == 0
        assert outbox.clear(limit=10, now=LATER + dt.timedelta(minutes=5)) == len(poisoned)

    def test_withdrawals_that_pagopa_chokes_on_block_no_publication(
        self, pagopa: Pagopa, issue: Issue
    ) -> None:
        poisoned, good = [issue(), issue()], issue()
        Notice.objects.filter(pk__in=[one.pk for one in poisoned]).update(state="cancelled", published_at=NOW)
        pagopa.script = [outside.garbage] * 4 + [CREATED]  # each withdrawal is asked twice
        assert outbox.clear(limit=10, now=NOW) == 1
        good.refresh_from_db()
        assert good.published_at == NOW

    def test_a_refused_notice_stops_no_other_and_is_asked_again_in_an_hour(
        self, pagopa: Pagopa, issue: Issue
    ) -> None:
        bad, good = issue(), issue()
        pagopa.script = [answer(400, {"detail": "IBAN non registrato"}), CREATED]
        assert outbox.clear(limit=10, now=NOW) == 1
        bad.refresh_from_db()
        good.refresh_from_db()
        assert (good.published_at, bad.node_error) == (NOW, "400 IBAN non registrato")
        pagopa.otherwise = CREATED
        assert outbox.clear(limit=10, now=NOW + dt.timedelta(minutes=59)) == 0
        assert outbox.clear(limit=10, now=NOW + dt.timedelta(minutes=60)) == 1
        bad.refresh_from_db()
        assert (bad.node_error, bad.published_at is not None) == ("", True)

    def test_a_parent_whose_notice_is_refused_reads_so(
        self, pagopa: Pagopa, press: Callable[..., Any], notice: Notice
    ) -> None:
        pagopa.otherwise = answer(422)
        page = press(notice).content.decode()
        assert "pagoPA non ha accettato questo pagamento: non è stato addebitato nulla" in page

    def test_the_office_finds_the_refusal_and_the_count(
        self, pagopa: Pagopa, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        pagopa.otherwise = answer(400, {"detail": "IBAN non registrato"})
        outbox.clear(limit=10, now=NOW)
        enzo = client_of(town.enzo)
        listed = enzo.get(reverse("admin:payments_notice_changelist"), {"nodo": "rifiutati"}).content.decode()
        assert "IBAN non registrato" in listed
        home = enzo.get(reverse("mensa:office")).content.decode()
        assert "Avvisi che pagoPA non accetta" in home
        assert f'class="alarm" href="{reverse("admin:payments_notice_changelist")}"' in home


def test_the_office_is_told_when_pagopa_has_been_silent_for_an_hour(
    pagopa: Pagopa, town: cast.Town, client_of: Callable[..., Client], notice: Notice
) -> None:
    enzo, said = client_of(town.enzo), "pagoPA non risponde: il portale riprova ogni due minuti"
    clock.move_to(NOW)
    outbox.clear(limit=10, now=NOW)
    assert said not in enzo.get(reverse("mensa:office")).content.decode()
    clock.move_to(NOW + dt.timedelta(minutes=61))
    assert said in enzo.get(reverse("mensa:office")).content.decode()
    pagopa.otherwise = CREATED
    outbox.clear(limit=10, now=clock.now())
    assert said not in enzo.get(reverse("mensa:office")).content.decode()


class TestAnotherDueDate:
    def postpone(self, notice: Notice, town: cast.Town, day: str) -> int:
        return notices.postpone(notices=[notice], due_date=dt.date.fromisoformat(day), by=town.enzo, now=NOW)

    def test_it_is_told_to_the_node(self, pagopa: Pagopa, notice: Notice, town: cast.Town) -> None:
        pagopa.otherwise = CREATED
        outbox.clear(limit=10, now=NOW)
        assert self.postpone(notice, town, "2027-01-31") == 1
        assert self.postpone(notice, town, "2027-01-31") == 0
        pagopa.script = [outside.garbage, outside.garbage]
        assert outbox.clear(limit=10, now=NOW) == 0
        pagopa.otherwise = GONE
        assert outbox.clear(limit=10, now=LATER) == 1
        last = pagopa.asked[-1]
        assert last.method == "PUT"
        assert last.body["paymentOption"][0]["dueDate"] == "2027-01-31T23:59:59.000Z"
        assert outbox.clear(limit=10, now=NOW) == 0

    def test_one_changed_while_it_was_being_told_is_told_again(
        self, pagopa: Pagopa, notice: Notice, town: cast.Town
    ) -> None:
        stale = Notice.objects.select_related("wallet__household__applicant").get(pk=notice.pk)
        self.postpone(notice, town, "2027-01-31")
        pagopa.otherwise = CREATED
        notices.tell(notice=stale, now=NOW)
        assert Notice.objects.to_update().get() == notice

    def test_a_paid_notice_keeps_its_date_and_a_past_date_is_refused(
        self, notice: Notice, town: cast.Town
    ) -> None:
        with pytest.raises(PaymentRefused, match="già passata"):
            self.postpone(notice, town, "2026-11-23")
        Notice.objects.update(state="paid", paid_at=NOW)
        assert self.postpone(notice, town, "2027-01-31") == 0

    def test_the_office_does_it_from_its_list(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        address = reverse("admin:payments_notice_changelist")
        chosen = {"action": "postpone_chosen", "_selected_action": [notice.pk]}
        page = client_of(town.enzo).post(address, chosen).content.decode()
        assert "Nuova scadenza" in page
        client_of(town.enzo).post(address, {**chosen, "apply": "1", "due_date": "2099-01-31"})
        notice.refresh_from_db()
        assert (notice.due_date, notice.revision) == (dt.date(2099, 1, 31), 1)


def test_five_notices_are_one_cart_and_six_are_refused(
    pagopa: Pagopa, town: cast.Town, client_of: Callable[..., Client], issue: Issue
) -> None:
    address = reverse("payments:start", args=[town.family.code])
    chosen = [
        issue(f"{euro}.00", pupil=pupil).pk
        for euro, pupil in zip((10, 20, 30, 40, 50, 60), [town.luca, town.sofia] * 3, strict=True)
    ]
    pagopa.script = [CREATED] * 5 + [answer(302, Location=PAGE)]
    data = {"notices": chosen[:5], "form_key": "6f2b3a52-9f0f-4c5e-8f57-0a52f9c1a002"}
    client_of(town.anna).post(address, data)
    cart = pagopa.asked[-1].body
    assert [one["amount"] for one in cart["paymentNotices"]] == [1000, 2000, 3000, 4000, 5000]
    attempt = CheckoutAttempt.objects.get()
    assert (attempt.state, attempt.redirect_url) == (CheckoutAttempt.State.STARTED, PAGE)
    said = f"{cart['returnUrls']} {cart['idCart']}"
    assert not any(notice.nav in said or "99999000013" in said for notice in attempt.notices.all())
    six = {"notices": chosen, "form_key": "6f2b3a52-9f0f-4c5e-8f57-0a52f9c1a003"}
    page = client_of(town.anna).post(address, six, follow=True).content.decode()
    assert "al massimo 5 avvisi" in page
    assert CheckoutAttempt.objects.count() == 1


def test_the_sum_of_a_cart_is_the_sum_of_its_notices(
    pagopa: Pagopa, press: Callable[..., Any], notice: Notice
) -> None:
    pagopa.script = [CREATED, CREATED, answer(302, Location=PAGE)]
    press(notice, "20,50")
    total = sum((one.amount for one in CheckoutAttempt.objects.get().notices.all()), Decimal(0))
    assert sum(one["amount"] for one in pagopa.asked[-1].body["paymentNotices"]) == total * 100


def test_a_silent_page_raises_and_a_second_press_of_the_same_form_says_it_again(
    pagopa: Pagopa, town: cast.Town, notice: Notice
) -> None:
    import uuid

    from payments import checkout

    key = uuid.uuid4()
    for _ in range(2):
        with pytest.raises(NodeUnreachable):
            checkout.start(
                household=town.family,
                items=checkout.Items(notices=[notice]),
                form_key=key,
                by=town.anna,
                now=NOW,
            )
    assert CheckoutAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_simulated_node_is_told_of_a_new_date(
    simulator: Simulator, notice: Notice, town: cast.Town
) -> None:
    outbox.clear(limit=10, now=NOW)
    notices.postpone(notices=[notice], due_date=dt.date(2027, 1, 31), by=town.enzo, now=NOW)
    assert outbox.clear(limit=10, now=NOW) == 1
    body, status = simulator.node.store.position("99999000013", notices.iupd(notice)) or ({}, "")
    assert (body["paymentOption"][0]["dueDate"][:10], status) == ("2027-01-31", "VALID")


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_the_simulated_node_never_delivers_is_recovered(
    simulator: Simulator, notice: Notice, town: cast.Town
) -> None:
    debt = simulator.node.look_up("99999000013", notice.nav)
    (iur,) = simulator.node.pay([debt], way=WAYS["late"])
    receipt = recovery.recover(iur=iur, iuv=notice.iuv, now=NOW)
    assert receipt is not None
    assert (receipt.channel, Wallet.objects.get(household=town.family).balance) == (
        "biz_events",
        Decimal("102.00"),
    )
    simulator.node.store.hurry(0)
    assert simulator.node.deliver_due() == 1
    assert Wallet.objects.get(household=town.family).balance == Decimal("102.00")
