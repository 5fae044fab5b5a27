"""The office's word on a day, past or future: it has the last one. For a day already debited it becomes a reversal, or a
late debit, dated today and referring to the meal day (the night reconciles)."""

import datetime as dt

from django.db import transaction

from attendance import verdicts, words
from attendance.errors import BadRange, NoServiceDay, YearIsClosed
from attendance.models import Absence
from enrolments.models import Pupil, SchoolYear
from identity.models import User

NOTE_LENGTH = 200


@transaction.atomic
def correct(*, pupil: Pupil, day: dt.date, absent: bool, reason: str, by: User, now: dt.datetime) -> bool:
    """Say that the child was (not) there on that day, with the reason. Returns whether anything changed."""
    note = reason.strip()
    if not note:
        raise BadRange("Scrivi il motivo della correzione: lo leggerà anche la famiglia.")
    if len(note) > NOTE_LENGTH:
        raise BadRange(f"Il motivo è troppo lungo: al massimo {NOTE_LENGTH} caratteri.")
    if SchoolYear.objects.on(day).filter(state=SchoolYear.State.CLOSED).exists():
        raise YearIsClosed(day)
    found = verdicts.of_pupils(pupils=[pupil], days=[day])[pupil.pk, day]
    if not found.service.open:
        why = found.service.sentence
        raise NoServiceDay(f"Il {day:%d/%m/%Y} non c'è un pasto da correggere: {why[:1].lower()}{why[1:]}")
    changed = words.say(
        [(day, pupil.pk)], source=Absence.Source.OFFICE, absent=absent, by=by, now=now, note=note
    )
    return bool(changed)
