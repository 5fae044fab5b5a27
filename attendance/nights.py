"""The nights as the office reads them: what was due, what was charged, who was left out and why, what is still open."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum

from attendance import night
from attendance.models import LateFact, PricingFailure, ServiceDay
from attendance.rules import cutoff
from enrolments.models import Pupil

#: A day still open at this hour of the next morning is shown in red.
ALARM_AT = dt.time(6, 0)
SKIPPED = {
    "weekday": "la classe non mangia in quel giorno",
    "patron": "festa patronale",
    "closure": "mensa chiusa",
    "out_of_period": "mensa non attiva",
    "holiday": "festa nazionale",
    "weekend": "fine settimana",
    "suspended": "servizio sospeso",
    "diet_hold": "pasti sospesi in attesa di conferma",
    "absent_parent": "assenti, disdetta del genitore",
    "absent_both": "assenti, genitore e scuola",
    "absent_school": "assenti, segnati dalla scuola",
    "absent_school_late": "assenti, segnati dalla scuola (disdetta tardiva)",
    "absent_office": "assenti, corretti dall'ufficio",
}


@dataclass(frozen=True)
class NightRow:
    day: ServiceDay
    skipped: list[tuple[str, int]]
    left_out: int
    seconds: str
    waiting: bool
    late: bool


def days(now: dt.datetime) -> QuerySet[ServiceDay]:
    """Days up to today on which there was something to decide, or that are not closed, newest first."""
    today = now.astimezone(cutoff.ROME).date()
    rows = ServiceDay.objects.filter(day__lte=today).annotate(
        waiting=Exists(LateFact.objects.filter(day=OuterRef("day"))), posting_ms=Sum("chunks__work_ms")
    )
    busy = Q(due_count__gt=0) | Q(free_count__gt=0) | Q(failed_count__gt=0) | Q(posted_count__gt=0)
    return rows.filter(busy | ~Q(state=ServiceDay.State.CLOSED)).order_by("-day")


def row(day: ServiceDay, now: dt.datetime) -> NightRow:
    """One line of the page."""
    skipped = sorted(day.skipped.items(), key=lambda item: -item[1])
    work = day.work_ms + (day.posting_ms or 0)  # type: ignore[attr-defined]
    waiting = bool(day.waiting)  # type: ignore[attr-defined]
    return NightRow(
        day=day,
        skipped=[(SKIPPED.get(code, code), number) for code, number in skipped],
        left_out=sum(number for _, number in skipped),
        seconds=f"{work / 1000:.2f}".replace(".", ","),
        waiting=waiting and day.state != ServiceDay.State.OPEN,
        late=is_late(day, now),
    )


def is_late(day: ServiceDay, now: dt.datetime) -> bool:
    """Still open at six of the morning after."""
    return day.state != ServiceDay.State.CLOSED and now >= cutoff.at(day.day + dt.timedelta(days=1), ALARM_AT)


def overdue(now: dt.datetime) -> int:
    """How many days should have been closed by now and are not: the alarm of the office's page."""
    owed = ServiceDay.objects.filter(day__in=night.due_days(now))
    return sum(is_late(day, now) for day in owed)


@dataclass(frozen=True)
class Failing:
    """A child who could not be charged, on how many days and why."""

    pupil: Pupil
    reason: str
    days: int
    first: dt.date
    last: dt.date


def failures() -> list[Failing]:
    """Who could not be charged and is not mended yet: one line per child and reason."""
    rows = (
        PricingFailure.objects.filter(solved_at__isnull=True)
        .values("pupil_id", "reason")
        .annotate(days=Count("pk"), first=Min("day"), last=Max("day"))
        .order_by("first", "pupil_id")[:200]
    )
    pupils = Pupil.objects.in_bulk([row["pupil_id"] for row in rows])
    return [
        Failing(pupils[row["pupil_id"]], row["reason"], row["days"], row["first"], row["last"])
        for row in rows
    ]
