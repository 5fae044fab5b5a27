"""A round over many things: whatever befalls one of them, the others are served."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection

from attendance import (
    closure_mails,
    closure_notices,
    closures,
    dispute_mail,
    disputes,
    letter_mail,
    morning,
    night,
    patterns,
    phases,
    registers,
    sealing,
    tasks,
)
from attendance.models import (
    Absence,
    CanteenPeriod,
    Caterer,
    ClosureMail,
    KitchenSheet,
    Letter,
    SchoolPhase,
    ServiceDay,
)
from attendance.rules.verdict import Phase
from enrolments.models import Guardian, School, SchoolStaff
from identity.models import Role, User
from mensa import clock, office_numbers
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at
from tests.poison import poisoned
from wallets.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = at("2026-11-24 09:45")
#: No header can hold it: the message cannot be written.
IMPOSSIBLE = "riga\nspezzata@posta.example"


def readers() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def test_a_school_that_cannot_be_sealed_stops_no_other_and_the_office_reads_its_name(
    committed_canteen: Town,
) -> None:
    with poisoned("attendance_kitchensheet", "school_id", committed_canteen.infanzia.pk):
        assert [sheet.school for sheet in sealing.seal_due(now=HOUR)] == [committed_canteen.primaria]
        later = HOUR + dt.timedelta(minutes=6)
        assert sealing.missing(now=later, schools=School.objects.all()) == [committed_canteen.infanzia]
        (number,) = [one for one in office_numbers.at(later, outside=later) if "senza foglio" in one.title]
        assert committed_canteen.infanzia.name in str(number.note)
    assert [sheet.school for sheet in sealing.seal_due(now=later)] == [committed_canteen.infanzia]
    assert sealing.missing(now=later, schools=School.objects.all()) == []


def test_when_sealing_fails_the_caterers_still_hear_of_what_was_sealed(committed_canteen: Town) -> None:
    Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")
    clock.move_to(HOUR)
    with poisoned("attendance_kitchensheet", "school_id", committed_canteen.infanzia.pk):
        tasks.serve_kitchen()
    assert readers() == ["cucina@gestore.example"]
    assert KitchenSheet.objects.count() == 1


def test_a_day_to_come_that_cannot_be_planned_keeps_no_debit_waiting(committed_canteen: Town) -> None:
    CanteenPeriod.objects.update(valid_from=TUESDAY)
    night.plan(now=at("2026-11-23 12:00"))
    clock.move_to(at("2026-11-24 20:05"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE attendance_serviceday ADD CONSTRAINT poison CHECK (day <= '2026-11-24')")
    try:
        tasks.sweep()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE attendance_serviceday DROP CONSTRAINT poison")
    assert ServiceDay.objects.get().state == ServiceDay.State.CLOSED


def test_a_school_whose_reminder_cannot_be_written_keeps_no_other_waiting(committed_canteen: Town) -> None:
    secretary = User.objects.create(
        username="seconda", role=Role.SECRETARY, email="infanzia@scuola.example", is_active=True
    )
    SchoolStaff.objects.create(user=secretary, school=committed_canteen.infanzia)
    committed_canteen.dora.email = "primaria@scuola.example"
    committed_canteen.dora.save(update_fields=["email"])
    with poisoned("attendance_letter", "school_id", committed_canteen.primaria.pk):
        morning.round_of(now=at("2026-11-24 09:30"))
    assert readers() == ["infanzia@scuola.example"]
    morning.round_of(now=at("2026-11-24 09:31"))
    assert readers() == ["infanzia@scuola.example", "primaria@scuola.example"]


def test_a_note_that_cannot_be_written_keeps_no_other_family_waiting(committed_canteen: Town) -> None:
    town = committed_canteen
    SchoolPhase.objects.create(school=town.primaria, phase="B", valid_from=dt.date(2026, 9, 1))
    registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[town.luca.pk, town.tommaso.pk],
        by=town.dora,
        now=at("2026-11-24 09:00"),
    )
    with poisoned("attendance_letter", "pupil_id", town.luca.pk):
        assert morning.note_unannounced(now=at("2026-11-24 09:10")) == 1
    assert morning.note_unannounced(now=at("2026-11-24 09:11")) == 2
    letter_mail.send_waiting(now=at("2026-11-24 09:11"))
    assert readers() == ["anna@posta.example", "bruno@posta.example", "carla@posta.example"]


def test_a_change_of_phase_that_cannot_be_told_keeps_no_other_school_waiting(committed_canteen: Town) -> None:
    now = at("2026-11-24 10:00")
    for school in (committed_canteen.primaria, committed_canteen.infanzia):
        phases.plan(
            school=school, phase=Phase.PARENTS, from_day=dt.date(2026, 12, 1), act="Determina 7", now=now
        )
    with poisoned("attendance_letter", "school_id", committed_canteen.primaria.pk):
        phases.write_letters(now=now)
    assert set(Letter.objects.values_list("school", flat=True)) == {committed_canteen.infanzia.pk}


def test_a_weekday_that_cannot_be_marked_keeps_no_other_waiting(committed_canteen: Town) -> None:
    """The canteen opens on Tuesdays after both had said them."""
    town, said = committed_canteen, at("2026-11-23 08:00")
    CanteenPeriod.objects.update(valid_to=dt.date(2026, 11, 25))
    for pupil, parent in ((town.luca, town.anna), (town.tommaso, town.carla)):
        patterns.say(pupil=pupil, weekday=1, first=TUESDAY, last=dt.date(2026, 12, 1), by=parent, now=said)
    CanteenPeriod.objects.update(valid_to=dt.date(2027, 6, 9))
    with poisoned("attendance_absence", "pupil_id", town.luca.pk):
        assert len(patterns.catch_up(now=at("2026-11-25 08:00"))) == 1
    assert set(Absence.objects.filter(day=dt.date(2026, 12, 1)).values_list("pupil", flat=True)) == {
        town.tommaso.pk
    }
    assert len(patterns.catch_up(now=at("2026-11-25 08:10"))) == 1


def shut(town: Town, **where: object) -> None:
    day = TUESDAY + dt.timedelta(days=len(where))
    closures.declare(
        first_day=day, last_day=day, reason="strike", act="nota 4", by=town.enzo, now=HOUR, tell=True, **where
    )


def test_a_closure_whose_readers_cannot_be_written_down_keeps_no_other_waiting(
    committed_canteen: Town,
) -> None:
    shut(committed_canteen, school=committed_canteen.primaria)
    shut(committed_canteen)
    first, second = closure_notices.unaddressed()
    with poisoned("attendance_closuremail", "notice_id", first.pk):
        closure_mails.send_some(now=HOUR)
    assert set(ClosureMail.objects.values_list("notice", flat=True)) == {second.pk}
    assert len(mail.outbox) == 3


def test_a_message_that_cannot_be_composed_leaves_the_other_forty_nine(committed_canteen: Town) -> None:
    """A notice of a kind that nobody knows, and one to an impossible address, among good ones."""
    town = committed_canteen
    shut(town, school=town.primaria)
    shut(town)
    closure_mails.send_some(now=HOUR, limit=0)
    strange, good = closure_notices.ClosureNotice.objects.order_by("pk")
    strange.event = "strano"
    strange.save()
    ClosureMail.objects.filter(notice=good, guardian__first_name="Bruno").update(email=IMPOSSIBLE)
    closure_mails.send_some(now=HOUR)
    assert readers() == ["anna@posta.example", "carla@posta.example"]
    for hours in range(1, 6):
        closure_mails.send_some(now=HOUR + dt.timedelta(hours=hours))
    assert len(mail.outbox) == 2
    assert ClosureMail.objects.filter(state="failed").count() == 4
    assert closure_notices.to_reach_otherwise(good).get().guardian.first_name == "Bruno"


def test_a_letter_that_cannot_be_composed_is_given_up_in_the_end_and_delays_nobody(
    committed_canteen: Town,
) -> None:
    town = committed_canteen
    anna, carla = (Guardian.objects.get(first_name=name) for name in ("Anna", "Carla"))
    rows = [
        Letter(kind="phase", cause=f"prova:{n}", day=TUESDAY, guardian=person, written_at=HOUR, facts=facts)
        for n, (person, facts) in enumerate(
            [(anna, {}), (carla, {"phase": "C", "from": "2026-12-01", "number": 1})]
        )
    ]
    rows[1].school = town.primaria
    Letter.objects.bulk_create(rows)
    phases.plan(
        school=town.primaria, phase=Phase.PARENTS, from_day=dt.date(2026, 12, 1), act="Determina 7", now=HOUR
    )
    assert letter_mail.send_waiting(now=HOUR) == 1
    assert readers() == ["carla@posta.example"]
    for number in range(1, 13):
        letter_mail.send_waiting(now=HOUR + number * dt.timedelta(minutes=11))
    assert set(Letter.objects.values_list("state", flat=True)) == {"sent", "given_up"}


def test_a_family_that_cannot_be_written_to_keeps_no_other_dispute_untold(committed_canteen: Town) -> None:
    town, morning_after = committed_canteen, at("2026-11-25 08:00")
    night.run(now=at("2026-11-24 20:05"))
    for pupil, parent in ((town.luca, town.anna), (town.tommaso, town.carla)):
        disputes.open_dispute(
            pupil=pupil,
            day=TUESDAY,
            wallets=Wallet.objects.of_parent(parent),
            words="Non c'era.",
            by=parent,
            now=morning_after,
        )
    Guardian.objects.filter(first_name__in=["Anna", "Bruno"]).update(email=IMPOSSIBLE)
    mail.outbox.clear()
    assert dispute_mail.send_owed(now=morning_after) == 1
    assert readers() == ["carla@posta.example"]
    assert [row.pupil for row in dispute_mail.untold(morning_after)] == [town.luca]
