"""Corrections by hand: the office only, with a reason, confirmed, once; and the read-only lists."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from identity.models import User
from tests import cast
from tests.wallets.town import EVENING, TUESDAY, charge_everybody, top_up, wallet_of
from wallets.models import Entry, Wallet

Browser = Callable[[User], Client]
KEY = str(uuid.UUID(int=7))


@pytest.fixture(autouse=True)
def tuesday_evening(time_machine: Any) -> None:
    time_machine.move_to(EVENING, tick=False)


@pytest.fixture
def family(town: cast.Town) -> Wallet:
    wallet = wallet_of(town.family)
    top_up(wallet)
    return wallet


def form(**other: str) -> dict[str, str]:
    return {
        "direction": "accredito",
        "amount": "3,40",
        "reason": "pasto non servito",
        "pupil": "",
        "key": KEY,
        **other,
    }


def adjust_url(wallet: Wallet) -> str:
    return f"/ufficio/borsellini/{wallet.household.code}/rettifica/"


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


def test_an_adjustment_is_shown_before_it_is_written(family: Wallet, enzo: User, client_of: Browser) -> None:
    page = client_of(enzo).post(adjust_url(family), form()).content.decode()
    assert "Saldo dopo" in page
    assert "53,40" in page
    assert balance(family) == Decimal("50.00")


@pytest.mark.parametrize(("direction", "after"), [("accredito", "53.40"), ("addebito", "46.60")])
def test_a_confirmed_adjustment_is_written_once_however_often_it_is_sent(
    family: Wallet, enzo: User, client_of: Browser, direction: str, after: str
) -> None:
    office = client_of(enzo)
    for _ in range(2):
        answer = office.post(adjust_url(family), form(direction=direction, confermo="si"))
        assert answer.status_code == 302
    assert balance(family) == Decimal(after)
    entry = Entry.objects.get(kind="adjustment")
    assert (entry.recorded_by, entry.reason) == (enzo, "pasto non servito")


def test_the_same_form_with_another_amount_is_refused(family: Wallet, enzo: User, client_of: Browser) -> None:
    office = client_of(enzo)
    office.post(adjust_url(family), form(confermo="si"))
    answer = office.post(adjust_url(family), form(amount="9,00", confermo="si"))
    assert answer.status_code == 422
    assert "già registrato con dati diversi" in answer.content.decode()
    assert balance(family) == Decimal("53.40")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("amount", "tre", "con la virgola"),
        ("amount", "3,405", "al massimo due decimali"),
        ("amount", "-3", "maggiore di zero"),
        ("amount", "100000", "Al massimo 5.000 euro"),
        ("reason", "no", "qualche parola in più"),
        ("reason", "", "obbligatorio"),
        ("direction", "regalo", "opzion"),
        ("pupil", "999999", "scelta"),
    ],
)
def test_a_wrong_field_says_how_to_mend_it(
    family: Wallet, enzo: User, client_of: Browser, field: str, value: str, sentence: str
) -> None:
    answer = client_of(enzo).post(adjust_url(family), form(confermo="si", **{field: value}))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert balance(family) == Decimal("50.00")


def test_a_child_of_another_family_cannot_be_named(
    family: Wallet, town: cast.Town, client_of: Browser
) -> None:
    answer = client_of(town.enzo).post(adjust_url(family), form(pupil=str(town.tommaso.pk), confermo="si"))
    assert answer.status_code == 422


def test_a_movement_is_reversed_with_a_reason(family: Wallet, enzo: User, client_of: Browser) -> None:
    entry = Entry.objects.get()
    office = client_of(enzo)
    address = f"/ufficio/movimenti/{entry.pk}/storno/"
    assert office.post(address, {"reason": ""}).status_code == 422
    for _ in range(2):
        office.post(address, {"reason": "ricarica di un'altra famiglia"})
    assert balance(family) == 0
    assert Entry.objects.filter(kind="reversal").count() == 1


def test_the_charges_of_a_day_are_listed(family: Wallet, town: cast.Town, client_of: Browser) -> None:
    charge_everybody()
    charge_everybody(without=(town.luca,))
    page = client_of(town.enzo).get("/ufficio/addebiti/", {"giorno": f"{TUESDAY}"}).content.decode()
    assert "2 pasti addebitati" in page
    assert page.count("storno</td>") == 1
    assert "Luca" not in page
    other = client_of(town.enzo).get("/ufficio/addebiti/", {"giorno": "ieri"})
    assert other.status_code == 200


@pytest.mark.parametrize("who", ["gino", "auditor", "dora", "franca", "anna"])
def test_nobody_else_corrects(family: Wallet, town: cast.Town, client_of: Browser, who: str) -> None:
    browser = client_of(getattr(town, who))
    entry = Entry.objects.get()
    assert browser.post(adjust_url(family), form(confermo="si")).status_code == 403
    assert browser.post(f"/ufficio/movimenti/{entry.pk}/storno/", {"reason": "perché sì"}).status_code == 403
    assert balance(family) == Decimal("50.00")


@pytest.mark.parametrize("who", ["enzo", "gino", "auditor"])
@pytest.mark.parametrize("table", ["wallet", "entry", "dailydigest", "lowcreditalert", "walletrules"])
def test_the_panel_shows_the_books(
    family: Wallet, town: cast.Town, client_of: Browser, who: str, table: str
) -> None:
    assert client_of(getattr(town, who)).get(f"/gestione/wallets/{table}/").status_code == 200


def test_the_panel_changes_no_movement(family: Wallet, enzo: User, client_of: Browser) -> None:
    entry, office = Entry.objects.get(), client_of(enzo)
    page = office.get(f"/gestione/wallets/entry/{entry.pk}/change/").content.decode()
    assert 'name="amount"' not in page
    assert office.post(f"/gestione/wallets/entry/{entry.pk}/change/", {"amount": "1"}).status_code == 403
    assert office.post(f"/gestione/wallets/entry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert office.get("/gestione/wallets/entry/add/").status_code == 403
