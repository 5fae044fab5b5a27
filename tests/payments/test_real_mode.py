"""Mode `gpd` from the button to the wallet: the same way as the simulator's, with the addresses, keys and header of the settings."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from payments import notices, outbox
from payments.configuration import PLACES, simulator_secret
from payments.models import CheckoutAttempt, Notice, Receipt
from tests import cast
from tests.payments.conftest import NOW, Simulator
from tests.payments.test_paying import form
from wallets.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gpd(simulator: Simulator, settings: Any) -> Simulator:
    """The simulated node in the place of pagoPA: reached by URL and key only, as a stranger."""
    settings.PAGOPA_MODE, settings.SIMULATORS_URL = "gpd", "http://127.0.0.1:9"
    settings.PAGOPA_URLS = {name: f"{simulator.address}{place}" for name, place in PLACES.items()}
    settings.PAGOPA_KEYS = {name: ["expired-key", simulator_secret()] for name in PLACES}
    settings.PAGOPA_CALLER_VALUE = simulator_secret()
    return simulator


def test_from_the_button_to_the_wallet(
    gpd: Simulator, notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    anna = client_of(town.anna)
    went = anna.post(reverse("payments:start", args=[town.family.code]), form(notice, "20,00"))
    attempt = CheckoutAttempt.objects.get()
    assert went["Location"] == reverse("payments:go", args=[attempt.token])
    gpd.choose(attempt.redirect_url, "pay")
    page = anna.get(reverse("payments:return_ok", args=[attempt.token])).content.decode()
    assert "In verifica" in page
    assert not Receipt.objects.exists()
    assert gpd.node.deliver_due() == 2
    assert Wallet.objects.get(household=town.family).balance == Decimal("122.00")
    assert "Pagato" in anna.get(reverse("payments:attempt", args=[attempt.token])).content.decode()


def test_a_position_lives_as_its_notice_does(gpd: Simulator, notice: Notice, town: cast.Town) -> None:
    def at_the_node() -> str:
        return (gpd.node.store.position("99999000013", notices.iupd(notice)) or ({}, "unknown"))[1]

    assert at_the_node() == "unknown"
    outbox.clear(limit=10, now=NOW)
    assert at_the_node() == "VALID"
    Notice.objects.update(published_at=None)
    outbox.clear(limit=10, now=NOW)
    assert at_the_node() == "VALID"
    notices.cancel(notice=notice)
    outbox.clear(limit=10, now=NOW)
    assert at_the_node() == "INVALID"
    assert outbox.clear(limit=10, now=NOW) == 0


def test_a_wrong_key_changes_nothing_and_the_right_one_mends_it(
    gpd: Simulator, notice: Notice, settings: Any
) -> None:
    right = settings.PAGOPA_KEYS
    settings.PAGOPA_KEYS = {**right, "GPD": ["wrong"]}
    assert outbox.clear(limit=10, now=NOW) == 0
    assert Notice.objects.to_publish().get() == notice
    settings.PAGOPA_KEYS = right
    assert outbox.clear(limit=10, now=NOW + outbox.AFTER_A_SILENCE) == 1
