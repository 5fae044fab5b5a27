"""A month as a table: the weeks, Monday to Friday, that touch it, and the months beside it."""

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from attendance.calendar import each_day

ONE_DAY = dt.timedelta(days=1)


class Placed(Protocol):
    """A cell of the table; days of the months beside only fill the week."""

    @property
    def in_month(self) -> bool: ...


CellT = TypeVar("CellT", bound=Placed)


@dataclass(frozen=True)
class Month(Generic[CellT]):
    first: dt.date
    weeks: list[list[CellT]]
    previous: dt.date
    following: dt.date


def days_of(first: dt.date) -> list[dt.date]:
    """Every day of the table of the month that begins on ``first``."""
    last = last_of(first)
    monday = first - first.weekday() * ONE_DAY
    return [day for day in each_day(monday, last + (6 - last.weekday()) * ONE_DAY) if day.weekday() < 5]


def arrange(first: dt.date, cells: list[CellT]) -> Month[CellT]:
    """One cell for each of ``days_of(first)``; a week wholly of another month falls out."""
    weeks = [cells[start : start + 5] for start in range(0, len(cells), 5)]
    return Month(
        first=first,
        weeks=[week for week in weeks if any(cell.in_month for cell in week)],
        previous=(first - ONE_DAY).replace(day=1),
        following=last_of(first) + ONE_DAY,
    )


def last_of(first: dt.date) -> dt.date:
    return first.replace(day=monthrange(first.year, first.month)[1])
