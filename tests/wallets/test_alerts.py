"""Low credit: one kind message per threshold crossed, to both parents; a top-up opens the way to the next."""

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from enrolments import pricing
from enrolments.models import Guardian
from tests import cast
from tests.refusing import refuse
from tests.wallets.races import WAIT, together
from tests.wallets.town import EVENING, TUESDAY, top_up, wallet_of
from wallets import alerts, credit, ledger
from wallets.models import LowCreditAlert, Wallet, WalletRules

# The mean price of Luca and Sofia is 3.145: 5 meals are 15.73 euro.


@pytest.fixture
def family(town: cast.Town) -> Wallet:
    """Enough for everybody, so that nobody is told anything."""
    top_up(wallet_of(town.carla_family), cause="carla")
    wallet = wallet_of(town.family)
    top_up(wallet)
    return wallet


def spend(wallet: Wallet, amount: str, key: str, town: cast.Town) -> None:
    ledger.adjust(wallet=wallet, amount=-Decimal(amount), key=key, reason="pasti", by=town.enzo, now=EVENING)


def meals(wallet: Wallet) -> int | None:
    return credit.meals_left(wallet=Wallet.objects.get(pk=wallet.pk), day=TUESDAY)


def test_credit_is_told_in_meals_at_the_childrens_prices(family: Wallet, town: cast.Town) -> None:
    assert meals(family) == 15
    spend(family, "50.00", "1", town)
    assert meals(family) == 0
    spend(family, "0.01", "2", town)
    assert meals(family) == -1


def test_a_family_without_paying_children_has_no_meals_to_count(family: Wallet) -> None:
    assert credit.meals_left(wallet=family, day=TUESDAY.replace(year=2050)) is None


def test_one_message_for_each_threshold(family: Wallet, town: cast.Town) -> None:
    assert alerts.send_due(now=EVENING) == 0
    for number, (amount, told) in enumerate(
        [("34.00", 1), ("3.00", 0), ("7.00", 1), ("6.00", 1), ("1.00", 0), ("10.00", 1), ("50.00", 0)]
    ):
        spend(family, amount, str(number), town)
        assert alerts.send_due(now=EVENING) == told, f"after {amount}: {meals(family)} meals"
    assert sorted(LowCreditAlert.objects.values_list("threshold", flat=True)) == [-3, 0, 2, 5]


def test_a_family_from_which_the_children_have_gone_is_not_asked_to_top_up(
    family: Wallet, town: cast.Town
) -> None:
    """A message that had not left yet is not sent either."""
    children = [town.luca, town.sofia]
    spend(family, "45.00", "1", town)
    alerts.find_crossings(now=EVENING)
    for child in children:
        cast.hand_over(child, town.carla_family, TUESDAY)
    pricing.refresh(pupil_ids=[child.pk for child in children])
    alerts.send_due(now=EVENING)
    assert "anna@posta.example" not in {to for message in mail.outbox for to in message.to}


def test_several_thresholds_at_once_are_one_message(family: Wallet, town: cast.Town) -> None:
    spend(family, "80.00", "1", town)
    assert alerts.send_due(now=EVENING) == 1
    assert alerts.send_due(now=EVENING) == 0
    assert len(mail.outbox) == 2


def test_a_top_up_opens_the_way_to_the_next_message(family: Wallet, town: cast.Town) -> None:
    spend(family, "40.00", "1", town)
    alerts.send_due(now=EVENING)
    top_up(family, "60.00", cause="receipt:2")
    assert alerts.send_due(now=EVENING) == 0
    spend(family, "60.00", "2", town)
    assert alerts.send_due(now=EVENING) == 1


@pytest.mark.parametrize("families_at_once", [1, 2])
def test_however_many_families_are_weighed_together_each_gets_its_own(
    family: Wallet, town: cast.Town, monkeypatch: pytest.MonkeyPatch, families_at_once: int
) -> None:
    monkeypatch.setattr(alerts, "AT_ONCE", families_at_once)
    other = wallet_of(town.carla_family)
    spend(family, "34.00", "1", town)
    spend(other, "60.00", "2", town)
    alerts.find_crossings(now=EVENING)
    opened = LowCreditAlert.objects.filter(reset_at__isnull=True).order_by("wallet", "threshold")
    low = list(opened.values_list("wallet", "threshold"))
    assert {wallet for wallet, _ in low} == {family.pk, other.pk}
    assert alerts.find_crossings(now=EVENING) == 0
    for wallet in (family, other):
        top_up(wallet, cause=f"again {wallet.pk}")
        alerts.find_crossings(now=EVENING)
        low = [one for one in low if one[0] != wallet.pk]
        assert list(opened.values_list("wallet", "threshold")) == low


def test_the_message_is_kind_and_private(family: Wallet, town: cast.Town) -> None:
    spend(family, "55.00", "1", town)
    alerts.send_due(now=EVENING)
    assert sorted(to for message in mail.outbox for to in message.to) == [
        "anna@posta.example",
        "bruno@posta.example",
    ]
    for message in mail.outbox:
        assert len(message.to) == 1
        assert "Nessun bambino resta senza pranzo" in message.body
        for private in ("Luca", "Sofia", "Rossi", "Bianchi", "5,00"):
            assert private not in message.subject
        assert "Luca" not in message.body


def test_the_office_changes_the_thresholds(family: Wallet, town: cast.Town) -> None:
    WalletRules.objects.create(act="Det. 1/2026", valid_from=TUESDAY, low_credit_meals=[])
    spend(family, "80.00", "1", town)
    assert alerts.send_due(now=EVENING) == 0


def test_a_family_without_address_is_listed_for_a_telephone_call(family: Wallet, town: cast.Town) -> None:
    town.family.members.all()
    for member in town.family.members.select_related("guardian"):
        member.guardian.email = ""
        member.guardian.save()
    spend(family, "80.00", "1", town)
    assert alerts.send_due(now=EVENING) == 0
    assert alerts.unreachable() == {town.family.code: -3}


def test_when_the_mail_server_is_down_the_next_round_tries_again(
    family: Wallet, town: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: EmailBackend, messages: object) -> int:
        raise ConnectionRefusedError

    spend(family, "40.00", "1", town)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", down)
        assert alerts.send_due(now=EVENING) == 0
    assert alerts.send_due(now=EVENING + dt.timedelta(minutes=30)) == 1


def test_a_refused_address_neither_silences_nor_repeats_the_mail_to_the_other_parent(
    family: Wallet, town: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "bruno@posta.example")
    spend(family, "40.00", "1", town)
    rounds = [EVENING + dt.timedelta(hours=hours) for hours in range(4)]
    assert [alerts.send_due(now=now) for now in rounds] == [1, 0, 0, 0]
    assert [message.to for message in mail.outbox] == [["anna@posta.example"]]
    assert alerts.unreachable() == {}


def test_the_parent_who_missed_one_message_reads_of_both_thresholds_and_the_other_of_the_new_one(
    family: Wallet, town: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(family, "34.00", "1", town)
    with monkeypatch.context() as patch:
        refuse(patch, "bruno@posta.example")
        alerts.send_due(now=EVENING)
    spend(family, "10.00", "2", town)
    assert alerts.send_due(now=EVENING + dt.timedelta(hours=1)) == 1
    assert [message.to[0][:4] for message in mail.outbox] == ["anna", "anna", "brun"]


def test_a_family_of_which_one_parent_was_reached_is_not_telephoned_however_often_the_other_was_tried(
    family: Wallet, town: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "bruno@posta.example")
    spend(family, "40.00", "1", town)
    alerts.find_crossings(now=EVENING)
    LowCreditAlert.objects.update(tries=alerts.TRIES - 1)
    assert alerts.send_due(now=EVENING) == 1
    assert alerts.unreachable() == {}


def test_a_family_that_cannot_be_written_to_keeps_no_other_waiting_and_is_telephoned(
    family: Wallet, town: cast.Town
) -> None:
    spend(family, "80.00", "1", town)
    spend(wallet_of(town.carla_family), "80.00", "2", town)
    Guardian.objects.filter(first_name__in=["Anna", "Bruno"]).update(email="riga\nspezzata@posta.example")
    assert alerts.send_due(now=EVENING) == 1
    assert [message.to for message in mail.outbox] == [["carla@posta.example"]]
    assert alerts.unreachable() == {}
    LowCreditAlert.objects.filter(wallet=family).update(tries=alerts.TRIES - 1)
    for hours in (1, 2):
        assert alerts.send_due(now=EVENING + dt.timedelta(hours=hours)) == 0
    assert alerts.unreachable() == {town.family.code: -3}


@pytest.fixture
def committed(transactional_db: None) -> cast.Town:
    """Enough for everybody."""
    town = cast.build_town()
    top_up(wallet_of(town.carla_family), cause="carla")
    top_up(wallet_of(town.family))
    return town


def told_while_another_round_was_reading(town: cast.Town, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A round has read who is low; then a family goes low, and a second round begins and ends; then the first goes on. How many
    each of the rounds told, and how many the next two did."""
    below, read, go_on = credit.below, threading.Event(), threading.Event()

    def slowly(**asked: Any) -> Iterator[credit.Credit]:
        found = list(below(**asked))
        if not read.is_set():
            read.set()
            go_on.wait(WAIT)
        yield from found

    def second() -> int:
        read.wait(WAIT)
        try:
            spend(wallet_of(town.family), "34.00", "1", town)
            return alerts.send_due(now=EVENING)
        finally:
            go_on.set()

    monkeypatch.setattr(credit, "below", slowly)
    both = together(lambda: alerts.find_crossings(now=EVENING), second)
    return [*both, *(alerts.send_due(now=EVENING + dt.timedelta(hours=hours)) for hours in (1, 2))]


def test_of_two_rounds_at_once_one_finds_and_each_family_is_told_once(
    committed: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_while_another_round_was_reading(committed, monkeypatch) == [0, 0, 1, 0]
    assert len(mail.outbox) == 2


def test_rounds_that_do_not_wait_for_one_another_tell_twice(
    committed: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the first round, which has read the credit of before, closes what the second has opened and told."""
    monkeypatch.setattr(alerts, "_alone", lambda: True)
    assert told_while_another_round_was_reading(committed, monkeypatch) == [0, 1, 1, 0]
    assert len(mail.outbox) == 4


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_message() -> None:
    town = cast.build_town()
    top_up(wallet_of(town.carla_family), cause="carla")
    spend(wallet_of(town.family), "5.00", "1", town)
    results = together(*[lambda: alerts.send_due(now=EVENING)] * 3)
    assert sorted(results) == [0, 0, 1]
    assert len(mail.outbox) == 2
