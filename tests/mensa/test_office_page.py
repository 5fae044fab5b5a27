"""What the office reads first, and which tools each role is offered."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from attendance.models import PricingFailure, ServiceDay
from identity.models import User
from mensa import office_numbers
from mensa.context import OFFICE_TOOLS, page_of
from tests.cast import Town, at
from wallets import ledger

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NOW = at("2026-11-24 10:00")


def numbers() -> dict[str, office_numbers.Number]:
    return {number.title: number for number in office_numbers.at(NOW, outside=NOW)}


def test_a_calm_day_has_no_alarm(town: Town, settings: Settings) -> None:
    settings.SPID_ENABLED = False  # no key in this town
    found = numbers()
    assert not [number for number in found.values() if number.alarm]
    assert found["Bambini iscritti"].value == "3"
    assert found["Credito delle famiglie"].value == "0,00\xa0€"


def test_a_town_whose_families_cannot_enter_is_an_alarm(
    town: Town, settings: Settings, tmp_path: Path
) -> None:
    settings.SPID_KEYS_DIR = tmp_path
    assert numbers()["Accesso con SPID"].alarm
    assert numbers()["Accesso con SPID"].note == "Manca la chiave SPID del Comune: nessuno può entrare."


def test_a_day_left_open_is_an_alarm_and_today_is_not(town: Town) -> None:
    ServiceDay.objects.create(day=dt.date(2026, 11, 24))
    assert "Giorni da chiudere" not in numbers()
    ServiceDay.objects.create(day=dt.date(2026, 11, 23))
    assert numbers()["Giorni da chiudere"].alarm
    assert numbers()["Giorni da chiudere"].value == "1"


def test_a_child_without_a_price_is_an_alarm(town: Town) -> None:
    PricingFailure.objects.create(
        day=dt.date(2026, 11, 23), pupil=town.luca, reason="Manca la tabella tariffe.", found_at=NOW
    )
    assert numbers()["Pasti senza prezzo"].alarm


def test_credit_and_debt_are_counted_apart(town: Town) -> None:
    for household, amount in ((town.family, "50.00"), (town.carla_family, "-7.00")):
        ledger.adjust(
            wallet=household.wallet,
            amount=Decimal(amount),
            reason="Prova",
            key=household.code,
            by=town.enzo,
            now=NOW,
        )
    found = numbers()
    assert found["Credito delle famiglie"].value == "50,00\xa0€"
    assert (found["Borsellini sotto zero"].value, found["Borsellini sotto zero"].note) == ("1", "−7,00\xa0€")


@pytest.mark.parametrize("name", [name for _, tools in OFFICE_TOOLS for _, name, _ in tools])
def test_every_tool_of_the_menu_opens_for_the_office(client_of: ClientOf, enzo: User, name: str) -> None:
    url, allowed = page_of(name)
    assert enzo.role in allowed
    assert client_of(enzo).get(url).status_code == 200


def test_nobody_is_offered_a_tool_that_would_refuse_them(client_of: ClientOf, town: Town) -> None:
    for user in (town.gino, town.auditor):
        client = client_of(user)
        page = client.get("/ufficio/")
        offered = [link["url"] for group in page.context["office_menu"] for link in group["links"]]
        assert offered
        assert not [url for url in offered if client.get(url).status_code != 200]
        shown = [url for _, url in page.context["numbers"] if url]
        assert not [url for url in shown if client.get(url).status_code != 200]


def test_a_parent_is_offered_no_tool(client_of: ClientOf, anna: User) -> None:
    assert client_of(anna).get("/aiuto/").context["office_menu"] == []
