"""The shape of the builder's work: steps that know whether they are done, and how much of the town is wanted."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from mensa.demo import facts


@dataclass(frozen=True)
class Scale:
    """How much of the town to build: the tests are content with a street. ``rows``: of the list of applications."""

    rows: int | None = None
    last_day: dt.date = facts.START.date() - dt.timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """``title`` is what the builder says when it begins; empty: nothing."""

    title: str
    is_done: Callable[[], bool]
    run: Callable[[], None]
