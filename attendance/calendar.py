"""Which classes eat on which days: the calendar rows read once, then asked as often as needed (constant queries)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from attendance.models import CanteenPeriod, ClassWeekdays, Closure, PatronDay, SchoolPhase
from attendance.rules.service_days import ClassFacts, Patron, Service, Shut, Span, Week, service
from attendance.rules.verdict import Phase
from enrolments.models import ClassGroup
from enrolments.rules import national_days

#: How far the next service day is looked for: longer than any summer.
LOOK_AHEAD = dt.timedelta(days=150)
#: Until the office says otherwise, both the school and the parents speak.
DEFAULT_PHASE = Phase.BOTH
WEEKDAY_COLUMNS = ("monday", "tuesday", "wednesday", "thursday", "friday")
#: Class, school, town, and the school year the class belongs to.
ClassRow = tuple[int, int, str, dt.date, dt.date]
SchoolRow = tuple[int, str, dt.date, dt.date]
#: From, to and the five weekdays, as they are in the table: one tuple for each time the class has changed them.
Weeks = tuple[tuple[Any, ...], ...]
#: What decides the calendar's answer: school, weekdays, and the class itself where it has closures of its own.
Kind = tuple[SchoolRow, Weeks, int | None] | None
#: The classes somebody asks for: their numbers, or the query that finds them.
ClassIds = Collection[int] | QuerySet[ClassGroup, Any]


def national_holidays(first: dt.date, last: dt.date) -> dict[dt.date, str]:
    years = range(first.year, last.year + 1)
    return {day: name for year in years for day, name in national_days.of_year(year).items()}


def each_day(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=step) for step in range((last - first).days + 1))


class Calendar:
    """The calendar of some classes (None: of all) between two days: six queries whatever their number. ``without``: closures
    that are to be thought away."""

    def __init__(
        self,
        class_ids: ClassIds | None,
        first: dt.date,
        last: dt.date,
        without: Collection[int] = (),
    ) -> None:
        self.first, self.last = first, last
        self.holidays = national_holidays(first, last)
        self.classes = _classes(class_ids, first, last)
        self._weeks = _weeks(class_ids, first, last)
        schools = None if class_ids is None else {row[1] for row in self.classes.values()}
        self._periods = _periods(schools, first, last)
        self._patrons = {row.city.casefold(): _patron(row) for row in PatronDay.objects.all()}
        self._phases = _phases(schools, first, last)
        self._closures = _Closures(first, last, without)
        self._facts: dict[Kind, ClassFacts] = {}
        self._answers: dict[tuple[Kind, dt.date], Service] = {}

    def service(self, class_id: int, day: dt.date) -> Service:
        """Is there a meal for this class, or why not. A class that was not asked for has no canteen."""
        kind = self._kind(class_id)
        if (kind, day) not in self._answers:
            self._answers[kind, day] = service(day, self._facts_of(kind), self.holidays)
        return self._answers[kind, day]

    def phase(self, class_id: int, day: dt.date) -> Phase:
        school_id = self.classes[class_id][1]
        return next((phase for span, phase in self._phases[school_id] if span.holds(day)), DEFAULT_PHASE)

    def _kind(self, class_id: int) -> Kind:
        """Classes of one school and year with the same weekdays and no closure of their own get the same answer: a nation asks
        the rule once a school."""
        if class_id not in self.classes:
            return None
        row = self.classes[class_id]
        own = class_id if class_id in self._closures.class_group else None
        return row[1:], self._weeks.get(class_id, ()), own

    def _facts_of(self, kind: Kind) -> ClassFacts:
        if kind not in self._facts:
            self._facts[kind] = self._gather(*kind) if kind else ClassFacts(periods=())
        return self._facts[kind]

    def _gather(self, school: SchoolRow, weeks: Weeks, class_id: int | None) -> ClassFacts:
        """A class eats only within its own school year, whatever the dates of the canteen."""
        school_id, city, begins, ends = school
        return ClassFacts(
            periods=tuple(_clip(span, begins, ends) for span in self._periods[school_id]),
            weeks=tuple(Week(Span(week[0], week[1]), week[2:]) for week in weeks),
            patron=self._patrons.get(city.casefold()),
            closures=self._closures.of(class_id, school_id),
        )


class _Closures:
    """Closures in force, by scope: a class is shut by its own, by its school's and by the town's."""

    def __init__(self, first: dt.date, last: dt.date, without: Collection[int]) -> None:
        self.town: list[Shut] = []
        self.school: dict[int, list[Shut]] = defaultdict(list)
        self.class_group: dict[int, list[Shut]] = defaultdict(list)
        rows = Closure.objects.filter(revoked_at__isnull=True, first_day__lte=last, last_day__gte=first)
        for row in rows.exclude(pk__in=without).order_by("id"):
            self._put(row)

    def _put(self, row: Closure) -> None:
        shut = Shut(
            span=Span(row.first_day, row.last_day), why=why(row), packed=row.meal == Closure.Meal.PACKED
        )
        if row.class_group_id:
            self.class_group[row.class_group_id].append(shut)
        elif row.school_id:
            self.school[row.school_id].append(shut)
        else:
            self.town.append(shut)

    def of(self, class_id: int | None, school_id: int) -> tuple[Shut, ...]:
        return (*self.town, *self.school.get(school_id, ()), *self.class_group.get(class_id or 0, ()))


def why(closure: Closure) -> str:
    """ "ordinanza (ord. sindacale n. 12)": the reason and, if any, the act; an act that says the reason itself stands alone."""
    reason = str(closure.get_reason_display())
    if not closure.act:
        return reason
    said = closure.reason == Closure.Reason.OTHER or closure.act.lower().startswith(reason)
    return closure.act if said else f"{reason} ({closure.act})"


def patron_of(city: str) -> Patron | None:
    """The patron saint of a town, as the office has written it."""
    row = PatronDay.objects.filter(city__iexact=city).first()
    return _patron(row) if row else None


def _classes(class_ids: ClassIds | None, first: dt.date, last: dt.date) -> dict[int, ClassRow]:
    """Class id -> its row. Without ids: the classes of the school years that touch the range."""
    rows = ClassGroup.objects.all()
    if class_ids is not None:
        rows = rows.filter(pk__in=class_ids)
    else:
        rows = rows.filter(Q(year__valid_to__gte=first), year__valid_from__lte=last)
    columns = ("pk", "school_id", "school__city", "year__valid_from", "year__valid_to")
    return {row[0]: row for row in rows.values_list(*columns)}


def _clip(span: Span, first: dt.date, last: dt.date) -> Span:
    return Span(max(span.first, first), last if span.last is None else min(span.last, last))


def _weeks(class_ids: ClassIds | None, first: dt.date, last: dt.date) -> dict[int, Weeks]:
    """All the rows of the classes, not only those in range: a class with rows elsewhere has spoken of its weekdays."""
    rows = ClassWeekdays.objects.all()
    if class_ids is not None:
        rows = rows.filter(class_group_id__in=class_ids)
    else:
        rows = rows.filter(class_group__year__valid_to__gte=first, class_group__year__valid_from__lte=last)
    found: dict[int, Weeks] = {}
    columns = ("class_group_id", "valid_from", "valid_to", *WEEKDAY_COLUMNS)
    for class_id, *week in rows.values_list(*columns):
        found[class_id] = (*found.get(class_id, ()), tuple(week))
    return found


def _periods(schools: set[int] | None, first: dt.date, last: dt.date) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    rows = CanteenPeriod.objects.overlapping(first, last)
    rows = rows if schools is None else rows.filter(school__in=schools)
    for school_id, begins, ends in rows.values_list("school_id", "valid_from", "valid_to"):
        found[school_id].append(Span(begins, ends))
    return found


def _phases(schools: set[int] | None, first: dt.date, last: dt.date) -> dict[int, list[tuple[Span, Phase]]]:
    found: dict[int, list[tuple[Span, Phase]]] = defaultdict(list)
    rows = SchoolPhase.objects.overlapping(first, last)
    rows = rows if schools is None else rows.filter(school__in=schools)
    for school_id, phase, begins, ends in rows.values_list("school_id", "phase", "valid_from", "valid_to"):
        found[school_id].append((Span(begins, ends), Phase(phase)))
    return found


def _patron(row: PatronDay) -> Patron:
    return Patron(name=row.name, month=row.month, day=row.day, weekday=row.weekday, nth=row.nth)
