"""The one loop of every mail that is owed, seen through the diets' answers."""

import datetime as dt
import threading
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from enrolments import diet_holds, diet_mail, outbox, rounds
from enrolments.models import Diet, DietHold, DietReminder, DietRules, Guardian, Pupil
from enrolments.outbox import Outcome
from tests.cast import Town, at, build_town
from tests.poison import poisoned
from tests.refusing import refuse, server_down
from tests.wallets.races import WAIT, together

NOW = at("2026-12-10 08:00")
CHRISTMAS = dt.date(2026, 12, 25)
IMPOSSIBLE = "riga\nspezzata@posta.example"


def owe(*pupils: Pupil) -> None:
    for pupil in pupils:
        DietReminder.objects.create(pupil=pupil, certificate_until=CHRISTMAS)


def untold() -> set[int]:
    return set(DietReminder.objects.filter(told_at__isnull=True).values_list("pupil", flat=True))


def tries() -> dict[int, int]:
    return dict(DietReminder.objects.values_list("pupil", "tries"))


def after(minutes: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def test_a_mail_that_cannot_be_written_keeps_no_other_waiting(town: Town) -> None:
    owe(town.luca, town.tommaso)
    Guardian.objects.filter(first_name__in=["Anna", "Bruno"]).update(email=IMPOSSIBLE)
    assert diet_mail.send_reminders(now=NOW) == 1
    assert [message.to for message in mail.outbox] == [["carla@posta.example"]]
    assert untold() == {town.luca.pk}


def test_what_failed_is_tried_again_after_its_patience_and_not_before(town: Town) -> None:
    owe(town.luca)
    Guardian.objects.filter(first_name__in=["Anna", "Bruno"]).update(email=IMPOSSIBLE)
    diet_mail.send_reminders(now=NOW)
    Guardian.objects.filter(first_name="Anna").update(email="anna@posta.example")
    assert diet_mail.send_reminders(now=after(4)) == 0
    assert diet_mail.send_reminders(now=after(6)) == 1
    assert DietReminder.objects.get().tries == 2


def test_a_round_leaves_alone_what_one_begun_after_it_has_in_hand(town: Town) -> None:
    owe(town.luca)
    outbox.claim(diet_mail.REMINDERS, now=after(1), limit=1)
    assert diet_mail.send_reminders(now=NOW) == 0
    assert mail.outbox == []


def test_who_has_lost_its_claim_no_longer_writes_what_became_of_the_mail(town: Town) -> None:
    owe(town.luca)
    (lost,) = outbox.claim(diet_mail.REMINDERS, now=NOW, limit=1)
    outbox.claim(diet_mail.REMINDERS, now=after(6), limit=1)
    outbox._close(diet_mail.REMINDERS, [lost], outbox.Fate(Outcome.SENT), NOW)
    assert untold() == {town.luca.pk}


def test_a_claim_from_a_moment_still_to_come_is_nobodys(town: Town) -> None:
    """The time machine had been moved forward, and is back."""
    owe(town.luca)
    outbox.claim(diet_mail.REMINDERS, now=after(600), limit=1)
    assert diet_mail.send_reminders(now=NOW) == 1


def test_an_address_refused_for_good_is_left_alone_after_three_times(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.tommaso)
    refuse(monkeypatch, "carla@posta.example")
    for number in range(3):
        assert untold() == {town.tommaso.pk}
        diet_mail.send_reminders(now=after(number * 6))
    assert untold() == set()
    assert mail.outbox == []


def test_a_busy_server_is_no_refusal(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(self: EmailBackend, messages: Any) -> int:
        raise SMTPRecipientsRefused({messages[0].to[0]: (451, b"try later")})

    owe(town.tommaso)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", busy)
        for number in range(5):
            diet_mail.send_reminders(now=after(number * 6))
    assert diet_mail.send_reminders(now=after(60)) == 1


def test_a_silent_server_is_asked_twice_and_then_left_in_peace(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def silent(self: EmailBackend, messages: Any) -> int:
        asked.append(messages[0].to[0])
        raise TimeoutError

    owe(town.luca, town.sofia, town.tommaso)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", silent)
        assert outbox.carry(diet_mail.REMINDERS, now=NOW) == outbox.Round(taken=2, left=0, silent=True)
    assert asked == ["anna@posta.example", "bruno@posta.example"] * 2
    assert diet_mail.send_reminders(now=after(6)) == 3


def test_what_a_silent_server_kept_from_being_tried_has_not_been_tried(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca, town.sofia, town.tommaso)
    with server_down():
        diet_mail.send_reminders(now=NOW)
    assert tries() == {town.luca.pk: 1, town.sofia.pk: 1, town.tommaso.pk: 0}
    assert diet_mail.send_reminders(now=NOW) == 1
    assert untold() == {town.luca.pk, town.sofia.pk}


def test_a_long_silence_gives_up_nobody_whom_it_never_tried(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca, town.sofia, town.tommaso)
    few = outbox.Sender(**{**vars(diet_mail.REMINDERS), "most_tries": 5})
    with server_down():
        for number in range(6):  # at the sixth the turn of the third comes for the first time
            outbox.carry(few, now=after(number * 10))
    assert untold() == {town.tommaso.pk}
    assert diet_mail.send_reminders(now=after(60)) == 1


def test_a_round_whose_time_is_over_gives_back_what_it_has_not_tried(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = EmailBackend.send_messages

    def until_it_is_late(self: EmailBackend, messages: Any) -> int:
        patch.setattr(outbox, "STOP_AFTER", dt.timedelta(0))
        return deliver(self, messages)

    owe(town.tommaso, town.luca, town.sofia)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", until_it_is_late)
        assert outbox.carry(diet_mail.REMINDERS, now=NOW) == outbox.Round(taken=1, left=1)
    assert tries() == {town.tommaso.pk: 1, town.luca.pk: 0, town.sofia.pk: 0}
    assert diet_mail.send_reminders(now=NOW) == 2


def test_a_round_that_is_stopped_keeps_only_what_it_was_sending(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: EmailBackend, messages: Any) -> int:
        raise SoftTimeLimitExceeded

    owe(town.tommaso, town.luca, town.sofia)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", stopped)
        with pytest.raises(SoftTimeLimitExceeded):
            diet_mail.send_reminders(now=NOW)
    assert tries() == {town.tommaso.pk: 1, town.luca.pk: 0, town.sofia.pk: 0}
    assert diet_mail.send_reminders(now=NOW) == 2
    assert untold() == {town.tommaso.pk}, "it may have left: it waits for the patience"


def test_who_could_not_be_reached_is_tried_again_and_who_was_is_left_in_peace(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca)
    with monkeypatch.context() as patch:
        refuse(patch, "bruno@posta.example")
        assert diet_mail.send_reminders(now=NOW) == 1
        assert diet_mail.send_reminders(now=after(6)) == 0
    assert untold() == {town.luca.pk}
    assert diet_mail.send_reminders(now=after(12)) == 1
    assert [message.to for message in mail.outbox] == [["anna@posta.example"], ["bruno@posta.example"]]
    assert untold() == set()


def test_the_row_remembers_no_address_and_nothing_at_all_once_it_is_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca)
    with monkeypatch.context() as patch:
        refuse(patch, "bruno@posta.example")
        diet_mail.send_reminders(now=NOW)
    assert len(DietReminder.objects.get().reached) == 16
    diet_mail.send_reminders(now=after(6))
    assert DietReminder.objects.get().reached == ""


def test_a_reader_refused_three_times_holds_up_the_row_no_more(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca)
    refuse(monkeypatch, "bruno@posta.example")
    fates = []

    def note(row: DietReminder, fate: outbox.Fate, now: dt.datetime) -> dict[str, Any]:
        fates.append(fate.outcome)
        return {}

    for number in range(3):
        outbox.carry(outbox.Sender(**{**vars(diet_mail.REMINDERS), "mark": note}), now=after(number * 6))
    assert fates == [Outcome.LATER, Outcome.LATER, Outcome.SENT]
    assert [message.to for message in mail.outbox] == [["anna@posta.example"]]


def test_one_address_on_which_the_server_hangs_is_not_a_silent_server(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = EmailBackend.send_messages

    def hangs(self: EmailBackend, messages: Any) -> int:
        if messages[0].to[0] != "carla@posta.example":
            raise TimeoutError
        return deliver(self, messages)

    owe(town.luca, town.tommaso)
    monkeypatch.setattr(EmailBackend, "send_messages", hangs)
    assert diet_mail.send_reminders(now=NOW) == 1
    assert untold() == {town.luca.pk}


def test_the_batches_follow_one_another_until_nothing_is_left(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca, town.sofia, town.tommaso)
    small = outbox.Sender(**{**vars(diet_mail.REMINDERS), "batch": 1})
    assert outbox.carry(small, now=NOW) == outbox.Round(taken=3, left=3)
    assert outbox.carry(small, now=NOW) == outbox.Round(taken=0, left=0)


def test_a_parcel_is_never_shared_out_between_two_batches(town: Town) -> None:
    DietReminder.objects.bulk_create(
        DietReminder(pupil=pupil, certificate_until=CHRISTMAS + dt.timedelta(days=day))
        for pupil in (town.luca, town.tommaso)
        for day in range(3)
    )
    by_child = outbox.Sender(
        **{
            **vars(diet_mail.REMINDERS),
            "parcel": "pupil_id",
            "owed": lambda now: DietReminder.objects.order_by("pupil_id", "pk"),
        }
    )
    for limit in (4, 1):
        rows = outbox.claim(by_child, now=NOW, limit=limit)
        assert [row.pupil_id for row in rows] == [rows[0].pupil_id] * 3


def test_the_outcomes_of_a_mail_without_readers(town: Town) -> None:
    owe(town.tommaso)
    Guardian.objects.update(email="")
    fates = []

    def note(row: DietReminder, fate: outbox.Fate, now: dt.datetime) -> dict[str, Any]:
        fates.append(fate.outcome)
        return {}

    outbox.carry(outbox.Sender(**{**vars(diet_mail.REMINDERS), "mark": note}), now=NOW)
    assert fates == [Outcome.NOT_NEEDED]


@pytest.fixture
def committed(transactional_db: None) -> Town:
    return build_town()


def test_two_workers_at_once_send_each_mail_once(committed: Town) -> None:
    owe(committed.luca, committed.sofia, committed.tommaso)
    results = together(*[lambda: diet_mail.send_reminders(now=NOW)] * 3)
    assert sum(results) == 3
    assert len(mail.outbox) == 5


def test_workers_that_look_and_then_send_would_send_twice(committed: Town) -> None:
    """The control: without the claim both find the same rows."""
    owe(committed.tommaso)
    looked = threading.Barrier(2)

    def naive() -> int:
        rows = list(DietReminder.objects.filter(told_at__isnull=True).select_related("pupil"))
        looked.wait(WAIT)
        for envelope in diet_mail.REMINDERS.compose(rows, NOW):
            for message in envelope.messages:
                message.send()
        return DietReminder.objects.filter(told_at__isnull=True).update(told_at=NOW)

    together(naive, naive)
    assert [message.to for message in mail.outbox] == [["carla@posta.example"]] * 2


def test_a_certificate_that_cannot_be_noted_keeps_no_other_waiting(committed: Town) -> None:
    DietRules.objects.create(act="Delibera 1", valid_from=dt.date(2026, 9, 1), reminder_days=20)
    for pupil in (committed.luca, committed.tommaso):
        Diet.objects.create(
            pupil=pupil, code="D1", valid_from=dt.date(2026, 9, 1), certificate_until=CHRISTMAS
        )
    with poisoned("enrolments_dietreminder", "pupil_id", committed.luca.pk):
        diet_mail.note_reminders(today=NOW.date())
    assert untold() == {committed.tommaso.pk}


def test_a_diet_that_cannot_follow_the_rules_keeps_no_other_waiting(committed: Town) -> None:
    """The office has just decided that an expired certificate puts the meal on hold."""
    for pupil in (committed.luca, committed.tommaso):
        Diet.objects.create(
            pupil=pupil, code="D1", valid_from=dt.date(2026, 9, 1), certificate_until=NOW.date()
        )
    DietRules.objects.create(act="Delibera 2", valid_from=dt.date(2026, 9, 1), when_expired="hold")
    with poisoned("enrolments_diethold", "pupil_id", committed.luca.pk):
        diet_holds.follow_rules(today=NOW.date())
    assert set(DietHold.objects.values_list("pupil", flat=True)) == {committed.tommaso.pk}
    diet_holds.follow_rules(today=NOW.date())
    assert DietHold.objects.count() == 2


def test_a_step_that_fails_leaves_the_others_to_do_theirs() -> None:
    done: list[int] = []

    def fails() -> None:
        raise RuntimeError

    rounds.steps([lambda: done.append(1), fails, lambda: done.append(2)], said="prova")
    assert done == [1, 2]


def test_a_round_that_has_run_out_of_time_ends() -> None:
    def slow(number: int) -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        rounds.each([1, 2], slow, said="prova")
    with pytest.raises(SoftTimeLimitExceeded):
        rounds.at_once_or_each([1, 2], slow, said="prova")


def test_all_at_once_and_one_by_one_only_when_that_fails() -> None:
    asked: list[list[int]] = []

    def halve(numbers: Any) -> list[float]:
        asked.append(list(numbers))
        return [10 / number for number in numbers]

    assert rounds.at_once_or_each([5, 2], halve, said="prova") == [[2.0, 5.0]]
    assert rounds.at_once_or_each([5, 0, 2], halve, said="prova") == [[2.0], [5.0]]
    assert asked == [[5, 2], [5, 0, 2], [5], [0], [2]]
