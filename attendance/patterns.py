""" "Every Wednesday until ...": a parent says a weekday once.

The rule. Saying it marks, at once and by the ordinary operation, every service day of that weekday in the range. A day that
becomes a service day later (a closure revoked, new dates of the canteen) is marked by the sweep as long as no parent has
spoken of it; the hour that counts for the cut-off is the one at which the pattern was said. A parent who speaks of one day
has the last word on that day. Ending the pattern takes back the words it made on the days still open.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import IntegrityError, models, transaction

from attendance import absences, verdicts
from attendance.absences import Marked
from attendance.calendar import WEEKDAY_COLUMNS
from attendance.errors import AlreadySaid, NoServiceDay, TooLate
from attendance.models import Absence, AbsencePattern, AbsenceReceipt, ClassWeekdays
from attendance.rules.cutoff import ROME
from attendance.rules.service_days import WEEKDAYS
from enrolments import rounds
from enrolments.models import Enrolment, Pupil
from identity.models import User

#: How far ahead the sweep looks for days that have become service days.
SWEPT_AHEAD = dt.timedelta(days=21)
Days = list[dt.date]


def days_of(weekday: int, first: dt.date, last: dt.date) -> Days:
    """The days of that weekday between the two, both included."""
    return [day for day in absences.days_between(first, last) if day.weekday() == weekday]


def weekdays_of(pupil: Pupil, today: dt.date) -> list[int]:
    """The weekdays on which the child's class eats, or will: the only ones worth saying. Two queries."""
    classes = set(
        Enrolment.objects.overlapping(today, dt.date.max)
        .filter(pupil=pupil)
        .values_list("class_group", flat=True)
    )
    columns = ("class_group_id", "valid_to", *WEEKDAY_COLUMNS)
    rows = list(ClassWeekdays.objects.filter(class_group__in=classes).values_list(*columns))
    silent = classes - {row[0] for row in rows}
    if silent:
        return list(range(5))
    return [day for day in range(5) if any(row[2 + day] for row in rows if row[1] is None or row[1] >= today)]


def say(
    *, pupil: Pupil, weekday: int, first: dt.date, last: dt.date, by: User, now: dt.datetime
) -> tuple[AbsencePattern, Marked]:
    """Keep the pattern and mark its days. Refused like ``absences.mark``, or with ``AlreadySaid`` beside a living one."""
    days = days_of(weekday, first, last)
    if not days:
        raise NoServiceDay(f"Nel periodo scelto non c'è nessun {WEEKDAYS[weekday]}: controlla le date.")
    try:
        with transaction.atomic():
            pattern = AbsencePattern.objects.create(
                pupil=pupil, weekday=weekday, valid_from=first, valid_to=last, said_by=by, said_at=now
            )
            return pattern, absences.mark(pupil=pupil, days=days, by=by, now=now, pattern=pattern, tell=True)
    except IntegrityError as error:
        if "one_pattern_per_weekday" not in str(error):
            raise
        raise AlreadySaid(WEEKDAYS[weekday]) from None


def end(*, pattern: AbsencePattern, by: User, now: dt.datetime) -> Marked | None:
    """No longer: the days still open that only the pattern had marked have their meal again. None: it was over already."""
    with transaction.atomic():
        if not AbsencePattern.objects.living().filter(pk=pattern.pk).update(ended_by=by, ended_at=now):
            return None
        mine = _days_still_mine(pattern, now)
        if not mine:
            return Marked((), (), (), ())
        try:
            return absences.withdraw(pupil=pattern.pupil, days=mine, by=by, now=now, tell=True)
        except (TooLate, NoServiceDay):
            return Marked((), (), (), ())


def _days_still_mine(pattern: AbsencePattern, now: dt.datetime) -> Days:
    """From today on, the days whose last word is the pattern's own."""
    today = now.astimezone(ROME).date()
    rows = AbsenceReceipt.objects.filter(pupil=pattern.pupil_id, day__gte=today, day__lte=pattern.valid_to)
    last = {row.day: row for row in rows.order_by("pk")}
    return sorted(
        day for day, row in last.items() if row.pattern_id == pattern.pk and row.word == absences.Word.ABSENT
    )


def catch_up(*, now: dt.datetime) -> list[Marked]:
    """Mark the days that have become service days since the patterns were said, and tell both parents. Safe to repeat; cheap
    when there is nothing; a pattern that cannot be followed keeps no other waiting."""
    today = now.astimezone(ROME).date()
    living = AbsencePattern.objects.living().overlapping(today, today + SWEPT_AHEAD)
    patterns = list(living.select_related("pupil", "said_by").order_by("pk"))
    due = rounds.at_once_or_each(patterns, lambda rows: _due(rows, today), said="patterns.not_read")
    return rounds.each(
        [one for found in due for one in found],
        lambda one: absences.mark(
            pupil=one[0].pupil, days=one[1], by=one[0].said_by, now=now, pattern=one[0], tell=True
        ),
        said="patterns.not_followed",
    )


def _due(patterns: Sequence[AbsencePattern], today: dt.date) -> list[tuple[AbsencePattern, Days]]:
    """The days that each pattern has still to mark."""
    wanted = _unspoken(patterns, today)
    found = verdicts.of_pupils(
        pupils={pattern.pupil for pattern in patterns if wanted[pattern.pk]},
        days={day for days in wanted.values() for day in days},
    )
    open_days = [
        (
            pattern,
            [day for day in wanted[pattern.pk] if found[pattern.pupil_id, day].open_at(pattern.said_at)],
        )
        for pattern in patterns
    ]
    return [(pattern, days) for pattern, days in open_days if days]


def _unspoken(patterns: Iterable[AbsencePattern], today: dt.date) -> dict[int, Days]:
    """Pattern -> its days of the next weeks on which no parent has said anything."""
    rows = list(patterns)
    spoken = set(
        Absence.objects.filter(
            pupil__in=[row.pupil_id for row in rows],
            day__range=(today, today + SWEPT_AHEAD),
            source=Absence.Source.PARENT,
        ).values_list("pupil_id", "day")
    )
    wanted: dict[int, Days] = defaultdict(list)
    for row in rows:
        assert row.valid_to is not None  # noqa: S101 - a constraint of the table
        first, last = max(today, row.valid_from), min(today + SWEPT_AHEAD, row.valid_to)
        days = days_of(row.weekday, first, last) if first <= last else []
        wanted[row.pk] = [day for day in days if (row.pupil_id, day) not in spoken]
    return wanted


def of_pupil(pupil: Pupil, today: dt.date) -> models.QuerySet[AbsencePattern]:
    """The living patterns that still have days ahead, in the order of the week."""
    rows = AbsencePattern.objects.living().filter(pupil=pupil, valid_to__gte=today)
    return rows.select_related("said_by").order_by("weekday", "valid_from")
