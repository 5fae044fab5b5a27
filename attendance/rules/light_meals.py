"""How many light meals in a row a parent may ask for without a certificate."""

import datetime as dt
from collections.abc import Collection, Iterable


def one_too_many(meals: Iterable[dt.date], light: Collection[dt.date], limit: int) -> dt.date | None:
    """The first day that makes the row longer than ``limit``, or None.

    ``meals``: the days on which the child eats, in order. A row goes on over days without a meal (a weekend, a closure, an
    absence): they are neither light nor ordinary.
    """
    row = 0
    for day in meals:
        row = row + 1 if day in light else 0
        if row > limit:
            return day
    return None
