"""What the wallets do by themselves, as the beat asks for it."""

import datetime as dt
from collections.abc import Iterator
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from identity.models import Role, User
from mensa import clock
from tests import cast
from tests.wallets.town import EVENING, TUESDAY, charge_everybody, top_up, wallet_of
from wallets import alerts, digest_mail, digests, tasks
from wallets.models import DailyDigest, DigestCopy


@pytest.fixture(autouse=True)
def _clock_put_back() -> Iterator[None]:
    yield
    clock.reset()


def test_the_low_credit_messages_leave_once(town: cast.Town, time_machine: Any) -> None:
    time_machine.move_to(EVENING, tick=False)
    charge_everybody()
    tasks.send_alerts.delay()
    tasks.send_alerts.delay()
    assert len(mail.outbox) == 3  # Anna, Bruno, Carla


def test_a_round_that_had_no_time_for_everybody_is_followed_by_another(
    town: cast.Town, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_machine.move_to(EVENING, tick=False)
    monkeypatch.setattr(alerts, "EVERYBODY", 1)
    charge_everybody()
    tasks.send_alerts.delay()
    assert len(mail.outbox) == 3  # Anna, Bruno, Carla


def test_a_silent_mail_server_is_not_followed_round_after_round(
    town: cast.Town, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def down(self: EmailBackend, messages: object) -> int:
        asked.append(1)
        raise ConnectionRefusedError

    time_machine.move_to(EVENING, tick=False)
    monkeypatch.setattr(alerts, "EVERYBODY", 1)
    monkeypatch.setattr(EmailBackend, "send_messages", down)
    charge_everybody()
    tasks.send_alerts.delay()
    assert len(asked) == 2  # Anna and Bruno; Carla at the next round


def test_the_digest_of_yesterday_is_made_once_and_mailed(town: cast.Town, time_machine: Any) -> None:
    User.objects.filter(role=Role.AUDITOR).update(email="revisore@comune.example")
    top_up(wallet_of(town.family))
    time_machine.move_to(EVENING, tick=False)
    tasks.make_digest.delay()
    tasks.make_digest.delay()
    assert DailyDigest.objects.latest("day").day == TUESDAY - dt.timedelta(days=1)
    assert len(mail.outbox) == DailyDigest.objects.count() == 4


def test_a_copy_of_the_digest_that_did_not_leave_leaves_at_the_next_round(
    town: cast.Town, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: EmailBackend, messages: object) -> int:
        raise ConnectionRefusedError

    User.objects.filter(role=Role.AUDITOR).update(email="revisore@comune.example")
    top_up(wallet_of(town.family))
    time_machine.move_to(EVENING, tick=False)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", down)
        tasks.make_digest.delay()
    assert (mail.outbox, DigestCopy.objects.filter(sent_at__isnull=True).count()) == ([], 4)
    for _ in range(2):
        time_machine.shift(dt.timedelta(hours=1))
        tasks.make_digest.delay()
    assert len(mail.outbox) == DigestCopy.objects.exclude(sent_at=None).count() == 4


def the_auditor_has_an_address(time_machine: Any) -> None:
    User.objects.filter(role=Role.AUDITOR).update(email="revisore@comune.example")
    time_machine.move_to(EVENING, tick=False)


def rounds(number: int, time_machine: Any) -> None:
    for _ in range(number):
        digest_mail.send_owed(now=clock.now())
        time_machine.shift(dt.timedelta(hours=1))


def test_a_copy_that_was_refused_leaves_once_the_address_is_right(
    town: cast.Town, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three refusals it is tried once a day, until it leaves: it is the proof that is kept outside."""
    the_auditor_has_an_address(time_machine)
    asked = []

    def refused(self: EmailBackend, messages: Any) -> int:
        asked.append(clock.now())
        raise SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refused)
        tasks.make_digest.delay()
        time_machine.shift(dt.timedelta(hours=1))
        rounds(24 * 10, time_machine)
    days = DigestCopy.objects.count()
    assert days == 1
    assert len(asked) in {11, 12, 13}
    rounds(25, time_machine)
    assert [message.to for message in mail.outbox] == [["revisore@comune.example"]]
    assert DigestCopy.objects.get().sent_at


def test_a_copy_without_an_address_waits_as_long_as_it_takes(town: cast.Town, time_machine: Any) -> None:
    the_auditor_has_an_address(time_machine)
    digests.make_all(until=clock.now().date() - dt.timedelta(days=1), now=clock.now())
    User.objects.filter(role=Role.AUDITOR).update(email="")
    rounds(24 * 8, time_machine)
    assert DigestCopy.objects.get().tries == 0
    User.objects.filter(role=Role.AUDITOR).update(email="nuovo@comune.example")
    rounds(1, time_machine)
    assert [message.to for message in mail.outbox] == [["nuovo@comune.example"]]


def test_an_auditor_who_has_gone_is_sent_no_more(town: cast.Town, time_machine: Any) -> None:
    the_auditor_has_an_address(time_machine)
    digests.make_all(until=clock.now().date() - dt.timedelta(days=1), now=clock.now())
    User.objects.filter(role=Role.AUDITOR).update(is_active=False)
    rounds(1, time_machine)
    assert mail.outbox == []


def test_no_digest_is_made_while_the_time_machine_is_away(town: cast.Town) -> None:
    clock.move_to(clock.now() + dt.timedelta(days=3))
    tasks.make_digest.delay()
    assert not DailyDigest.objects.exists()


def test_the_beat_knows_them() -> None:
    names = {entry["task"] for entry in tasks.SCHEDULE.values()}
    assert names == {tasks.send_alerts.name, tasks.ask_for_accounts.name, tasks.make_digest.name}
