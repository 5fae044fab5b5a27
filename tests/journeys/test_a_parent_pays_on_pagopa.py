"""Anna pays on the pagoPA page: the receipt comes over HTTP, as often as the node likes, and credits once."""

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from identity.models import User
from payments.models import CheckoutAttempt, Receipt
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words
from tests.payments.conftest import Simulator
from tests.payments.test_paying import form
from wallets.models import Entry


@pytest.mark.django_db(transaction=True)
def test_a_parent_pays_on_pagopa_and_is_credited_once(
    simulator: Simulator, town: cast.Town, browser: Callable[[User], Client], at: Callable[[str], None]
) -> None:
    at("2026-11-24 10:00")
    anna, code = browser(town.anna), town.family.code
    assert anna.get(reverse("payments:pay", args=[code])).status_code == 200
    answer = anna.post(reverse("payments:start", args=[code]), form(top_up="50,00"))
    attempt = CheckoutAttempt.objects.get()
    assert answer["Location"] == reverse("payments:go", args=[attempt.token])

    back = simulator.choose(attempt.redirect_url, "twice").headers["location"]
    page = anna.get(httpx.URL(back).path, follow=True)
    assert "erifica" in words(page)
    assert balance(town.family) == "0.00", "coming back is not paying"

    assert simulator.node.deliver_due() == 2
    assert balance(town.family) == "50.00"
    assert (Receipt.objects.get().amount, Receipt.objects.get().deliveries) == (Decimal("50.00"), 2)
    assert Entry.objects.count() == 1
    assert "50,00 €" in words(anna.get(reverse("wallets:statement", args=[code])))
    assert browser(town.carla).get(reverse("payments:attempt", args=[attempt.token])).status_code == 404
    assert_books_tally()
