"""From when to when an ISEE counts (domain.md, section 3; DPCM 159/2013 for the ISEE corrente)."""

import calendar
import datetime as dt
from dataclasses import dataclass

CURRENT_MONTHS = 6


class IseeNeverValid(Exception):
    """An ISEE that would begin to count after it has ended; `str()` is the sentence for the office."""


@dataclass(frozen=True)
class Grace:
    """The last day on which the new year's ISEE still counts from 1 January."""

    month: int = 2
    day: int = 28

    def last_day(self, year: int) -> dt.date:
        """29 February is read as 28 in a common year."""
        return dt.date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


def validity(filed_on: dt.date, *, current: bool, grace: Grace) -> tuple[dt.date, dt.date]:
    """First and last day on which the declaration sets the price.

    Within the grace it counts from 1 January, later from the first of the next month, and it ends on 31 December of its
    year whatever its date. An ISEE corrente describes a new situation: always from the first of the next month, six months
    from its date at most, never past 31 December.
    """
    begins = first_of_next_month(filed_on)
    if not current and filed_on <= grace.last_day(filed_on.year):
        begins = dt.date(filed_on.year, 1, 1)
    ends = dt.date(filed_on.year, 12, 31)
    if current:
        ends = min(ends, months_later(filed_on, CURRENT_MONTHS) - dt.timedelta(days=1))
    if begins > ends:
        raise IseeNeverValid(
            f"Un ISEE presentato il {filed_on:%d/%m/%Y} varrebbe dal {begins:%d/%m/%Y}, ma scade il {ends:%d/%m/%Y}: "
            "serve l'ISEE dell'anno nuovo."
        )
    return begins, ends


def first_of_next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month where it does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
