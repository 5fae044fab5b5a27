"""What families read when a parent, the school or the office changes a child's day: each news once, never lost."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse

from attendance import absences, conflicts, letter_mail, passages, registers
from attendance.models import Absence, AttendanceRules, Letter, Passage, SchoolPhase
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at
from tests.refusing import refuse
from tests.wallets.races import together

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
BOTH = ["anna@posta.example", "bruno@posta.example"]
EARLY, LATE = Passage.Kind.EARLY_EXIT, Passage.Kind.LATE_ENTRY


def readers() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def post(now: str) -> int:
    return letter_mail.send_waiting(now=at(now))


# a parent's notice


def say(town: Town, now: str, *, absent: bool = True) -> None:
    act = absences.mark if absent else absences.withdraw
    act(pupil=town.luca, days=[TUESDAY], by=town.anna, now=at(now), tell=True)


def test_a_mail_server_that_is_down_loses_no_absence(canteen: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(self: EmailBackend, messages: object) -> int:
        raise ConnectionRefusedError

    say(canteen, "2026-11-24 08:00")
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", down)
        assert post("2026-11-24 08:01") == 0
    assert post("2026-11-24 08:02") == 0  # still in the hands of who has tried
    assert post("2026-11-24 08:12") == 2
    assert post("2026-11-24 09:00") == 0
    assert readers() == BOTH


def test_an_absence_marked_and_taken_back_before_the_post_leaves_is_one_mail(canteen: Town) -> None:
    say(canteen, "2026-11-24 08:00")
    say(canteen, "2026-11-24 08:00:20", absent=False)
    post("2026-11-24 08:01")
    assert readers() == BOTH
    assert "assenza annullata, il pasto c'è di nuovo" in mail.outbox[0].body
    say(canteen, "2026-11-24 08:30")
    post("2026-11-24 08:31")
    assert len(mail.outbox) == 4
    assert "assente, nessun addebito" in mail.outbox[-1].body


def test_days_changed_again_since_are_told_by_their_own_letter(canteen: Town) -> None:
    week = [TUESDAY + dt.timedelta(days=number) for number in range(3)]
    absences.mark(pupil=canteen.luca, days=week, by=canteen.anna, now=at("2026-11-24 08:00"), tell=True)
    say(canteen, "2026-11-24 08:00:30", absent=False)
    post("2026-11-24 08:01")
    first, second = (mail.outbox[number].body for number in (0, 2))
    assert ("martedì 24" in first, "mercoledì 25" in first) == (False, True)
    assert ("martedì 24" in second, "mercoledì 25" in second) == (True, False)


def test_a_double_tap_writes_one_letter_to_each(canteen: Town) -> None:
    say(canteen, "2026-11-24 08:00")
    say(canteen, "2026-11-24 08:00:01")
    assert Letter.objects.count() == 2


def test_without_a_word_that_was_kept_there_is_no_letter(canteen: Town) -> None:
    """The letter is written in the transaction of the fact."""
    from django.db import transaction

    with transaction.atomic():
        say(canteen, "2026-11-24 08:00")
        transaction.set_rollback(True)
    assert not Absence.objects.exists()
    assert not Letter.objects.exists()


# sent home, come in late


def move(town: Town, kind: Passage.Kind, now: str, **more: bool) -> Passage:
    return passages.record(
        pupil=town.luca,
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        kind=kind,
        hour=dt.time(10, 30),
        by=town.dora,
        now=at(now),
        **more,
    )


def roll_call(town: Town, *absent: int) -> None:
    registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=list(absent),
        by=town.dora,
        now=at("2026-11-24 09:10"),
    )


@pytest.mark.parametrize("phase", ["A", "B", "C"])
def test_who_is_sent_home_is_told_to_both_parents_once(canteen: Town, phase: str) -> None:
    SchoolPhase.objects.create(school=canteen.primaria, phase=phase, valid_from=dt.date(2026, 9, 1))
    roll_call(canteen)
    for minute in ("31", "32"):
        move(canteen, EARLY, f"2026-11-24 10:{minute}", sent_home=True)
        post(f"2026-11-24 10:{minute}")
    assert readers() == BOTH
    assert "uscita anticipata alle 10:30, rimandato a casa dalla scuola" in mail.outbox[0].body
    assert "Il pasto non si paga" in mail.outbox[0].body
    assert not {"Luca", "Bianchi", "24"} & set(mail.outbox[0].subject.split())


def test_an_early_exit_that_leaves_the_meal_where_it_is_is_no_news(canteen: Town) -> None:
    roll_call(canteen)
    move(canteen, EARLY, "2026-11-24 10:31")
    move(canteen, LATE, "2026-11-24 10:32")
    assert not Letter.objects.exists()


def test_where_the_town_charges_who_is_sent_home_nothing_changes_and_nobody_is_told(canteen: Town) -> None:
    AttendanceRules.objects.create(
        act="Delibera 1", valid_from=dt.date(2026, 9, 1), sent_home_is_charged=True
    )
    move(canteen, EARLY, "2026-11-24 10:31", sent_home=True)
    assert not Letter.objects.exists()


def test_who_comes_in_late_after_an_absent_roll_call_has_a_meal_again_and_the_parents_know(
    canteen: Town,
) -> None:
    roll_call(canteen, canteen.luca.pk)
    move(canteen, LATE, "2026-11-24 10:31")
    post("2026-11-24 10:32")
    assert readers() == BOTH
    assert "Il pasto c'è e si paga." in mail.outbox[0].body


def test_a_slip_undone_before_the_post_leaves_disturbs_nobody(canteen: Town) -> None:
    row = move(canteen, EARLY, "2026-11-24 10:31", sent_home=True)
    passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:31:30"))
    post("2026-11-24 10:32")
    assert mail.outbox == []
    assert set(Letter.objects.values_list("state", flat=True)) == {"not_needed"}


def test_undone_after_the_parents_were_told_they_are_told_again(canteen: Town) -> None:
    row = move(canteen, EARLY, "2026-11-24 10:31", sent_home=True)
    post("2026-11-24 10:32")
    passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:40"))
    post("2026-11-24 10:41")
    assert len(mail.outbox) == 4
    assert "annullato quanto aveva registrato" in mail.outbox[-1].body
    assert "Il pasto c'è e si paga." in mail.outbox[-1].body


def sent_home_and_back(town: Town, *steps: tuple[str, str]) -> list[str]:
    """Each step at its minute of ten o'clock: "home", "undo" or "post". Returns the state each mail told, Anna's and Bruno's alike."""
    for minute, step in steps:
        now = f"2026-11-24 10:{minute}"
        if step == "home":
            move(town, EARLY, now, sent_home=True)
        elif step == "undo":
            passages.undo(passage=Passage.objects.get(), by=town.dora, now=at(now))
        else:
            post(now)
    assert readers() == sorted(BOTH * (len(mail.outbox) // 2))
    told = [message for message in mail.outbox if message.to == BOTH[:1]]
    return ["eats" if "si paga." in message.body and "c'è e" in message.body else "home" for message in told]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("home undo home post", ["home"]),
        ("home undo post home post", ["home"]),
        ("home undo home undo post", []),
        ("home post undo home post", ["home"]),
        ("home post undo home undo post", ["home", "eats"]),
        ("home post undo post home post", ["home", "eats", "home"]),
        ("home post undo post home undo post", ["home", "eats"]),
    ],
)
def test_of_a_child_sent_home_called_back_and_sent_home_again_the_last_state_is_told_once(
    canteen: Town, steps: str, told: list[str]
) -> None:
    roll_call(canteen)
    timed = [(str(31 + number), step) for number, step in enumerate(steps.split())]
    assert sent_home_and_back(canteen, *timed) == told
    assert not Letter.objects.filter(state=Letter.State.WAITING).exists()


def test_undone_while_the_first_mail_is_on_its_way_the_second_leaves_after_it(
    canteen: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers: the second finds the news of the undoing, and the first has not yet written that its mail has left."""
    row, send = move(canteen, EARLY, "2026-11-24 10:31", sent_home=True), EmailBackend.send_messages

    def meanwhile(self: EmailBackend, messages: list[mail.EmailMessage]) -> int:
        if passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:32")):
            post("2026-11-24 10:32")
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", meanwhile)
    post("2026-11-24 10:32")
    post("2026-11-24 10:33")
    assert readers() == sorted(BOTH * 2)
    for reader in BOTH:
        *_, last = [message for message in mail.outbox if message.to == [reader]]
        assert "Il pasto c'è e si paga." in last.body


def test_a_passage_undone_unheard_leaves_the_other_of_the_day_to_be_told(canteen: Town) -> None:
    roll_call(canteen, canteen.luca.pk)
    move(canteen, LATE, "2026-11-24 10:31")
    row = move(canteen, EARLY, "2026-11-24 10:32", sent_home=True)
    passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:33"))
    post("2026-11-24 10:34")
    assert readers() == BOTH
    assert "ha registrato per Luca: entrata posticipata con pasto alle 10:30" in mail.outbox[0].body
    assert "uscita" not in mail.outbox[0].body


def test_the_office_finds_whom_to_telephone(
    canteen: Town, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that the server refuses is left alone after three times, and the other parent has read."""
    refuse(monkeypatch, "bruno@posta.example")
    say(canteen, "2026-11-24 08:00")
    for minute in ("01", "12", "23", "34"):
        post(f"2026-11-24 08:{minute}")
    assert readers() == ["anna@posta.example"]
    given_up = Letter.objects.get(state=Letter.State.GIVEN_UP)
    assert (given_up.guardian.first_name, given_up.tries) == ("Bruno", 3)
    clock.move_to(at("2026-11-24 09:00"))
    enzo = client_of(canteen.enzo)
    assert "1 e-mail non è arrivata" in enzo.get(reverse("attendance:desk")).content.decode()
    found = enzo.get(reverse("admin:attendance_letter_changelist"), {"state__exact": "given_up"})
    assert "Bruno" in found.content.decode()


# the office's word from the page of a child


@pytest.fixture
def contested(canteen: Town) -> Town:
    canteen.dora.email = "segreteria@scuola.example"
    canteen.dora.save(update_fields=["email"])
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    roll_call(canteen)
    clock.move_to(at("2026-11-24 10:00"))
    return canteen


def correct(client: Client, town: Town, absent: str, reason: str = "sentita la maestra") -> str:
    answer = client.post(
        reverse("attendance:correct", args=[town.luca.code]),
        {"day": "2026-11-24", "absent": absent, "reason": reason},
        follow=True,
    )
    return answer.content.decode().replace("&#x27;", "'")


def test_a_conflict_settled_from_the_page_of_the_child_writes_the_desks_letter_once(
    contested: Town, client_of: Browser
) -> None:
    enzo = client_of(contested.enzo)
    assert "La famiglia e la scuola ricevono un'e-mail" in correct(enzo, contested, "1")
    assert "niente è cambiato" in correct(enzo, contested, "1")
    correct(enzo, contested, "1", "sentita anche la bidella")  # another reason is no other decision
    conflicts.resolve(
        pupil=contested.luca, day=TUESDAY, absent=True, by=contested.enzo, now=at("2026-11-24 10:05")
    )
    post("2026-11-24 10:06")
    assert readers() == [*BOTH, "segreteria@scuola.example"]
    assert {message.subject for message in mail.outbox} == {"Mensa scolastica: presenza verificata"}


def test_the_office_that_thinks_again_from_the_page_tells_again(contested: Town, client_of: Browser) -> None:
    enzo = client_of(contested.enzo)
    correct(enzo, contested, "1")
    post("2026-11-24 10:01")
    clock.move_to(at("2026-11-24 10:10"))
    correct(enzo, contested, "0")
    post("2026-11-24 10:11")
    assert len(mail.outbox) == 6
    assert "risulta presente a mensa" in mail.outbox[3].body


def test_thought_again_before_the_post_leaves_it_is_one_mail(contested: Town, client_of: Browser) -> None:
    enzo = client_of(contested.enzo)
    for minute, absent in enumerate("101"):
        clock.move_to(at(f"2026-11-24 10:0{minute}"))
        correct(enzo, contested, absent)
    post("2026-11-24 10:03")
    assert len(mail.outbox) == 3


def test_an_ordinary_correction_writes_no_letter(canteen: Town, client_of: Browser) -> None:
    clock.move_to(at("2026-11-24 10:00"))
    assert "ricevono un'e-mail" not in correct(client_of(canteen.enzo), canteen, "1")
    assert not Letter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_desk_and_page_at_once_write_one_letter_to_each(committed_canteen: Town) -> None:
    town, now = committed_canteen, at("2026-11-24 10:00")
    absences.mark(pupil=town.luca, days=[TUESDAY], by=town.anna, now=at("2026-11-24 08:00"))
    roll_call(town)
    asked = {"pupil": town.luca, "day": TUESDAY, "absent": True, "by": town.enzo, "now": now}
    results = together(
        lambda: conflicts.resolve(**asked), lambda: conflicts.correct(**asked, reason="sentita la maestra")
    )
    assert not [one for one in results if isinstance(one, Exception)]
    assert Letter.objects.filter(kind="conflict").count() == 2
