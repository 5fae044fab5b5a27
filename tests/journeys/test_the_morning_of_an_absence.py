"""Luca is ill: his mother says it at breakfast, the school finds another child missing, the kitchen cooks less, nobody of the two pays."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from attendance.models import ClassRegister
from identity.models import User
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words

pytestmark = pytest.mark.django_db


def test_the_morning_of_an_absence(
    canteen: cast.Town,
    browser: Callable[[User], Client],
    at: Callable[[str], None],
    night: Callable[[str], None],
) -> None:
    at("2026-11-24 08:40")
    anna, code = browser(canteen.anna), canteen.luca.code
    page = anna.post(reverse("attendance:mark", args=[code]), {"day": "2026-11-24"}, follow=True)
    assert "Assenza segnata per martedì 24/11." in words(page)

    at("2026-11-24 09:15")
    dora = browser(canteen.dora)
    third = canteen.classes["primaria 3A"]
    address = reverse("attendance:register", args=[third.pk, "2026-11-24"])
    sheet = dora.get(address).content.decode()
    assert re.search(rf'value="{canteen.luca.pk}"[^>]*checked', sheet), (
        "what the mother said is ticked already"
    )
    page = dora.post(address, {"absent": [canteen.luca.pk, canteen.tommaso.pk], "seen": ""}, follow=True)
    assert "Appello della 3A confermato: 2 assenti." in words(page)
    assert ClassRegister.objects.get().confirmed_by == canteen.dora

    late = anna.post(reverse("attendance:undo", args=[code]), {"day": "2026-11-24"}, follow=True)
    assert "Sono passate le 09:00" in words(late)

    at("2026-11-24 09:50")
    kitchen = words(browser(canteen.franca).get(reverse("attendance:kitchen")))
    assert "Infanzia" in kitchen or "infanzia" in kitchen
    assert "Rossi" not in kitchen
    assert "Bianchi" not in kitchen

    night("2026-11-24")
    assert balance(canteen.family) == "-2.89", "Sofia ate, Luca did not"
    assert balance(canteen.carla_family) == "0.00"
    assert_books_tally()
