"""Next year's calendar, drafted from this year's: canteen dates on the same weekdays, holidays where they will fall. Nothing is
written until the office has confirmed it, row by row; confirming again writes nothing twice."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from attendance import closures
from attendance.calendar import WEEKDAY_COLUMNS, each_day, national_holidays, patron_of
from attendance.errors import NotDeclared
from attendance.models import CanteenPeriod, ClassWeekdays, Closure
from enrolments import years
from enrolments.models import ClassGroup, School, SchoolYear
from enrolments.rules.isee import months_later
from identity.models import User

#: A year later on the same weekday.
YEAR_OF_WEEKS = dt.timedelta(weeks=52)
EASTER_MONDAY = "Lunedì dell'Angelo"
#: How the key of a school's canteen dates begins.
SEASON = "mensa-"


@dataclass(frozen=True)
class Proposal:
    """A row to confirm: the canteen's dates of a school, or a closure. ``key`` names what it was drafted from."""

    key: str
    title: str
    first: dt.date
    last: dt.date
    school: School | None
    known: bool


@dataclass(frozen=True)
class Draft:
    """What next year would be; ``feasts`` need no confirmation: they are in every calendar."""

    label: str
    first: dt.date
    last: dt.date
    proposals: list[Proposal]
    feasts: list[tuple[dt.date, str]]
    classes: int
    weekdays: int


@dataclass(frozen=True)
class Chosen:
    """A proposal as the office confirms it, with the dates it may have changed."""

    key: str
    first: dt.date
    last: dt.date


def propose(*, year: SchoolYear) -> Draft:
    """Drafted anew every time from this year as it is; what is written already is marked."""
    first, last = span(year)
    following = years.next_year(year)
    proposals = [*_periods(year), *_closures(year, first, last)]
    return Draft(
        label=following.label if following else years.next_label(year),
        first=first,
        last=last,
        proposals=proposals,
        feasts=_feasts(year, first, last),
        classes=len(years.missing_classes(year)),
        weekdays=len(_missing_weekdays(year, following)) if following else _classes_with_weekdays(year),
    )


@transaction.atomic
def confirm(*, year: SchoolYear, chosen: Collection[Chosen], by: User, now: dt.datetime) -> int:
    """Write the year with its classes and their weekdays, and the chosen rows; returns how many rows were new."""
    closures.lock()
    following = years.prepare_next(year=year, by=by, now=now)
    by_key = {one.key: one for one in propose(year=year).proposals}
    written = 0
    for one in chosen:
        proposal = by_key.get(one.key)
        if proposal and not proposal.known:
            _write(proposal, one, following, by, now)
            written += 1
    rows = _missing_weekdays(year, following)
    ClassWeekdays.objects.bulk_create(rows)
    return written + len(rows)


def span(year: SchoolYear) -> tuple[dt.date, dt.date]:
    """The days of the year after; of one not made yet, the twelve months that follow."""
    following = years.next_year(year)
    if following:
        return following.valid_from, following.valid_to
    return year.valid_to + dt.timedelta(days=1), months_later(year.valid_to, 12)


def _write(proposal: Proposal, one: Chosen, following: SchoolYear, by: User, now: dt.datetime) -> None:
    if one.last < one.first or one.first < following.valid_from or one.last > following.valid_to:
        raise NotDeclared(f"{proposal.title}: le date non stanno nell'anno {following}. Controllale.")
    if proposal.school and proposal.key.startswith(SEASON):
        if CanteenPeriod.objects.overlapping(one.first, one.last).filter(school=proposal.school).exists():
            raise NotDeclared(f"{proposal.title}: si sovrappone a un altro periodo. Controlla le date.")
        CanteenPeriod.objects.create(
            school=proposal.school, year=following, valid_from=one.first, valid_to=one.last
        )
        return
    closures.declare(
        school=proposal.school,
        first_day=one.first,
        last_day=one.last,
        reason=Closure.Reason.CALENDAR,
        act=proposal.title,
        by=by,
        now=now,
    )


def _periods(year: SchoolYear) -> list[Proposal]:
    """Each school's season, on the same weekdays; a school that has dates for next year already is known."""
    first, last = span(year)
    there = set(CanteenPeriod.objects.overlapping(first, last).values_list("school_id", flat=True))
    rows = (
        CanteenPeriod.objects.filter(year=year)
        .select_related("school")
        .order_by("school__name", "valid_from")
    )
    return [
        Proposal(
            key=f"{SEASON}{row.pk}",
            title=f"Mensa: {row.school}",
            first=_working(row.valid_from + YEAR_OF_WEEKS, 1),
            last=_working((row.valid_to or year.valid_to) + YEAR_OF_WEEKS, -1),
            school=row.school,
            known=row.school_id in there,
        )
        for row in rows
    ]


def _closures(year: SchoolYear, first: dt.date, last: dt.date) -> list[Proposal]:
    """Only what the calendar itself had closed: ordinances and strikes do not come back."""
    rows = Closure.objects.filter(
        reason=Closure.Reason.CALENDAR,
        revoked_at__isnull=True,
        class_group__isnull=True,
        first_day__range=(year.valid_from, year.valid_to),
    )
    there = list(
        Closure.objects.filter(
            reason=Closure.Reason.CALENDAR, revoked_at__isnull=True, first_day__lte=last, last_day__gte=first
        )
    )
    found = []
    for row in rows.select_related("school").order_by("first_day", "pk"):
        begins, ends = _next_time(row)
        known = any(
            one.school_id == row.school_id and one.first_day <= ends and one.last_day >= begins
            for one in there
        )
        title = row.act.rpartition(": ")[2] or str(row.get_reason_display())
        found.append(Proposal(f"chiusura-{row.pk}", title, begins, ends, row.school, known))
    return found


def _next_time(row: Closure) -> tuple[dt.date, dt.date]:
    """Around Easter it moves with Easter; else the same days of the month."""
    monday = next((day for day in each_day(row.first_day, row.last_day) if _is_easter_monday(day)), None)
    if monday:
        moved = _easter_monday(row.first_day.year + 1) - monday
        return row.first_day + moved, row.last_day + moved
    return months_later(row.first_day, 12), months_later(row.last_day, 12)


def _is_easter_monday(day: dt.date) -> bool:
    return EASTER_MONDAY.casefold() in national_holidays(day, day).get(day, "").casefold()


def _easter_monday(year: int) -> dt.date:
    spring = each_day(dt.date(year, 3, 20), dt.date(year, 5, 1))
    return next(day for day in spring if _is_easter_monday(day))


def _working(day: dt.date, step: int) -> dt.date:
    """The first day from here, forwards or backwards, that is no weekend and no national holiday."""
    while day.weekday() >= 5 or day in national_holidays(day, day):
        day += dt.timedelta(days=step)
    return day


def _feasts(year: SchoolYear, first: dt.date, last: dt.date) -> list[tuple[dt.date, str]]:
    """National holidays on weekdays, and the patrons of the towns of the schools."""
    found = {(day, name) for day, name in national_holidays(first, last).items() if first <= day <= last}
    for city in School.objects.values_list("city", flat=True).distinct():
        patron = patron_of(city)
        found |= {(day, patron.name) for day in each_day(first, last) if patron and patron.falls_on(day)}
    return sorted(one for one in found if one[0].weekday() < 5)


def _classes_with_weekdays(year: SchoolYear) -> int:
    rows = ClassWeekdays.objects.filter(class_group__year=year)
    return rows.values("class_group").distinct().count()


def _missing_weekdays(year: SchoolYear, following: SchoolYear) -> list[ClassWeekdays]:
    """The pupils take their weekdays with them: 3A eats as this year's 2A; a new first class as this year's first."""
    last_words = {
        (row.class_group.school_id, row.class_group.grade, row.class_group.section): row
        for row in ClassWeekdays.objects.filter(class_group__year=year)
        .select_related("class_group")
        .order_by("valid_from")
    }
    said = ClassWeekdays.objects.filter(class_group__year=following).values("class_group")
    found = []
    for group in ClassGroup.objects.filter(year=following).exclude(pk__in=said).order_by("pk"):
        source = last_words.get((group.school_id, max(group.grade - 1, 1), group.section))
        if source:
            days = {column: getattr(source, column) for column in WEEKDAY_COLUMNS}
            found.append(ClassWeekdays(class_group=group, valid_from=following.valid_from, **days))
    return found
