"""Late entries with a meal and early exits, as the school records them (domain.md section 9, cases 20 and 21).

Each of them is a word of the school, so that the decision of the day needs to know nothing of them: who comes in late was
there, and the roll-call does not say otherwise; who leaves early was there too, and the meal stays. Who is sent home by the
school is spared the debit when the rules of the day say so: that is the office's rule, hence the office's word.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from django.apps import apps
from django.db import connection, transaction

from attendance import hours as adopted
from attendance import tellings, verdicts, words
from attendance.errors import AlreadyDecided, NoServiceDay, TooLate
from attendance.models import Absence, Passage
from attendance.rules import cutoff
from attendance.rules.verdict import Parent
from attendance.verdicts import DayVerdict
from enrolments.models import ClassGroup, Pupil
from identity.models import User

SENT_HOME = "rimandato a casa dalla scuola alle {hour:%H:%M}"


def of_pupils(pupil_ids: Collection[int], day: dt.date) -> dict[int, tuple[Passage, ...]]:
    """Pupil -> the passages in force of that day: one query."""
    found: dict[int, list[Passage]] = defaultdict(list)
    for row in Passage.objects.filter(day=day, pupil_id__in=pupil_ids, undone_at__isnull=True).order_by(
        "hour"
    ):
        found[row.pupil_id].append(row)
    return {pk: tuple(rows) for pk, rows in found.items()}


def record(
    *,
    pupil: Pupil,
    class_group: ClassGroup,
    day: dt.date,
    kind: Passage.Kind,
    hour: dt.time,
    by: User,
    now: dt.datetime,
    sent_home: bool = False,
) -> Passage:
    """Write it down, once per child, day and kind: saying it again with another hour corrects the row. When it changes the meal
    the families get a letter."""
    sent_home = sent_home and kind == Passage.Kind.EARLY_EXIT
    with transaction.atomic():
        found = _meal(pupil, class_group, day, now)
        office = found.words.get(Absence.Source.OFFICE)
        if office is not None and not _is_ours(office):
            raise AlreadyDecided("Per questo alunno l'ufficio ha già deciso la giornata: chiama l'ufficio.")
        row = _write(pupil, class_group, day, kind, hour, sent_home=sent_home, by=by, now=now)
        here = [(day, pupil.pk)]
        if _is_missing(found):
            words.say(here, source=Absence.Source.SCHOOL, absent=False, by=by, now=now)
        if sent_home and not found.hours.sent_home_is_charged:
            note = SENT_HOME.format(hour=hour)
            words.say(here, source=Absence.Source.OFFICE, absent=True, note=note, by=by, now=now)
        elif office is not None:
            words.take_back(here, source=Absence.Source.OFFICE, by=by, now=now)
        tellings.of_passage(passage=row, before=found, after=_verdict(pupil, day), now=now)
    return row


def undo(*, passage: Passage, by: User, now: dt.datetime) -> bool:
    """It was a mistake: the child is again what the school had said before."""
    _in_time(passage.day, adopted.on(passage.day), now)
    with transaction.atomic():
        rows = Passage.objects.filter(pk=passage.pk, undone_at__isnull=True)
        if rows.update(undone_at=now, undone_by=by) == 0:
            return False
        before = _verdict(passage.pupil, passage.day)
        here = [(passage.day, passage.pupil_id)]
        if passage.sent_home:
            words.take_back(here, source=Absence.Source.OFFICE, by=by, now=now)
        if _was_absent(passage) and not _others(passage):
            words.say(here, source=Absence.Source.SCHOOL, absent=True, by=by, now=now)
        after = _verdict(passage.pupil, passage.day)
        tellings.of_passage(passage=passage, before=before, after=after, now=now)
    return True


def _verdict(pupil: Pupil, day: dt.date) -> DayVerdict:
    return verdicts.of_pupils(pupils=[pupil], days=[day])[pupil.pk, day]


def _is_missing(found: DayVerdict) -> bool:
    """Would the day count the child as absent, if nobody said otherwise?"""
    school = found.words.get(Absence.Source.SCHOOL)
    return school.absent if school else found.notice is Parent.ABSENT


def _was_absent(passage: Passage) -> bool:
    """The school's last word before this passage, out of the history."""
    history = apps.get_model("attendance", "AbsenceEvent")._default_manager
    before = history.filter(
        day=passage.day,
        pupil_id=passage.pupil_id,
        source=Absence.Source.SCHOOL,
        marked_at__lt=passage.recorded_at,
    )
    return bool(before.order_by("-pgh_id").values_list("absent", flat=True).first())


def _others(passage: Passage) -> bool:
    return Passage.objects.filter(day=passage.day, pupil=passage.pupil_id, undone_at__isnull=True).exists()


def _meal(pupil: Pupil, class_group: ClassGroup, day: dt.date, now: dt.datetime) -> DayVerdict:
    found = _verdict(pupil, day)
    _in_time(day, found.hours, now)
    if found.verdict is None or found.class_id != class_group.pk:
        raise NoServiceDay(f"Per questo alunno oggi non c'è un pasto: {found.sentence}")
    return found


def _in_time(day: dt.date, hours: cutoff.Hours, now: dt.datetime) -> None:
    if not cutoff.school_may_confirm(day, hours, now, confirmed=False):
        raise TooLate("Entrate e uscite si registrano nel giorno stesso, prima dell'addebito della sera.")


def _is_ours(word: Absence) -> bool:
    """A word the rule about who is sent home has written, not a decision of the office's people."""
    return Passage.objects.filter(day=word.day, pupil=word.pupil_id, sent_home=True).exists()


def _write(
    pupil: Pupil,
    class_group: ClassGroup,
    day: dt.date,
    kind: Passage.Kind,
    hour: dt.time,
    *,
    sent_home: bool,
    by: User,
    now: dt.datetime,
) -> Passage:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO attendance_passage AS stored
                (day, pupil_id, class_group_id, kind, hour, sent_home, recorded_by_id, recorded_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (day, pupil_id, kind) DO UPDATE SET hour = excluded.hour, sent_home = excluded.sent_home,
                recorded_by_id = excluded.recorded_by_id, recorded_at = excluded.recorded_at,
                undone_by_id = NULL, undone_at = NULL
            WHERE (stored.hour, stored.sent_home) IS DISTINCT FROM (excluded.hour, excluded.sent_home)
                OR stored.undone_at IS NOT NULL""",
            [day, pupil.pk, class_group.pk, kind.value, hour.isoformat(), sent_home, by.pk, now],
        )
    return Passage.objects.get(day=day, pupil=pupil, kind=kind)
