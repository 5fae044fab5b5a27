"""A child's month as a parent sees it: weeks of five days, what becomes of each, what can still be done."""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass

from attendance import verdicts
from attendance.calendar import each_day
from attendance.models import Absence
from attendance.verdicts import DayVerdict
from enrolments.models import Pupil

ONE_DAY = dt.timedelta(days=1)
#: How many days to come are offered with one tap.
NEXT_DAYS = 5
#: How far they are looked for.
LOOK_AHEAD = 45


@dataclass(frozen=True)
class Cell:
    """A day of the month, or a day of the month beside that only fills the week."""

    found: DayVerdict
    in_month: bool
    is_today: bool
    can_mark: bool
    can_undo: bool

    @property
    def day(self) -> dt.date:
        return self.found.day

    @property
    def kind(self) -> str:
        """How it is drawn: eats, absent, warn or none."""
        return kind_of(self.found)

    @property
    def word(self) -> str:
        return SHORT[self.kind]


SHORT = {"eats": "mangia", "absent": "assente", "warn": "da verificare", "none": "niente mensa"}


@dataclass(frozen=True)
class Month:
    first: dt.date
    weeks: list[list[Cell]]
    previous: dt.date
    following: dt.date


def kind_of(found: DayVerdict) -> str:
    if found.verdict is None:
        return "none"
    if found.verdict.disputable:
        return "warn"
    return "eats" if found.verdict.eats else "absent"


def look(*, pupil: Pupil, first: dt.date, now: dt.datetime) -> tuple[Month, list[Cell]]:
    """The month beginning on ``first`` and the next service days: one look at the facts for both."""
    days, ahead = _grid(first), list(each_day(now.date(), now.date() + LOOK_AHEAD * ONE_DAY))
    found = verdicts.of_pupils(pupils=[pupil], days={*days, *ahead})
    return (
        _month(first, [_cell(found[pupil.pk, day], first, now) for day in days]),
        _next(_cell(found[pupil.pk, day], now.date(), now) for day in ahead),
    )


def _grid(first: dt.date) -> list[dt.date]:
    last = _last_of(first)
    monday = first - first.weekday() * ONE_DAY
    return [day for day in each_day(monday, last + (6 - last.weekday()) * ONE_DAY) if day.weekday() < 5]


def _last_of(first: dt.date) -> dt.date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _month(first: dt.date, cells: list[Cell]) -> Month:
    weeks = [cells[start : start + 5] for start in range(0, len(cells), 5)]
    return Month(
        first=first,
        weeks=[week for week in weeks if any(cell.in_month for cell in week)],
        previous=(first - ONE_DAY).replace(day=1),
        following=_last_of(first) + ONE_DAY,
    )


def _next(cells: Iterable[Cell]) -> list[Cell]:
    """Today and the next service days: those a parent speaks of most often."""
    return [cell for cell in cells if cell.found.verdict][:NEXT_DAYS]


def announced(*, pupil: Pupil, today: dt.date) -> list[Absence]:
    """The absences that the parents have marked from today on."""
    rows = Absence.objects.filter(pupil=pupil, day__gte=today, source=Absence.Source.PARENT, absent=True)
    return list(rows.select_related("marked_by").order_by("day"))


def history(*, pupil: Pupil, today: dt.date, limit: int = 20) -> list[Absence]:
    """What was said in the past, newest first, whoever said it."""
    rows = Absence.objects.filter(pupil=pupil, day__lt=today, absent=True)
    return list(rows.select_related("marked_by").order_by("-day", "source")[:limit])


def _cell(found: DayVerdict, first: dt.date, now: dt.datetime) -> Cell:
    return Cell(
        found=found,
        in_month=found.day.month == first.month,
        is_today=found.day == now.date(),
        can_mark=found.can_mark(now),
        can_undo=found.can_undo(now),
    )
