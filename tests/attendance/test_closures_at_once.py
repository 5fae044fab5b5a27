"""Two clerks and two workers at the same instant: a closure is declared, announced, told and undone once. Each with a naive twin
that must fail."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.core import mail

from attendance import closure_mails, closures, night
from attendance.models import Closure, ClosureAnnouncement, ClosureMail, ClosureNotice
from enrolments import outbox
from tests.attendance.conftest import TUESDAY, balances_of
from tests.cast import Town, at
from tests.wallets.races import WAIT, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-24 21:00")


@pytest.fixture
def town(committed_canteen: Town) -> Town:
    for school in (committed_canteen.primaria, committed_canteen.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)
    night.run(now=at("2026-11-24 20:05"))
    return committed_canteen


def declare(town: Town) -> Closure:
    return closures.declare(
        first_day=TUESDAY, last_day=TUESDAY, reason="strike", by=town.enzo, now=NOW, tell=True
    )


def test_two_clerks_at_once_declare_and_announce_one_closure(town: Town) -> None:
    results = together(*[lambda: declare(town)] * 4)
    assert not [one for one in results if isinstance(one, Exception)]
    assert (Closure.objects.count(), ClosureNotice.objects.count()) == (1, 1)
    night.run(now=at("2026-11-24 21:05"))
    assert balances_of(town) == {"Bianchi": "0.00", "Neri": "0.00"}


def test_two_clerks_at_once_undo_it_once(town: Town) -> None:
    closure = declare(town)
    night.run(now=at("2026-11-24 21:05"))
    results = together(*[lambda: closures.revoke(closure=closure, by=town.enzo, now=NOW)] * 4)
    assert not [one for one in results if isinstance(one, Exception)]
    assert ClosureAnnouncement.objects.filter(event="revoked").count() == 1
    night.run(now=at("2026-11-24 21:10"))
    assert balances_of(town) == {"Bianchi": "-6.29", "Neri": "-5.00"}


def test_two_workers_at_once_send_each_message_once(town: Town) -> None:
    declare(town)
    for _ in range(3):
        together(*[lambda: closure_mails.send_some(now=NOW, limit=2)] * 3)
    addresses = [message.to[0] for message in mail.outbox]
    assert sorted(addresses) == ["anna@posta.example", "bruno@posta.example", "carla@posta.example"]
    assert set(ClosureMail.objects.values_list("state", flat=True)) == {"sent"}


def test_workers_that_look_and_then_send_would_send_twice(town: Town) -> None:
    """The control: without the claim, each of them finds the same message waiting."""
    declare(town)
    closure_mails.send_some(now=NOW, limit=0)

    all_have_looked = threading.Barrier(3)

    def naive() -> int:
        found: list[Any] = list(ClosureMail.objects.filter(state="waiting").select_related("notice"))
        all_have_looked.wait(WAIT)
        for one in found:
            mail.send_mail("x", "x", None, [one.email])
        return ClosureMail.objects.filter(pk__in=[one.pk for one in found]).update(state="sent", sent_at=NOW)

    together(*[naive] * 3)
    addresses = [message.to[0] for message in mail.outbox]
    assert len(addresses) == 3 * len(set(addresses)) == 9


def test_a_worker_that_dies_with_a_message_in_hand_delays_it_and_loses_nothing(town: Town) -> None:
    declare(town)
    closure_mails.send_some(now=NOW, limit=0)
    outbox.claim(closure_mails.SENDER, now=NOW, limit=50)  # and then the power goes
    assert closure_mails.send_some(now=NOW + dt.timedelta(minutes=5)).taken == 0
    assert closure_mails.send_some(now=NOW + closure_mails.PATIENCE + dt.timedelta(minutes=1)).taken == 3
    assert len(mail.outbox) == 3
