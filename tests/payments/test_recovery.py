"""A receipt that a report names and that never came: asked of Biz-Events, ten times an hour, and not for ever."""

import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from payments import receipts, recovery
from payments.models import Notice, Receipt, RecoveryCall
from payments.recovery import WrongReceipt, incoming_receipt, recover
from tests import cast
from tests.payments import outside
from tests.payments.conftest import NOW
from tests.payments.outside import Pagopa, answer
from tests.payments.test_receipts import incoming
from wallets.models import Entry, Wallet

IUR = "5dcd115ac18d4197a33b681767e82999"
HOUR = dt.timedelta(hours=1)


def told(notice: Notice, **changes: Any) -> dict[str, Any]:
    """A receipt as Biz-Events tells it: amounts in euro."""
    receipt = {
        "receiptId": IUR,
        "noticeNumber": notice.nav,
        "fiscalCode": "99999000013",
        "outcome": "OK",
        "paymentAmount": 102.0,
        "fee": 1.3,
        "pspCompanyName": "Banca di prova",
        "paymentDateTime": "2026-11-20",
        "paymentDateTimeFormatted": "2026-11-20T17:54:08",
    }
    return {**receipt, **changes}


def ask(notice: Notice, now: dt.datetime = NOW, iur: str = IUR) -> Receipt | None:
    return recover(iur=iur, iuv=notice.iuv, now=now)


@pytest.mark.django_db
class TestRecovering:
    def test_the_missing_receipt_is_credited_by_its_own_channel(
        self, pagopa: Pagopa, notice: Notice, wallet: Wallet
    ) -> None:
        pagopa.script = [answer(200, told(notice))]
        receipt = ask(notice)
        wallet.refresh_from_db()
        assert receipt is not None
        assert (receipt.channel, receipt.state, receipt.fee) == (
            Receipt.Channel.BIZ_EVENTS,
            Receipt.State.CREDITED,
            Decimal("1.30"),
        )
        assert (wallet.balance, f"{receipt.paid_at:%Y-%m-%d %H:%M%z}") == (
            Decimal("102.00"),
            "2026-11-20 16:54+0000",
        )
        (asked,) = pagopa.asked
        assert asked.path == f"/organizations/99999000013/receipts/{IUR}/paymentoptions/{notice.iuv}"

    def test_what_no_column_takes_is_left_out_and_the_receipt_credited(
        self, pagopa: Pagopa, notice: Notice, wallet: Wallet
    ) -> None:
        pagopa.script = [answer(200, told(notice, pspCompanyName="Banca\0 di\ud800 prova"))]
        receipt = ask(notice)
        assert receipt is not None
        assert (receipt.psp, receipt.state) == ("Banca di prova", Receipt.State.CREDITED)

    def test_one_that_is_here_is_not_asked_for(self, pagopa: Pagopa, notice: Notice) -> None:
        here = receipts.record(incoming=incoming(notice.nav, receipt_id=IUR), channel="soap", now=NOW)
        assert ask(notice) == here
        assert pagopa.asked == []

    def test_found_by_us_and_delivered_by_the_node_is_one_credit(
        self, pagopa: Pagopa, notice: Notice, wallet: Wallet
    ) -> None:
        pagopa.script = [answer(200, told(notice))]
        ask(notice)
        receipts.record(incoming=incoming(notice.nav, receipt_id=IUR), channel="soap", now=NOW)
        assert (Entry.objects.count(), Receipt.objects.get().deliveries) == (1, 2)

    @pytest.mark.parametrize(
        ("say", "outcome"),
        [
            (answer(404), "unknown"),
            (answer(422), "unknown"),
            (answer(429), "silent"),
            (answer(500), "silent"),
            (outside.garbage, "silent"),
            (answer(200, b"[1, 2"), "silent"),
            (answer(200, ["?"]), "silent"),
        ],
    )
    def test_no_receipt_is_no_credit_and_is_written_down(
        self, pagopa: Pagopa, notice: Notice, say: outside.Say, outcome: str
    ) -> None:
        pagopa.otherwise = say
        assert ask(notice) is None
        assert RecoveryCall.objects.get().outcome == outcome
        assert len(pagopa.asked) == 1
        assert not Receipt.objects.exists()

    @pytest.mark.parametrize(
        "changes",
        [
            {"receiptId": "another"},
            {"fiscalCode": "12345678901"},
            {"noticeNumber": "12"},
            {"paymentAmount": "102.00"},
            {"paymentAmount": None},
            {"paymentAmount": True},
            {"paymentAmount": -102},
            {"paymentAmount": 102.005},
        ],
    )
    def test_an_answer_that_is_not_the_receipt_asked_for_is_not_believed(
        self, pagopa: Pagopa, notice: Notice, changes: dict[str, Any]
    ) -> None:
        pagopa.script = [answer(200, told(notice, **changes))]
        assert ask(notice) is None
        assert not Receipt.objects.exists()


@pytest.mark.django_db
class TestHowOften:
    @pytest.fixture(autouse=True)
    def _nothing_there(self, pagopa: Pagopa) -> None:
        pagopa.otherwise = answer(404)

    def test_ten_questions_an_hour_and_the_eleventh_waits(self, pagopa: Pagopa, notice: Notice) -> None:
        for number in range(15):
            ask(notice, iur=f"r{number}")
        assert len(pagopa.asked) == 10
        ask(notice, now=NOW + HOUR - dt.timedelta(seconds=1), iur="r14")
        assert len(pagopa.asked) == 10
        ask(notice, now=NOW + HOUR, iur="r14")
        assert len(pagopa.asked) == 11

    def test_the_same_one_is_asked_every_six_hours_and_three_times_in_all(
        self, pagopa: Pagopa, notice: Notice
    ) -> None:
        for hours in range(48):
            ask(notice, now=NOW + hours * HOUR)
        assert [call.asked_at for call in RecoveryCall.objects.order_by("pk")] == [
            NOW,
            NOW + 6 * HOUR,
            NOW + 12 * HOUR,
        ]
        assert len(pagopa.asked) == 3

    def test_a_process_that_died_while_asking_has_asked(self, pagopa: Pagopa, notice: Notice) -> None:
        RecoveryCall.objects.create(asked_at=NOW, iur=IUR)
        assert ask(notice) is None
        assert pagopa.asked == []


@pytest.mark.django_db(transaction=True)
def test_sixteen_at_once_ask_ten_questions(pagopa: Pagopa, notice: Notice) -> None:
    pagopa.otherwise = answer(404)

    def one(number: int) -> None:
        try:
            ask(notice, iur=f"r{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(16)))
    assert len(pagopa.asked) == RecoveryCall.objects.count() == 10


@pytest.mark.django_db
def test_the_published_example_is_read(reference: Path, settings: Any) -> None:
    raw = (reference / "samples" / "gpd" / "biz-events_getOrganizationReceipt.json").read_text("utf-8")
    settings.TOWN_FISCAL_CODE = "66666666666"
    content = json.loads(raw, parse_float=Decimal)
    found = incoming_receipt(content, iur=content["receiptId"], raw=raw)
    assert (found.amount, found.fee, found.psp) == (Decimal("20.00"), Decimal("0.00"), "PSP Paolo")
    assert f"{found.paid_at:%Y-%m-%d %H:%M}" == "2022-10-24 17:54"
    with pytest.raises(WrongReceipt):
        incoming_receipt(content, iur="another", raw=raw)


def test_a_day_alone_is_its_noon(settings: Any) -> None:
    moment = recovery._moment({"paymentDateTime": "2026-11-20"})
    assert f"{moment:%Y-%m-%d %H:%M%z}" == "2026-11-20 12:00+0100"
    assert recovery._moment({"paymentDateTimeFormatted": "ieri"}) is None
    assert recovery._moment({"paymentDateTimeFormatted": "9999-12-31T23:59:59Z"}) is None


@pytest.mark.django_db
def test_the_office_sees_what_was_asked(town: cast.Town, client_of: Callable[..., Client]) -> None:
    RecoveryCall.objects.create(asked_at=NOW, iur=IUR, outcome="unknown")
    enzo = client_of(town.enzo)
    assert IUR in enzo.get(reverse("admin:payments_recoverycall_changelist")).content.decode()
    assert enzo.get(reverse("admin:payments_recoverycall_add")).status_code == 403
