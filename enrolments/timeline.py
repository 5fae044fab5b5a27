"""Dated rows change from a day on: the old row is cut, never forgotten (the history keeps what was cut)."""

import copy
import datetime as dt
from typing import NamedTuple, TypeVar

from enrolments.dated import Dated, DatedQuerySet

Row = TypeVar("Row", bound=Dated)
ONE_DAY = dt.timedelta(days=1)


class Stretch(NamedTuple):
    """Days to be cut out; an open end is None."""

    valid_from: dt.date
    valid_to: dt.date | None


def lay(rows: DatedQuerySet[Row], new: Row) -> Row:
    """Save ``new`` over the rows of the same kind that overlap it; what they had before and after its days stays.

    ``rows`` holds the rows that may not overlap (of one pupil, of one household). Laying the same row twice changes nothing.
    """
    overlapped = list(
        rows.select_for_update()
        .overlapping(new.valid_from, new.valid_to or dt.date.max)
        .order_by("valid_from")
    )
    if len(overlapped) == 1 and _same(overlapped[0], new):
        return overlapped[0]
    for old in overlapped:
        _cut(old, new)
    new.save()
    return new


def end(row: Dated, last_day: dt.date) -> None:
    """The row stops being true after ``last_day``; a row that had not begun yet disappears."""
    if last_day < row.valid_from:
        row.delete()
    elif row.valid_to is None or row.valid_to > last_day:
        row.valid_to = last_day
        row.save(update_fields=["valid_to"])


def clear(rows: DatedQuerySet[Row], first: dt.date, last: dt.date | None) -> None:
    """None of the rows is true between ``first`` and ``last`` any more; what they had before and after stays."""
    for old in rows.select_for_update().overlapping(first, last or dt.date.max).order_by("valid_from"):
        _cut(old, Stretch(first, last))


def _cut(old: Dated, new: Dated | Stretch) -> None:
    after = copy.copy(old)
    begins_before = old.valid_from < new.valid_from
    ends_after = new.valid_to is not None and (old.valid_to is None or old.valid_to > new.valid_to)
    if begins_before:
        old.valid_to = new.valid_from - ONE_DAY
        old.save(update_fields=["valid_to"])
    else:
        old.delete()
    if ends_after and new.valid_to is not None:
        after.pk, after._state.adding = None, True
        after.valid_from = new.valid_to + ONE_DAY
        after.save()


def _same(old: Dated, new: Dated) -> bool:
    names = [field.attname for field in old._meta.concrete_fields if not field.primary_key]
    return all(getattr(old, name) == getattr(new, name) for name in names)
