"""What the school's morning owes to people, found in the database at every round and written down as letters, once each."""

import datetime as dt
from collections.abc import Sequence
from functools import partial

from django.db.models import Exists, OuterRef

from attendance import hours as adopted
from attendance import letter_mail, letter_texts, letters, phases, verdicts
from attendance.models import Absence, Letter
from attendance.rules.cutoff import ROME
from attendance.rules.morning import reminder_due
from enrolments import rounds
from enrolments.models import Pupil, School

#: A tick taken back within these minutes was a slip of the finger: nobody is worried for it.
SETTLED = dt.timedelta(minutes=5)
ONE_DAY = dt.timedelta(days=1)
#: A note about an older absence comes too late to be of use.
NOTES_LOOK_BACK = dt.timedelta(hours=12)


def round_of(*, now: dt.datetime) -> int:
    """Everything due now: reminders, notices of a change, notes to parents; then what is waiting leaves."""
    due = (remind, phases.write_letters, note_unannounced)
    rounds.steps([partial(step, now=now) for step in due], said="morning.step_failed")
    return letter_mail.send_waiting(now=now)


def remind(*, now: dt.datetime) -> int:
    """The secretaries of a school with classes still missing, at the two hours of the rules."""
    day = now.astimezone(ROME).date()
    number = reminder_due(day, adopted.on(day), now)
    if number is None:
        return 0
    told = Letter.objects.filter(kind=Letter.Kind.ROLL_CALL, day=day, facts__reminder=number)
    schools = School.objects.exclude(pk__in=told.values("school")).order_by("pk")
    missing = rounds.at_once_or_each(
        list(schools),
        lambda some: letter_texts.missing_schools(some, day, now),
        said="morning.roll_calls_not_read",
    )
    late = [school for found in missing for school in found]
    return sum(
        rounds.each(
            late, lambda school: _remind(school, day, number, now), said="morning.school_not_reminded"
        )
    )


def _remind(school: School, day: dt.date, number: int, now: dt.datetime) -> int:
    return letters.write(
        kind=Letter.Kind.ROLL_CALL,
        cause=f"roll_call:{day}:{number}:{school.pk}",
        day=day,
        to=letters.secretaries_of(school),
        school=school,
        facts={"reminder": number},
        now=now,
    )


def note_unannounced(*, now: dt.datetime) -> int:
    """Children the school has not seen and of whom the family had said nothing (phase B): both parents get a kind note."""
    today = now.astimezone(ROME).date()
    announced = Absence.objects.filter(
        day=OuterRef("day"), pupil=OuterRef("pupil"), source=Absence.Source.PARENT, absent=True
    )
    rows = Absence.objects.filter(
        ~Exists(announced),
        day__range=(today - ONE_DAY, today),
        source=Absence.Source.SCHOOL,
        absent=True,
        marked_at__range=(now - NOTES_LOOK_BACK, now - SETTLED),
    )
    told = Letter.objects.filter(kind=Letter.Kind.SEEN_ABSENT, day__gte=today - ONE_DAY)
    known = set(told.values_list("day", "pupil_id"))
    fresh = [key for key in rows.values_list("day", "pupil_id") if key not in known]
    written = rounds.at_once_or_each(
        fresh, lambda keys: _note_each(keys, now), said="morning.absence_not_noted"
    )
    return sum(written)


def _note_each(keys: Sequence[tuple[dt.date, int]], now: dt.datetime) -> int:
    pupils = Pupil.objects.in_bulk({pk for _, pk in keys})
    found = verdicts.of_pupils(pupils=pupils.values(), days={day for day, _ in keys})
    return sum(
        _note(pupils[pk], day, now)
        for day, pk in keys
        if (verdict := found[pk, day].verdict) is not None and verdict.tell_parent
    )


def _note(pupil: Pupil, day: dt.date, now: dt.datetime) -> int:
    return letters.write(
        kind=Letter.Kind.SEEN_ABSENT,
        cause=f"seen_absent:{day}:{pupil.pk}",
        day=day,
        to=letters.guardians_of(pupil, now=now),
        pupil=pupil,
        now=now,
    )
