"""From a school year to the next: the office sees who moves where, then does it. Wallets stay as they are."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from attendance import night
from attendance.models import CanteenPeriod
from enrolments import years
from enrolments.errors import Refused
from enrolments.models import SchoolYear
from enrolments.years import YearChange
from identity.models import User
from wallets import leavers


class YearNotOver(Refused):
    """Closing now would leave days without their charge."""


@dataclass(frozen=True)
class Preview:
    """What closing the year would do, and what keeps it open."""

    change: YearChange
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class Credit:
    """What families without children in the canteen still have in their wallets."""

    families: int
    total: Decimal
    from_day: dt.date


def to_close(day: dt.date) -> SchoolYear | None:
    """The oldest year that is open and has begun."""
    begun = SchoolYear.objects.filter(state=SchoolYear.State.OPEN, valid_from__lte=day)
    return begun.order_by("valid_from").first()


def preview(*, year: SchoolYear, now: dt.datetime) -> Preview:
    return Preview(change=years.preview(year=year), obstacles=tuple(obstacles(year=year, now=now)))


def obstacles(*, year: SchoolYear, now: dt.datetime) -> list[str]:
    """The sentences that say why the year cannot be closed yet: a closed year is never charged again."""
    found = []
    last = CanteenPeriod.objects.filter(year=year).aggregate(last=Max("valid_to"))["last"] or year.valid_to
    if now.date() <= last:
        found.append(f"La mensa finisce il {last:%d/%m/%Y}: l'anno si chiude dal giorno dopo.")
    count = sum(year.valid_from <= day <= year.valid_to for day in night.due_days(now))
    if count:
        found.append(
            f"Giorni ancora da addebitare o con un alunno senza prezzo: {count}. Guarda la pagina delle notti."
        )
    return found


@transaction.atomic
def close(*, year: SchoolYear, by: User, now: dt.datetime) -> YearChange:
    """Close the year and open the next. Closing it again changes nothing."""
    locked = SchoolYear.objects.select_for_update().get(pk=year.pk)
    found = obstacles(year=locked, now=now)
    if found and locked.state != SchoolYear.State.CLOSED:
        raise YearNotOver(" ".join(found))
    return years.close_year(year=locked, by=by, now=now)


def left_credit(today: dt.date) -> Credit:
    """Families to be given their credit back, net of siblings who stay and of debts. After a year is closed: as they will
    stand on the day after its last one, from which refunds are prepared."""
    closed = SchoolYear.objects.filter(state=SchoolYear.State.CLOSED).aggregate(last=Max("valid_to"))["last"]
    day = max(today, closed + dt.timedelta(days=1)) if closed else today
    found = leavers.candidates(day=day)
    return Credit(
        families=len(found), total=sum((one.amount for one in found), Decimal("0.00")), from_day=day
    )
