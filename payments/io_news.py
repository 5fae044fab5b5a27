"""What is news for the app IO: since when, and what a finder says of a fact. One rule for all of them.

A fact of the last days is news, unless it is older than the moment at which the key was set. There are two clocks: the history
of a row bears the hour of the database, which no time machine moves; everything else bears the portal's.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Expression, QuerySet, Value
from django.db.models.functions import Greatest, Now

from enrolments.models import Guardian
from payments.models import IoMessage, IoStart, Notice
from payments.rules.io_texts import Words

LOOK_BACK = dt.timedelta(days=3)  # a round that failed, a day without network; what is older is no news
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class News:
    now: dt.datetime
    since: dt.datetime
    started: dt.datetime  # by the clock of the database

    @property
    def today(self) -> dt.date:
        return self.now.date()

    @property
    def since_by_database(self) -> Expression:
        return Greatest(Now() - LOOK_BACK, Value(self.started))


@dataclass(frozen=True)
class Found:
    """A fact, and who should hear of it; ``whom`` is asked of the database only when the fact is new.

    ``shared``: one cause for many facts, so that whoever has not heard of it yet may still have to.
    """

    event: IoMessage.Event
    cause: str
    words: Words
    whom: QuerySet[Guardian]
    notice: Notice | None = None
    shared: bool = False

    @property
    def key(self) -> str:
        return f"{self.event}:{self.cause}"


def begin(*, now: dt.datetime) -> News:
    """The first round after the key was set writes down when that was. A clock that was turned back begins again there."""
    start, _ = IoStart.objects.get_or_create(pk=1, defaults={"by_clock": now})
    if start.by_clock > now:
        start.by_clock = now
        start.save(update_fields=["by_clock"])
    return News(now=now, since=max(now - LOOK_BACK, start.by_clock), started=start.since)


def forget() -> None:
    """Without a key: what happens meanwhile will be no news when there is one."""
    IoStart.objects.all().delete()
