"""The kitchen's sheet: how many meals per school, class and diet code. No name, no reason, no money (domain.md section 8)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from attendance import deciding
from attendance import hours as adopted
from attendance.calendar import Calendar
from attendance.models import Absence, ClassRegister
from attendance.rules import cutoff
from attendance.rules.cutoff import Hours
from attendance.rules.service_days import Service
from attendance.rules.verdict import Phase
from enrolments.models import ClassGroup, Diet, Enrolment, School

#: A meal without a special diet.
ORDINARY = ""


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


@dataclass(frozen=True)
class SchoolSheet:
    school: School
    lines: list[ClassLine]

    @property
    def counts(self) -> Counter[str]:
        return sum((line.counts for line in self.lines), Counter())

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def unconfirmed(self) -> int:
        return sum(line.unconfirmed for line in self.lines)


@dataclass(frozen=True)
class Variation:
    """What has changed in a class after the hour of the sheet."""

    at: dt.datetime
    class_group: ClassGroup
    diet: str
    one_less: bool


@dataclass(frozen=True)
class Sheet:
    """``forecast``: the day is still to come, roll-calls and late notices may change it."""

    day: dt.date
    hours: Hours
    schools: list[SchoolSheet]
    forecast: bool
    variations: list[Variation] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        return sum((school.counts for school in self.schools), Counter())

    @property
    def total(self) -> int:
        return sum(school.total for school in self.schools)

    @property
    def diets(self) -> list[str]:
        """The special diets of the day, in the order of their codes."""
        return sorted(code for code in self.counts if code != ORDINARY)

    @property
    def unconfirmed(self) -> int:
        return sum(school.unconfirmed for school in self.schools)


def sheet(*, day: dt.date, schools: Iterable[School], now: dt.datetime) -> Sheet:
    """The meals of a day for these schools, counted by the night's own decision: constant queries."""
    wanted = sorted(schools, key=lambda school: school.name)
    groups = list(
        ClassGroup.objects.filter(school__in=wanted, year__valid_from__lte=day, year__valid_to__gte=day)
        .select_related("school")
        .order_by("grade", "section")
    )
    calendar = Calendar([group.pk for group in groups], day, day)
    counts = _counts(day, calendar)
    taken = set(
        ClassRegister.objects.filter(day=day, class_group__in=groups).values_list("class_group_id", flat=True)
    )
    lines = {
        group.pk: ClassLine(
            class_group=group,
            service=calendar.service(group.pk, day),
            counts=counts.get(group.pk, Counter()),
            confirmed=group.pk in taken,
            required=calendar.phase(group.pk, day) is not Phase.PARENTS,
        )
        for group in groups
    }
    hours = adopted.on(day)
    forecast = day > now.astimezone(cutoff.ROME).date()
    return Sheet(
        day=day,
        hours=hours,
        schools=[
            SchoolSheet(
                school,
                [lines[group.pk] for group in groups if group.school_id == school.pk and group.pk in counts],
            )
            for school in wanted
        ],
        forecast=forecast,
        variations=[] if forecast else _variations(day, hours, groups),
    )


def _counts(day: dt.date, calendar: Calendar) -> dict[int, Counter[str]]:
    """Class -> meals by diet code, for the classes in which somebody is enrolled."""
    decision = deciding.of_day(day, calendar=calendar)
    found: dict[int, Counter[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {decision.sql} {_BY_DIET}", decision.params)
        for class_id, code, number in cursor.fetchall():
            found.setdefault(class_id, Counter()).update({code: number} if number else {})
    return found


_BY_DIET = """
SELECT d.class_group_id, coalesce(diet.code, ''), count(*) FILTER (WHERE d.eats) FROM decided d
LEFT JOIN enrolments_diet diet ON diet.pupil_id = d.pupil_id
    AND diet.valid_from <= %(day)s AND (diet.valid_to IS NULL OR diet.valid_to >= %(day)s)
GROUP BY 1, 2
"""


def _variations(day: dt.date, hours: Hours, groups: list[ClassGroup]) -> list[Variation]:
    """Words said on the day itself after the hour of the sheet; a late notice of a parent moves no plate."""
    sheet_at = cutoff.at(day, hours.kitchen_sheet_at)
    rows = Absence.objects.filter(
        day=day, marked_at__gte=sheet_at, marked_at__lt=cutoff.at(day + dt.timedelta(days=1), dt.time())
    ).exclude(source=Absence.Source.PARENT)
    places = _places(rows.values_list("pupil_id", flat=True), day)
    by_id = {group.pk: group for group in groups}
    diets = dict(Diet.objects.on(day).filter(pupil_id__in=list(places)).values_list("pupil_id", "code"))
    return [
        Variation(row.marked_at, by_id[places[row.pupil_id]], diets.get(row.pupil_id, ORDINARY), row.absent)
        for row in rows.order_by("marked_at")
        if places.get(row.pupil_id) in by_id
    ]


def _places(pupil_ids: Iterable[int], day: dt.date) -> dict[int, int]:
    rows = Enrolment.objects.on(day).filter(pupil_id__in=list(pupil_ids))
    return dict(rows.values_list("pupil_id", "class_group_id"))
