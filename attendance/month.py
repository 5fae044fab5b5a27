"""A child's month as a parent sees it: weeks of five days, what becomes of each, what can still be done."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from attendance import grid, verdicts
from attendance.calendar import each_day
from attendance.grid import ONE_DAY, Month
from attendance.models import Absence
from attendance.verdicts import DayVerdict
from enrolments.models import Pupil

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


def kind_of(found: DayVerdict) -> str:
    if found.verdict is None:
        return "none"
    if found.verdict.disputable:
        return "warn"
    return "eats" if found.verdict.eats else "absent"


def look(*, pupil: Pupil, first: dt.date, now: dt.datetime) -> tuple[Month[Cell], list[Cell]]:
    """The month beginning on ``first`` and the next service days: one look at the facts for both."""
    days, ahead = grid.days_of(first), list(each_day(now.date(), now.date() + LOOK_AHEAD * ONE_DAY))
    found = verdicts.of_pupils(pupils=[pupil], days={*days, *ahead})
    return (
        grid.arrange(first, [_cell(found[pupil.pk, day], first, now) for day in days]),
        _next(_cell(found[pupil.pk, day], now.date(), now) for day in ahead),
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
