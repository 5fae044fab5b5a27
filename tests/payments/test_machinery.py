"""The sweeps, the panel, the node on its own and under many threads."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from mensa import clock
from payments import campaigns, receipts, tasks
from payments.models import Campaign, CheckoutAttempt, Notice, Receipt, UploadedReceipt
from payments.simulator.store import Store
from tests import cast
from tests.payments.conftest import NOW, Simulator
from tests.payments.test_receipts import incoming
from wallets.models import Wallet


@pytest.mark.django_db(transaction=True)
def test_the_sweep_places_publishes_and_wakes(
    simulator: Simulator, town: cast.Town, notice: Notice, wallet: Wallet
) -> None:
    receipts.keep(incoming=incoming(notice.nav, "10.00"), channel="soap", now=NOW)
    campaign = campaigns.create(
        year=town.year, name="x", meals=1, price_day=NOW.date(), due_date=NOW.date(), by=town.enzo, now=NOW
    )
    campaigns.start(campaign=campaign, by=town.enzo, now=NOW)
    clock.move_to(NOW)
    tasks.sweep_payments()
    wallet.refresh_from_db()
    campaign.refresh_from_db()
    assert (wallet.balance, campaign.state) == (Decimal("10.00"), Campaign.State.DONE)
    tasks.sweep_payments()
    assert not Notice.objects.to_publish().exists()


@pytest.mark.django_db(transaction=True)
def test_many_payments_at_once_at_the_counter_are_one_credit_each(
    simulator: Simulator, issue: Callable[..., Notice], wallet: Wallet
) -> None:
    numbers = [issue(f"{euro}.00").nav for euro in range(10, 18)]

    def pay(nav: str) -> int:
        return httpx.post(
            f"{simulator.address}/sportello", data={"numero": nav, "esito": "twice"}, trust_env=False
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(pay, numbers)) == {200}
    with ThreadPoolExecutor(4) as pool:
        delivered = sum(pool.map(lambda _: simulator.node.deliver_due(), range(4)))
    wallet.refresh_from_db()
    assert (delivered, wallet.balance) == (16, Decimal(sum(range(10, 18))))
    assert Receipt.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_finds_the_portal_down_is_delivered_later(
    simulator: Simulator, notice: Notice, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpx.post(f"{simulator.address}/sportello", data={"numero": notice.nav, "esito": "pay"}, trust_env=False)
    right = simulator.node.body.address
    object.__setattr__(simulator.node.body, "address", "http://127.0.0.1:1/nobody")
    assert simulator.node.deliver_due() == 1
    object.__setattr__(simulator.node.body, "address", right)
    assert simulator.node.deliver_due() == 0
    simulator.node.store.hurry(0)
    assert simulator.node.deliver_due() == 1
    wallet.refresh_from_db()
    assert wallet.balance == Decimal("102.00")


def test_one_thread_only_claims_a_delivery(tmp_path: Path) -> None:
    store = Store(tmp_path / "node.sqlite3")
    for number in range(20):
        store.add_delivery({"receipt_id": str(number), "nav": "3", "amount": "1", "paid_at": ""}, b"", 0)
    barrier = threading.Barrier(8)

    def claim(_: int) -> list[int]:
        barrier.wait(timeout=10)
        taken = []
        while row := store.claim_delivery(1, 100):
            taken.append(int(row["id"]))
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [one for mine in pool.map(claim, range(8)) for one in mine]
    assert sorted(taken) == list(range(1, 21))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nulla", 404),
        ("DELETE", "/sportello", 405),
        ("GET", "/checkout/" + "0" * 32, 404),
        ("POST", "/checkout/x", 404),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_the_node_answers_nonsense_with_a_status(
    simulator: Simulator, method: str, path: str, status: int
) -> None:
    assert httpx.request(method, simulator.address + path, trust_env=False).status_code == status


@pytest.mark.django_db(transaction=True)
def test_everything_the_node_shows_says_simulazione(simulator: Simulator) -> None:
    for path in ("/", "/sportello", "/sportello?numero=12"):
        page = httpx.get(simulator.address + path, trust_env=False)
        assert "SIMULAZIONE" in page.text
        assert "{base}" not in page.text
    attack = httpx.get(
        f"{simulator.address}/sportello", params={"numero": '"><script>alert(1)</script>'}, trust_env=False
    )
    assert "<script>" not in attack.text


def test_the_node_on_its_own_starts_in_simulation_only(settings: Any) -> None:
    settings.PAGOPA_MODE = "gpd"
    with pytest.raises(CommandError, match="simulator"):
        call_command("pagopa_simulator", stdout=StringIO())


def test_the_simulator_says_that_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CommandError, match="è occupata"):
        call_command("pagopa_simulator", porta=taken.getsockname()[1], stdout=StringIO())


@pytest.mark.django_db
class TestThePanel:
    @pytest.mark.parametrize("model", [Notice, Receipt, Campaign, UploadedReceipt, CheckoutAttempt])
    def test_the_lists_open_and_nothing_can_be_added(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice, model: Any
    ) -> None:
        enzo, name = client_of(town.enzo), model._meta.model_name
        assert enzo.get(reverse(f"admin:payments_{name}_changelist"), {"q": "x"}).status_code == 200
        assert enzo.get(reverse(f"admin:payments_{name}_add")).status_code == 403

    def test_the_office_cancels_notices_and_the_accounts_do_not(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        address = reverse("admin:payments_notice_changelist")
        data = {"action": "cancel_chosen", "_selected_action": [notice.pk]}
        client_of(town.gino).post(address, data)
        notice.refresh_from_db()
        assert notice.state == Notice.State.ISSUED
        client_of(town.enzo).post(address, data)
        notice.refresh_from_db()
        assert notice.state == Notice.State.CANCELLED


@pytest.mark.django_db
def test_the_pages_take_as_many_queries_for_many_rows_as_for_few(
    town: cast.Town,
    client_of: Callable[..., Client],
    issue: Callable[..., Notice],
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(8):
        issue()
    anna, enzo = client_of(town.anna), client_of(town.enzo)
    for number in range(8):
        receipts.record(
            incoming=incoming("301000000099999962", receipt_id=f"r{number}"), channel="soap", now=NOW
        )
    with django_assert_max_num_queries(14):
        anna.get(reverse("payments:pay", args=[town.family.code]))
    with django_assert_max_num_queries(9):
        enzo.get(reverse("payments:review"))
