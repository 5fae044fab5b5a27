"""What the kitchen will probably cook on the next service days: who is enrolled, less the absences already announced."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from attendance import kitchen
from attendance.calendar import LOOK_AHEAD, Calendar, each_day
from attendance.kitchen import ORDINARY, SchoolSheet
from enrolments.models import ClassGroup, School

DAYS = 10


@dataclass(frozen=True)
class DayForecast:
    """A school on a day; ``packed``: of these, the lunches that travel."""

    day: dt.date
    counts: Counter[str]
    packed: int
    beyond: int

    @property
    def pupils(self) -> int:
        return self.counts.total()

    @property
    def total(self) -> int:
        return self.pupils + self.beyond


@dataclass(frozen=True)
class SchoolForecast:
    school: School
    days: list[DayForecast]

    @property
    def diets(self) -> list[str]:
        return sorted({code for day in self.days for code in day.counts if code != ORDINARY})


def next_days(*, after: dt.date, schools: Collection[School]) -> list[dt.date]:
    """The next ten days on which at least one class of these schools has canteen."""
    first, last = after + dt.timedelta(days=1), after + LOOK_AHEAD
    groups = ClassGroup.objects.filter(
        school__in=schools, year__valid_from__lte=last, year__valid_to__gte=first
    )
    calendar = Calendar(list(groups.values_list("pk", flat=True)), first, last)
    found: list[dt.date] = []
    for day in each_day(first, last):
        if any(calendar.service(pk, day).open for pk in calendar.classes):
            found.append(day)
        if len(found) == DAYS:
            break
    return found


def of(*, after: dt.date, schools: Collection[School]) -> list[SchoolForecast]:
    """School by school, for the same ten days; a day on which a school has no canteen is not in its list."""
    days = next_days(after=after, schools=schools)
    counted = kitchen.count(days=days, schools=schools)
    by_school: dict[int, SchoolForecast] = {}
    for day in days:
        for count in counted[day]:
            of_school = by_school.setdefault(count.school.pk, SchoolForecast(count.school, []))
            if count.has_service:
                of_school.days.append(_day(day, count))
    return [row for row in by_school.values() if row.days]


def _day(day: dt.date, count: SchoolSheet) -> DayForecast:
    packed = sum(line.total for line in count.lines if line.service.packed)
    return DayForecast(day, count.counts, packed, count.beyond)
