"""The school's morning: passages, a school without absences, reminders, notes to the parents, staff meals."""

import datetime as dt
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction

from attendance import (
    absences,
    conflicts,
    extras,
    letter_mail,
    morning,
    night,
    passages,
    phases,
    registers,
    verdicts,
)
from attendance.errors import AlreadyDecided, BadRange, NobodyAbsent, NoServiceDay, Overtaken, TooLate
from attendance.models import (
    Absence,
    AttendanceRules,
    CanteenPeriod,
    ClassRegister,
    EverybodyPresent,
    ExtraMeal,
    Letter,
    Passage,
    SchoolPhase,
)
from attendance.registers import Form, State
from attendance.rules.cutoff import DEFAULT_HOURS, Hours
from attendance.rules.morning import free_teachers, phase_notice_due, reminder_due
from attendance.rules.verdict import Phase
from enrolments.models import School
from identity.models import User
from tests.attendance.conftest import TUESDAY, balances_of
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
NINE = at("2026-11-24 09:00")
LATE, EARLY = Passage.Kind.LATE_ENTRY, Passage.Kind.EARLY_EXIT


@pytest.fixture
def dora_writes(canteen: Town) -> User:
    canteen.dora.email = "segreteria@scuola.example"
    canteen.dora.save(update_fields=["email"])
    return canteen.dora


def confirm(town: Town, *absent: int, now: dt.datetime = NINE, **more: Any) -> ClassRegister:
    return registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=list(absent),
        by=town.dora,
        now=now,
        **more,
    )


def move(town: Town, kind: Passage.Kind, now: str = "2026-11-24 10:00", **more: Any) -> Passage:
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


def verdict_of(town: Town) -> tuple[bool, bool]:
    found = verdicts.of_pupils(pupils=[town.luca], days=[TUESDAY])[town.luca.pk, TUESDAY]
    return found.eats, found.charged


def debit(now: str = "2026-11-24 20:30") -> None:
    """The canteen opens on the Tuesday of these tests, so that the night owes that day alone."""
    CanteenPeriod.objects.update(valid_from=TUESDAY)
    night.run(now=at(now))


def in_phase(town: Town, phase: str) -> None:
    SchoolPhase.objects.create(school=town.primaria, phase=phase, valid_from=dt.date(2026, 9, 1))


# late entries and early exits


@pytest.mark.parametrize("phase", ["A", "B", "C"])
def test_who_comes_in_late_eats_whatever_the_roll_call_says_after(canteen: Town, phase: str) -> None:
    in_phase(canteen, phase)
    move(canteen, LATE, "2026-11-24 08:30")
    confirm(canteen, canteen.luca.pk, canteen.tommaso.pk)
    assert verdict_of(canteen) == (True, True)
    assert [
        line.ticked for line in registers.read(class_group=canteen.classes["primaria 3A"], day=TUESDAY).lines
    ] == [
        False,
        True,
    ]


def test_who_comes_in_late_eats_whatever_the_roll_call_had_said_before(canteen: Town) -> None:
    confirm(canteen, canteen.luca.pk)
    assert verdict_of(canteen) == (False, False)
    move(canteen, LATE)
    assert verdict_of(canteen) == (True, True)


def test_a_late_entry_of_a_child_the_family_had_cancelled_is_for_the_office(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    move(canteen, LATE)
    assert [word.pupil for word in conflicts.waiting(today=TUESDAY)] == [canteen.luca]


@pytest.mark.parametrize("phase", ["A", "B", "C"])
def test_who_leaves_early_pays_the_meal(canteen: Town, phase: str) -> None:
    in_phase(canteen, phase)
    move(canteen, EARLY)
    confirm(canteen, canteen.luca.pk, now=at("2026-11-24 10:40"))
    debit()
    assert balances_of(canteen)["Bianchi"] == "-6.29"


@pytest.mark.parametrize("phase", ["A", "B", "C"])
def test_who_is_sent_home_by_the_school_does_not_pay(canteen: Town, phase: str) -> None:
    in_phase(canteen, phase)
    confirm(canteen)
    move(canteen, EARLY, sent_home=True)
    assert verdict_of(canteen) == (False, False)
    debit()
    assert balances_of(canteen)["Bianchi"] == "-2.89"  # Sofia alone


def test_the_town_may_decide_that_who_is_sent_home_pays(canteen: Town) -> None:
    AttendanceRules.objects.create(
        act="Delibera 1", valid_from=dt.date(2026, 9, 1), sent_home_is_charged=True
    )
    move(canteen, EARLY, sent_home=True)
    assert verdict_of(canteen) == (True, True)


def test_a_passage_is_written_once_corrected_and_undone_once(canteen: Town) -> None:
    row = move(canteen, EARLY, sent_home=True)
    assert move(canteen, EARLY, "2026-11-24 10:05", sent_home=True).recorded_at == row.recorded_at
    assert passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:10"))
    assert not passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:11"))
    assert verdict_of(canteen) == (True, True)
    assert move(canteen, EARLY, "2026-11-24 10:15", sent_home=True).undone_at is None
    assert verdict_of(canteen) == (False, False)
    assert move(canteen, EARLY, "2026-11-24 10:20").sent_home is False
    assert verdict_of(canteen) == (True, True)
    assert Passage.objects.count() == 1


def test_a_passage_undone_leaves_the_child_as_the_school_had_said(canteen: Town) -> None:
    confirm(canteen, canteen.luca.pk)
    row = move(canteen, LATE)
    assert verdict_of(canteen) == (True, True)
    passages.undo(passage=row, by=canteen.dora, now=at("2026-11-24 10:10"))
    assert verdict_of(canteen) == (False, False)


def test_a_passage_of_a_child_who_is_expected_anyway_adds_no_word(canteen: Town) -> None:
    """Nothing changes for the kitchen: a child who was counted is still counted."""
    confirm(canteen)
    move(canteen, LATE)
    move(canteen, EARLY)
    assert not Absence.objects.exists()
    assert verdict_of(canteen) == (True, True)


def test_a_passage_is_of_today_of_this_class_and_bows_to_the_office(canteen: Town) -> None:
    with pytest.raises(TooLate):
        move(canteen, LATE, "2026-11-24 20:00")
    with pytest.raises(TooLate):
        move(canteen, LATE, "2026-11-25 09:00")
    with pytest.raises(NoServiceDay):
        passages.record(
            pupil=canteen.sofia,
            class_group=canteen.classes["primaria 3A"],
            day=TUESDAY,
            kind=LATE,
            hour=dt.time(10),
            by=canteen.dora,
            now=NINE,
        )
    conflicts.resolve(pupil=canteen.luca, day=TUESDAY, absent=True, by=canteen.enzo, now=NINE)
    with pytest.raises(AlreadyDecided):
        move(canteen, LATE)


def test_only_who_goes_out_can_be_sent_home(canteen: Town) -> None:
    row = move(canteen, LATE, sent_home=True)
    assert not row.sent_home
    with pytest.raises(IntegrityError, match="only_who_goes_out_is_sent_home"), transaction.atomic():
        Passage.objects.filter(pk=row.pk).update(sent_home=True)


# the page that was cut off


def test_the_same_page_may_send_again_with_another_list(canteen: Town) -> None:
    page = "3d5f6a1c-0000-4000-8000-000000000001"
    confirm(canteen, canteen.luca.pk, seen="", form=Form(page, 1))
    confirm(canteen, canteen.tommaso.pk, seen="", form=Form(page, 2), now=at("2026-11-24 09:01"))
    words = Absence.objects.filter(source="school", absent=True)
    assert [word.pupil for word in words] == [canteen.tommaso]


def test_an_older_sending_that_arrives_last_changes_nothing(canteen: Town) -> None:
    page = "3d5f6a1c-0000-4000-8000-000000000001"
    confirm(canteen, canteen.tommaso.pk, seen="", form=Form(page, 2))
    with pytest.raises(Overtaken):
        confirm(canteen, canteen.luca.pk, seen="", form=Form(page, 1), now=at("2026-11-24 09:01"))


def test_another_page_is_a_colleague(canteen: Town) -> None:
    """The control of the two tests above: without the key the second list is refused."""
    confirm(canteen, canteen.luca.pk, seen="", form=Form("one", 1))
    with pytest.raises(Overtaken):
        confirm(canteen, canteen.tommaso.pk, seen="", form=Form("two", 9), now=at("2026-11-24 09:01"))
    with pytest.raises(Overtaken):
        confirm(canteen, canteen.tommaso.pk, seen="", form=Form("", 9), now=at("2026-11-24 09:01"))


# nobody absent in a whole school


def test_a_whole_school_without_absences_is_asked_about_once(canteen: Town) -> None:
    AttendanceRules.objects.create(act="Delibera 1", valid_from=dt.date(2026, 9, 1), nobody_absent_from=2)
    with pytest.raises(NobodyAbsent, match="nessun assente su 2 alunni"):
        confirm(canteen, sure=False)
    assert not ClassRegister.objects.exists()
    confirm(canteen, sure=True)
    assert EverybodyPresent.objects.get().pupils == 2
    confirm(canteen, canteen.luca.pk, sure=False, now=at("2026-11-24 09:05"))
    confirm(canteen, sure=False, now=at("2026-11-24 09:06"))
    assert EverybodyPresent.objects.count() == 1


def test_a_small_school_or_one_absence_is_not_asked_about(canteen: Town) -> None:
    confirm(canteen, sure=False)  # two pupils of the eighty that the rule asks for
    AttendanceRules.objects.create(act="Delibera 1", valid_from=dt.date(2026, 9, 1), nobody_absent_from=2)
    confirm(canteen, canteen.luca.pk, sure=False, now=at("2026-11-24 09:05"))
    assert not EverybodyPresent.objects.exists()


# reminders of the missing roll-calls


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-11-24 09:29:59", None),
        ("2026-11-24 09:30:00", 1),
        ("2026-11-24 09:39:59", 1),
        ("2026-11-24 09:40:00", 2),
        ("2026-11-24 10:39:59", 2),
        ("2026-11-24 10:40:00", None),
        ("2026-11-25 09:30:00", None),
    ],
)
def test_the_missing_roll_call_is_recalled_at_two_hours(moment: str, due: int | None) -> None:
    assert reminder_due(TUESDAY, DEFAULT_HOURS, at(moment)) == due


def test_each_reminder_leaves_once_and_names_the_classes(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage]
) -> None:
    for minute in ("29", "30", "31", "39", "40", "41"):
        morning.round_of(now=at(f"2026-11-24 09:{minute}"))
    assert [message.to for message in mailoutbox] == [["segreteria@scuola.example"]] * 2
    assert "classe 3A" in mailoutbox[0].body
    assert "foglio della cucina" in mailoutbox[1].body
    assert not {"Luca", "Bianchi", "€"} & set(mailoutbox[0].body.split())
    assert "3A" not in mailoutbox[0].subject


def test_a_school_that_has_confirmed_is_not_reminded(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage]
) -> None:
    morning.remind(now=at("2026-11-24 09:30"))
    confirm(canteen, now=at("2026-11-24 09:30:20"))
    letter_mail.send_waiting(now=at("2026-11-24 09:30:40"))
    morning.round_of(now=at("2026-11-24 09:40"))
    assert not mailoutbox
    assert Letter.objects.get().state == Letter.State.NOT_NEEDED


def test_where_only_the_parents_speak_nobody_is_reminded(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage]
) -> None:
    in_phase(canteen, "C")
    morning.round_of(now=at("2026-11-24 09:45"))
    assert not mailoutbox
    rows = registers.today(
        schools=School.objects.filter(pk=canteen.primaria.pk), day=TUESDAY, now=at("2026-11-24 09:45")
    )
    assert [row.state for row in rows] == [State.OPTIONAL]


def test_the_hours_of_the_reminders_are_the_towns(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage]
) -> None:
    AttendanceRules.objects.create(
        act="Delibera 1",
        valid_from=dt.date(2026, 9, 1),
        first_reminder_at=dt.time(9, 10),
        second_reminder_at=dt.time(9, 20),
    )
    morning.round_of(now=at("2026-11-24 09:10"))
    morning.round_of(now=at("2026-11-24 09:20"))
    assert len(mailoutbox) == 2


def test_a_mail_server_that_is_down_delays_the_letter_and_loses_none(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: EmailMessage) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", down)
        assert morning.round_of(now=at("2026-11-24 09:30")) == 0
    assert morning.round_of(now=at("2026-11-24 09:31")) == 0  # still in the hands of who has tried
    assert morning.round_of(now=at("2026-11-24 09:41")) == 2  # the first again, and the second
    assert letter_mail.send_waiting(now=at("2026-11-24 09:59")) == 0
    assert len(mailoutbox) == 2


# the kind note of phase B


def test_a_parent_who_had_said_nothing_gets_a_kind_note_once(
    canteen: Town, mailoutbox: list[EmailMessage]
) -> None:
    in_phase(canteen, "B")
    confirm(canteen, canteen.luca.pk)
    morning.round_of(now=at("2026-11-24 09:02"))
    assert not mailoutbox  # it may be a slip of the finger
    for minute in ("05", "06", "30"):
        morning.note_unannounced(now=at(f"2026-11-24 09:{minute}"))
        letter_mail.send_waiting(now=at(f"2026-11-24 09:{minute}"))
    assert sorted(message.to[0] for message in mailoutbox) == ["anna@posta.example", "bruno@posta.example"]
    assert "la scuola ha segnato Luca assente" in mailoutbox[0].body
    assert "Luca" not in mailoutbox[0].subject


@pytest.mark.parametrize("phase", ["A", "C"])
def test_in_the_other_phases_there_is_no_note(
    canteen: Town, phase: str, mailoutbox: list[EmailMessage]
) -> None:
    in_phase(canteen, phase)
    confirm(canteen, canteen.luca.pk)
    morning.round_of(now=at("2026-11-24 09:20"))
    assert not mailoutbox


def test_who_had_announced_it_or_was_ticked_by_mistake_gets_no_note(
    canteen: Town, mailoutbox: list[EmailMessage]
) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    confirm(canteen, canteen.luca.pk, canteen.tommaso.pk)
    confirm(canteen, canteen.luca.pk, now=at("2026-11-24 09:03"))
    morning.note_unannounced(now=at("2026-11-24 09:20"))
    letter_mail.send_waiting(now=at("2026-11-24 09:20"))
    assert not mailoutbox


# phases


def plan(town: Town, phase: Phase, day: str, now: str = "2026-11-24 10:00") -> SchoolPhase:
    return phases.plan(
        school=town.primaria, phase=phase, from_day=dt.date.fromisoformat(day), act="Determina 7", now=at(now)
    )


def standing(town: Town, day: dt.date = TUESDAY) -> phases.Standing:
    return phases.of_school(town.primaria, day)


def test_the_office_plans_the_phases_and_every_day_has_one(canteen: Town) -> None:
    plan(canteen, Phase.SCHOOL, "2026-11-25")
    plan(canteen, Phase.PARENTS, "2027-02-01")
    plan(canteen, Phase.BOTH, "2027-01-07")
    rows = SchoolPhase.objects.order_by("valid_from").values_list("phase", "valid_from", "valid_to")
    assert list(rows) == [
        ("A", dt.date(2026, 11, 25), dt.date(2027, 1, 6)),
        ("B", dt.date(2027, 1, 7), dt.date(2027, 1, 31)),
        ("C", dt.date(2027, 2, 1), None),
    ]
    now = standing(canteen)
    assert (now.phase, now.next_phase, now.is_news) == (Phase.BOTH, Phase.SCHOOL, True)


def test_a_plan_is_for_days_to_come_and_changes_something(canteen: Town) -> None:
    with pytest.raises(BadRange, match="da domani"):
        plan(canteen, Phase.PARENTS, "2026-11-24")
    with pytest.raises(BadRange, match="già in questa fase"):
        plan(canteen, Phase.BOTH, "2026-12-01")
    first = plan(canteen, Phase.PARENTS, "2026-12-01")
    assert plan(canteen, Phase.PARENTS, "2026-12-01").pk == first.pk
    assert plan(canteen, Phase.SCHOOL, "2026-12-01").phase == "A"
    assert SchoolPhase.objects.count() == 1


def test_a_plan_called_off_leaves_the_phase_before(canteen: Town) -> None:
    in_phase(canteen, "A")
    row = plan(canteen, Phase.BOTH, "2026-12-01")
    assert phases.cancel(row=row, now=at("2026-11-25 10:00"))
    assert not phases.cancel(row=row, now=at("2026-11-25 10:01"))
    assert SchoolPhase.objects.get().valid_to is None
    with pytest.raises(BadRange, match="già cominciata"):
        phases.cancel(row=SchoolPhase.objects.get(), now=at("2026-11-25 10:00"))


@pytest.mark.parametrize(
    ("today", "due"),
    [("2026-11-16", None), ("2026-11-17", 1), ("2026-11-29", 1), ("2026-11-30", 2), ("2026-12-01", None)],
)
def test_a_change_is_told_a_fortnight_and_a_day_before(today: str, due: int | None) -> None:
    assert phase_notice_due(dt.date(2026, 12, 1), dt.date.fromisoformat(today), DEFAULT_HOURS) == due


def test_families_are_told_of_a_change_twice_and_no_more(
    canteen: Town, mailoutbox: list[EmailMessage]
) -> None:
    plan(canteen, Phase.PARENTS, "2026-12-10")
    for day in (
        "2026-11-24",
        "2026-11-26",
        "2026-11-26",
        "2026-12-01",
        "2026-12-09",
        "2026-12-09",
        "2026-12-10",
    ):
        morning.round_of(now=at(f"{day} 10:00"))
    anna = [message for message in mailoutbox if message.to == ["anna@posta.example"]]
    assert len(anna) == 2
    assert len(mailoutbox) == 6  # Anna, Bruno and Carla have a child in the primaria
    assert "Da giovedì 10 dicembre 2026 contano solo le vostre disdette" in anna[0].body


def test_families_who_were_told_hear_that_it_is_called_off(
    canteen: Town, mailoutbox: list[EmailMessage]
) -> None:
    row = plan(canteen, Phase.PARENTS, "2026-12-01")
    morning.round_of(now=at("2026-11-24 10:00"))
    mailoutbox.clear()
    phases.cancel(row=row, now=at("2026-11-25 10:00"))
    morning.round_of(now=at("2026-11-25 10:00"))
    morning.round_of(now=at("2026-11-30 10:00"))
    assert len(mailoutbox) == 3
    assert "non ci sarà" in mailoutbox[0].body
    plan(canteen, Phase.PARENTS, "2026-12-01", now="2026-11-30 11:00")  # after all
    mailoutbox.clear()
    morning.round_of(now=at("2026-11-30 11:01"))
    assert len(mailoutbox) == 3
    assert "Da martedì 1º dicembre 2026" in mailoutbox[0].body


# conflicts


def in_conflict(town: Town) -> None:
    absences.mark(pupil=town.luca, days=[TUESDAY], by=town.anna, now=at("2026-11-24 08:00"))
    confirm(town)


def test_the_desk_shows_who_said_what_and_when(canteen: Town) -> None:
    in_conflict(canteen)
    (item,) = conflicts.desk(today=TUESDAY)
    told = [(step.who, step.what) for step in item.steps]
    assert told == [
        ("Anna Rossi", "la famiglia disdice il pasto"),
        (
            "Dora Segreteria",
            "appello della classe confermato: chi non è segnato assente è stato visto presente",
        ),
    ]
    assert [step.at for step in item.steps] == [at("2026-11-24 08:00"), NINE]


@pytest.mark.parametrize(("absent", "balance"), [(True, "-2.89"), (False, "-6.29")])
def test_one_click_decides_and_both_are_told_once(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage], absent: bool, balance: str
) -> None:
    in_conflict(canteen)
    debit()
    for minute in ("00", "01"):
        conflicts.resolve(
            pupil=canteen.luca, day=TUESDAY, absent=absent, by=canteen.enzo, now=at(f"2026-11-25 10:{minute}")
        )
        morning.round_of(now=at(f"2026-11-25 10:{minute}"))
    debit("2026-11-25 10:30")
    assert not conflicts.desk(today=dt.date(2026, 11, 25))
    assert balances_of(canteen)["Bianchi"] == balance
    decided = [message for message in mailoutbox if message.subject.endswith("presenza verificata")]
    assert sorted(message.to[0] for message in decided) == [
        "anna@posta.example",
        "bruno@posta.example",
        "segreteria@scuola.example",
    ]
    to_school = next(message.body for message in decided if message.to == ["segreteria@scuola.example"])
    assert "Luca" not in to_school
    assert not {"€", "addebit", "paga", "borsellino"} & {
        word for word in ("€", "addebit", "paga") if word in to_school
    }


def test_a_change_of_mind_is_told_again(
    canteen: Town, dora_writes: User, mailoutbox: list[EmailMessage]
) -> None:
    in_conflict(canteen)
    for absent, minute in ((True, "00"), (False, "10")):
        conflicts.resolve(
            pupil=canteen.luca, day=TUESDAY, absent=absent, by=canteen.enzo, now=at(f"2026-11-24 10:{minute}")
        )
        letter_mail.send_waiting(now=at(f"2026-11-24 10:{minute}"))
    assert len(mailoutbox) == 6


def test_a_late_notice_is_shown_to_the_office(canteen: Town) -> None:
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:10"))
    Absence.objects.get_or_create(
        day=TUESDAY,
        pupil=canteen.luca,
        source="parent",
        defaults={"absent": True, "in_time": False, "marked_by": canteen.anna, "marked_at": NINE},
    )
    confirm(canteen, canteen.luca.pk, now=at("2026-11-24 09:20"))
    found = conflicts.late_notices(today=TUESDAY, since=TUESDAY)
    assert [item.pupil for item in found] == [canteen.luca]


# meals that nobody pays


@pytest.mark.parametrize(("pupils", "teachers"), [(0, 0), (1, 1), (15, 1), (16, 2), (30, 2), (31, 3)])
def test_one_teacher_eats_free_for_every_fifteen_pupils_begun(pupils: int, teachers: int) -> None:
    assert free_teachers(pupils, Hours()) == teachers


def declare(town: Town, kind: ExtraMeal.Kind, count: int, **more: Any) -> bool:
    more.setdefault("now", NINE)
    return extras.declare(
        class_group=town.classes["primaria 3A"], day=TUESDAY, kind=kind, count=count, by=town.dora, **more
    )


def test_staff_meals_are_counted_once_and_charged_to_nobody(canteen: Town) -> None:
    assert declare(canteen, ExtraMeal.Kind.STAFF, 2)
    assert not declare(canteen, ExtraMeal.Kind.STAFF, 2)
    assert declare(canteen, ExtraMeal.Kind.STAFF, 3)
    assert declare(canteen, ExtraMeal.Kind.SUPPORT, 1)
    (row,) = extras.of_day(schools=[canteen.primaria], day=TUESDAY, now=NINE)
    assert (row.eating, row.allowed, row.staff, row.beyond, row.support) == (2, 1, 3, 2, 1)
    debit()
    assert balances_of(canteen) == {"Bianchi": "-6.29", "Neri": "-5.00"}


def test_a_child_who_is_not_enrolled_is_a_case_for_the_office(canteen: Town) -> None:
    with pytest.raises(BadRange, match="nome e cognome"):
        declare(canteen, ExtraMeal.Kind.UNENROLLED, 1)
    declare(canteen, ExtraMeal.Kind.UNENROLLED, 1, note="Rossi Piero")
    (case,) = extras.to_regularise()
    assert extras.settle(meal=case, by=canteen.enzo, now=at("2026-11-25 10:00"))
    assert not extras.settle(meal=case, by=canteen.enzo, now=at("2026-11-25 10:01"))
    assert not extras.to_regularise()
    with pytest.raises(IntegrityError, match="unenrolled_pupil_has_a_note"), transaction.atomic():
        ExtraMeal.objects.update(note="")


def test_extra_meals_are_for_days_with_a_meal_and_not_for_the_past(canteen: Town) -> None:
    with pytest.raises(TooLate):
        declare(canteen, ExtraMeal.Kind.STAFF, 1, now=at("2026-11-24 20:00"))
    with pytest.raises(TooLate):
        declare(canteen, ExtraMeal.Kind.STAFF, 1, now=at("2026-11-01 09:00"))
    with pytest.raises(BadRange):
        declare(canteen, ExtraMeal.Kind.STAFF, 61)
    assert not declare(canteen, ExtraMeal.Kind.STAFF, 0)
    assert not ExtraMeal.objects.exists()


def test_one_number_per_class_and_kind_even_without_a_class(canteen: Town) -> None:
    row = {
        "day": TUESDAY,
        "school": canteen.primaria,
        "kind": "staff",
        "count": 1,
        "declared_by": canteen.dora,
        "declared_at": NINE,
    }
    ExtraMeal.objects.create(**row)
    with pytest.raises(IntegrityError, match="one_number_of_extra_meals"), transaction.atomic():
        ExtraMeal.objects.create(**row)
