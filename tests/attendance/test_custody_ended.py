"""A parent from whom a child has gone hears nothing of it any more, even of days on which the child was still theirs."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from attendance import (
    absences,
    closure_mails,
    closures,
    dispute_mail,
    disputes,
    letter_mail,
    letters,
    night,
    phases,
)
from attendance.models import Closure, ClosureMail, Dispute, Letter
from attendance.rules.verdict import Phase
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at, hand_over
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
BOTH = ["anna@posta.example", "bruno@posta.example"]
CARLA = ["carla@posta.example"]
#: Luca eats on Tuesday as a child of Anna and Bruno; from Wednesday he is Carla's.
WEDNESDAY = TUESDAY + dt.timedelta(days=1)
EARLY, BEFORE, AFTER = at("2026-11-24 08:00"), at("2026-11-24 20:05"), at("2026-11-25 10:00")


def readers() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def strike(town: Town, now: dt.datetime) -> Closure:
    return closures.declare(
        school=None,
        class_group=town.classes["primaria 3A"],
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason="strike",
        act="nota 4",
        by=town.enzo,
        now=now,
        tell=True,
    )


def charged_and_gone(town: Town) -> None:
    night.run(now=BEFORE)
    hand_over(town.luca, town.carla_family, WEDNESDAY)


def dispute(town: Town) -> Dispute:
    wallets = Wallet.objects.of_parent(town.anna)
    return disputes.open_dispute(
        pupil=town.luca, day=TUESDAY, wallets=wallets, words="Non c'era.", by=town.anna, now=AFTER
    )


def test_a_letter_is_written_to_who_has_the_child_now_or_will(canteen: Town) -> None:
    hand_over(canteen.luca, canteen.carla_family, WEDNESDAY)
    assert {one.first_name for one in letters.guardians_of(canteen.luca, now=AFTER)} == {"Carla"}
    before = letters.guardians_of(canteen.luca, now=EARLY)
    assert {one.first_name for one in before} == {"Anna", "Bruno", "Carla"}


def test_a_letter_still_in_the_queue_when_the_child_goes_does_not_leave(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY, tell=True)
    hand_over(canteen.luca, canteen.carla_family, WEDNESDAY)
    assert letter_mail.send_waiting(now=AFTER) == 0
    assert set(Letter.objects.values_list("state", flat=True)) == {Letter.State.NOT_NEEDED}


def test_a_closure_of_days_gone_by_is_told_to_who_still_has_the_child(canteen: Town) -> None:
    hand_over(canteen.luca, canteen.carla_family, WEDNESDAY)
    strike(canteen, AFTER)
    closure_mails.send_some(now=AFTER)
    assert readers() == CARLA
    assert "Tommaso" in mail.outbox[0].body


def test_a_closure_of_days_gone_by_is_told_to_both_parents_while_the_child_is_theirs(canteen: Town) -> None:
    strike(canteen, AFTER)
    closure_mails.send_some(now=AFTER)
    assert readers() == [*BOTH, *CARLA]


def test_a_closure_whose_mail_is_late_and_its_undoing_leave_out_who_lost_the_child(canteen: Town) -> None:
    closure = strike(canteen, EARLY)
    closure_mails.send_some(now=EARLY, limit=1)
    (first,) = readers()
    hand_over(canteen.luca, canteen.carla_family, WEDNESDAY)
    closure_mails.send_some(now=AFTER)
    assert readers() == sorted({first, *CARLA})
    assert ClosureMail.objects.get(state=ClosureMail.State.DROPPED).email in {*BOTH} - {first}
    mail.outbox.clear()
    closures.revoke(closure=closure, by=canteen.enzo, now=AFTER)
    closure_mails.send_some(now=AFTER)
    assert readers() == CARLA


def test_a_dispute_is_answered_by_mail_while_the_child_is_theirs_and_on_the_page_always(
    canteen: Town, client_of: Callable[[User], Client]
) -> None:
    charged_and_gone(canteen)
    row = dispute(canteen)
    assert dispute_mail.send_owed(now=AFTER) == 0
    disputes.reject(dispute=row, answer="Era a tavola.", by=canteen.enzo, now=AFTER)
    assert dispute_mail.send_owed(now=AFTER) == 0
    assert mail.outbox == []
    assert not dispute_mail.untold(AFTER)
    clock.move_to(AFTER)
    answer = reverse("attendance:dispute", args=[canteen.luca.code, f"{TUESDAY:%Y-%m-%d}"])
    statement = reverse("wallets:statement", args=[canteen.family.code])
    for who in (canteen.anna, canteen.bruno):
        assert "Era a tavola." in client_of(who).get(answer).content.decode()
        assert answer in client_of(who).get(statement).content.decode()
    assert client_of(canteen.carla).get(answer).status_code == 404, "another wallet has paid"


def test_a_change_of_phase_and_its_calling_off_are_for_the_families_of_those_days(canteen: Town) -> None:
    begins = dt.date(2026, 12, 1)
    row = phases.plan(
        school=canteen.primaria, phase=Phase.PARENTS, from_day=begins, act="Determina 7", now=EARLY
    )
    phases.write_letters(now=EARLY)
    letter_mail.send_waiting(now=EARLY)
    assert readers() == [*BOTH, *CARLA]
    mail.outbox.clear()
    hand_over(canteen.luca, canteen.carla_family, WEDNESDAY)
    phases.cancel(row=row, now=AFTER)
    letter_mail.send_waiting(now=AFTER)
    assert readers() == CARLA
