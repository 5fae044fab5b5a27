"""The kitchen's counts: portions per school, class and diet code. No name, no reason, no money (domain.md section 8).

Counted by the night's own decision. ``count`` reads the calendar once for all its days: a handful of queries, and one more a day.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import connection

from attendance import deciding
from attendance import hours as adopted
from attendance.calendar import Calendar
from attendance.models import ClassRegister, ExtraMeal
from attendance.rules import cutoff
from attendance.rules.cutoff import Hours
from attendance.rules.portions import Portion, Portions, Serve, beyond
from attendance.rules.service_days import Service
from attendance.rules.verdict import Phase
from enrolments.models import ClassGroup, School

#: A meal without a special diet.
ORDINARY = ""
#: What a light meal adds to the code of the diet, or is when there is no diet.
LIGHT = "bianco"


@dataclass(frozen=True)
class ClassLine:
    """A class with somebody enrolled. ``confirmed``: the roll-call is in; ``required``: in phase C nobody waits for it."""

    class_group: ClassGroup
    service: Service
    counts: Counter[str]
    confirmed: bool
    required: bool

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def unconfirmed(self) -> bool:
        return self.service.open and self.required and not self.confirmed

    @property
    def portions(self) -> Portions:
        serve = Serve.PACKED if self.service.packed else Serve.TABLE
        return Counter({Portion(self.class_group.pk, serve, code): n for code, n in self.counts.items() if n})


@dataclass(frozen=True)
class SchoolSheet:
    """A school on a day: its classes and, apart, the meals that are nobody's debit."""

    school: School
    lines: list[ClassLine]
    extra: Portions = field(default_factory=Counter)

    @property
    def counts(self) -> Counter[str]:
        return sum((line.counts for line in self.lines), Counter())

    @property
    def total(self) -> int:
        """Enrolled children who eat."""
        return sum(line.total for line in self.lines)

    @property
    def portions(self) -> Portions:
        return sum((line.portions for line in self.lines), Counter(self.extra))

    @property
    def beyond(self) -> int:
        return beyond(self.extra)

    @property
    def unconfirmed(self) -> int:
        return sum(line.unconfirmed for line in self.lines)

    @property
    def has_service(self) -> bool:
        """Somebody enrolled has canteen on that day."""
        return any(line.service.open for line in self.lines)


@dataclass(frozen=True)
class Sheet:
    """``forecast``: the day is still to come, roll-calls and late notices may change it."""

    day: dt.date
    hours: Hours
    schools: list[SchoolSheet]
    forecast: bool

    @property
    def counts(self) -> Counter[str]:
        return sum((school.counts for school in self.schools), Counter())

    @property
    def total(self) -> int:
        return sum(school.total for school in self.schools)

    @property
    def beyond(self) -> int:
        return sum(school.beyond for school in self.schools)

    @property
    def diets(self) -> list[str]:
        """The special diets of the day, in the order of their codes."""
        return sorted(code for code in self.counts if code != ORDINARY)

    @property
    def unconfirmed(self) -> int:
        return sum(school.unconfirmed for school in self.schools)


def sheet(*, day: dt.date, schools: Iterable[School], now: dt.datetime) -> Sheet:
    """The meals of a day for these schools, as they stand now: constant queries."""
    return Sheet(
        day=day,
        hours=adopted.on(day),
        schools=count(days=[day], schools=schools)[day],
        forecast=day > now.astimezone(cutoff.ROME).date(),
    )


def count(*, days: Collection[dt.date], schools: Iterable[School]) -> dict[dt.date, list[SchoolSheet]]:
    """Each day's counts, the schools by name."""
    wanted, days = sorted(schools, key=lambda school: school.name), sorted(set(days))
    if not days:
        return {}
    groups = list(
        ClassGroup.objects.filter(
            school__in=wanted, year__valid_from__lte=days[-1], year__valid_to__gte=days[0]
        ).order_by("grade", "section")
    )
    calendar = Calendar([group.pk for group in groups], days[0], days[-1])
    taken = _taken(groups, days)
    extra = _extra(wanted, days)
    found: dict[dt.date, list[SchoolSheet]] = {}
    for day in days:
        lines = _lines(groups, day, calendar, taken)
        found[day] = [_of_school(school, lines, extra.get((day, school.pk), Counter())) for school in wanted]
    return found


def _of_school(school: School, lines: list[ClassLine], extra: Portions) -> SchoolSheet:
    """Nobody beyond the children eats where the canteen is closed: class by class, or the whole school."""
    own = [line for line in lines if line.class_group.school_id == school.pk]
    shut = {line.class_group.pk for line in own if not line.service.open}
    if len(shut) == len(own):
        shut.add(0)
    return SchoolSheet(school, own, Counter({key: n for key, n in extra.items() if key.class_id not in shut}))


def _lines(
    groups: list[ClassGroup], day: dt.date, calendar: Calendar, taken: set[tuple[int, dt.date]]
) -> list[ClassLine]:
    counts = _counts(day, calendar)
    return [
        ClassLine(
            class_group=group,
            service=calendar.service(group.pk, day),
            counts=counts[group.pk],
            confirmed=(group.pk, day) in taken,
            required=calendar.phase(group.pk, day) is not Phase.PARENTS,
        )
        for group in groups
        if group.pk in counts
    ]


def _counts(day: dt.date, calendar: Calendar) -> dict[int, Counter[str]]:
    """Class -> meals by diet code, for the classes in which somebody is enrolled."""
    decision = deciding.of_day(day, calendar=calendar)
    found: dict[int, Counter[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {decision.sql} {_BY_DIET}", {**decision.params, "light": LIGHT})
        for class_id, code, number in cursor.fetchall():
            found.setdefault(class_id, Counter()).update({code: number} if number else {})
    return found


# A child with a diet who asks for a light meal gets both: "D-03 bianco".
_BY_DIET = """
SELECT d.class_group_id,
    concat_ws(' ', diet.code, CASE WHEN light.id IS NOT NULL THEN %(light)s END),
    count(*) FILTER (WHERE d.eats)
FROM decided d
LEFT JOIN enrolments_diet diet ON diet.pupil_id = d.pupil_id
    AND diet.valid_from <= %(day)s AND (diet.valid_to IS NULL OR diet.valid_to >= %(day)s)
LEFT JOIN attendance_lightmeal light ON light.pupil_id = d.pupil_id AND light.day = %(day)s
GROUP BY 1, 2
"""


def _taken(groups: list[ClassGroup], days: list[dt.date]) -> set[tuple[int, dt.date]]:
    rows = ClassRegister.objects.filter(day__range=(days[0], days[-1]), class_group__in=groups)
    return set(rows.values_list("class_group_id", "day"))


def _extra(schools: list[School], days: list[dt.date]) -> dict[tuple[dt.date, int], Portions]:
    """(day, school) -> the meals that the school has asked for beyond its enrolled children."""
    rows = ExtraMeal.objects.filter(day__range=(days[0], days[-1]), school__in=schools, count__gt=0)
    found: dict[tuple[dt.date, int], Portions] = {}
    for day, school_id, class_id, kind, number in rows.values_list(
        "day", "school_id", "class_group_id", "kind", "count"
    ):
        portion = Portion(class_id or 0, Serve(kind), ORDINARY)
        found.setdefault((day, school_id), Counter())[portion] += number
    return found
