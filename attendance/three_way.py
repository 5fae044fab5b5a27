"""The three-way check: pupils counted for the kitchen, portions delivered, meals debited; and why they differ.

For a school and a day: what the sheet and its variations counted; what changed after the last of them (the facts as they stand
now, decided again); who was charged without a plate (absent without notice, phase C) and who had a plate without a charge yet (no
price). What is left over is not explained and is shown in red.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from attendance import deliveries, kitchen, sealing
from attendance.models import (
    DeliveredPortions,
    KitchenSheet,
    LateFact,
    Meal,
    Passage,
    PricingFailure,
    ServiceDay,
)
from attendance.rules import portions
from attendance.rules.verdict import ALL
from enrolments.models import Enrolment, School

#: Charged by the rule although nobody cooked for them.
WITHOUT_A_PLATE = [verdict.code for verdict in ALL if verdict.charged and not verdict.eats]


@dataclass(frozen=True)
class Debited:
    """Meals of the night: due, exempt, and of all of them those charged to who was not there."""

    due: int = 0
    exempt: int = 0
    without_plate: int = 0
    total: Decimal = Decimal("0.00")

    @property
    def count(self) -> int:
        return self.due + self.exempt


@dataclass(frozen=True)
class Line:
    """A school on a day. ``now``: the children who eat by the facts of this moment. ``debited``: None until the night has decided;
    ``waiting``: a fact of that day is still to be weighed by the night."""

    day: dt.date
    school: School
    pupils: int
    beyond: int
    variations: int
    delivered: DeliveredPortions | None
    debited: Debited | None
    now: int
    unpriced: int
    left_early: int
    waiting: bool

    @property
    def ordered(self) -> int:
        return self.pupils + self.beyond

    @property
    def delivery_gap(self) -> int | None:
        """Portions delivered beyond those ordered; negative when some are missing."""
        return self.delivered.portions - self.ordered if self.delivered else None

    @property
    def changed_after(self) -> int:
        """Corrections, disputes and closures after the last variation."""
        return self.now - self.pupils

    @property
    def debit_gap(self) -> int | None:
        return self.debited.count - self.pupils if self.debited else None

    @property
    def unexplained(self) -> int:
        """What no fact explains: 0 when the three agree."""
        if self.debited is None:
            return 0
        return self.debited.count - self.now - self.debited.without_plate + self.unpriced

    @property
    def alarm(self) -> bool:
        """A number that nothing explains and that no night is about to mend, or portions that did not arrive."""
        return bool(self.unexplained and not self.waiting) or (self.delivery_gap or 0) < 0

    @property
    def reasons(self) -> list[str]:
        """Why the meals debited are not the pupils counted, in words."""
        found = []
        if self.debited and self.debited.without_plate:
            found.append(
                _said(self.debited.without_plate, "assente senza disdetta", "assenti senza disdetta")
            )
        if self.changed_after:
            found.append(_said(self.changed_after, "corretto dopo il foglio", "corretti dopo il foglio"))
        if self.unpriced:
            found.append(_said(-self.unpriced, "senza prezzo", "senza prezzo"))
        if self.unexplained:
            why = "in attesa della notte" if self.waiting else "da spiegare"
            found.append(_said(self.unexplained, why, why))
        return found

    @property
    def notes(self) -> list[str]:
        """What explains a plate that came back: it changes none of the three numbers."""
        left = self.left_early
        found = [f"{left} {'uscito' if left == 1 else 'usciti'} prima di pranzo"] if left else []
        return [*found, self.delivered.note] if self.delivered and self.delivered.note else found


def _said(number: int, one: str, many: str) -> str:
    sign = "+" if number > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(number)} {one if abs(number) == 1 else many}"


def days_with_sheets(*, until: dt.date, number: int) -> list[dt.date]:
    """The last days that have a sealed sheet, oldest first."""
    rows = KitchenSheet.objects.filter(day__lte=until, sequence=0).values_list("day", flat=True)
    return sorted(rows.order_by("-day").distinct()[:number])


def of(*, days: Collection[dt.date], schools: Collection[School]) -> list[Line]:
    """One line per school and day that has a sheet, newest day first: one query a day and a handful for all."""
    if not days:
        return []
    first, last = min(days), max(days)
    sealed: dict[tuple[dt.date, int], list[KitchenSheet]] = {}
    rows = KitchenSheet.objects.filter(day__in=days, school__in=schools)
    for row in rows.order_by("day", "sequence"):
        sealed.setdefault((row.day, row.school_id), []).append(row)
    counted = kitchen.count(days=days, schools=schools)
    delivered, debited = deliveries.of_days(first, last), _debited(days)
    unpriced, left = _unpriced(days), _left_early(days)
    waiting = set(LateFact.objects.filter(day__in=days).values_list("day", flat=True).distinct())
    return [
        Line(
            **_counted(count, sealed[day, count.school.pk]),
            day=day,
            delivered=delivered.get((day, count.school.pk)),
            debited=debited[day].get(count.school.pk, Debited()) if day in debited else None,
            unpriced=unpriced.get((day, count.school.pk), 0),
            left_early=left.get((day, count.school.pk), 0),
            waiting=day in waiting,
        )
        for day in sorted(days, reverse=True)
        for count in counted[day]
        if (day, count.school.pk) in sealed
    ]


def _counted(count: kitchen.SchoolSheet, sheets: list[KitchenSheet]) -> dict[str, Any]:
    ordered = sealing.ordered(sheets)
    return {
        "school": count.school,
        "pupils": portions.of_pupils(ordered),
        "beyond": portions.beyond(ordered),
        "variations": len(sheets) - 1,
        "now": count.total,
    }


def _debited(days: Collection[dt.date]) -> dict[dt.date, dict[int, Debited]]:
    """Day -> school id -> its meals, for the days that the night has decided."""
    decided = ServiceDay.objects.filter(day__in=days).exclude(state=ServiceDay.State.OPEN)
    found: dict[dt.date, dict[int, Debited]] = {day: {} for day in decided.values_list("day", flat=True)}
    rows = (
        Meal.objects.filter(day__in=list(found))
        .values("day", "class_group__school_id")
        .annotate(
            due=Count("pupil_id", filter=Q(price__gt=0)),
            exempt=Count("pupil_id", filter=Q(price=0)),
            without_plate=Count("pupil_id", filter=Q(verdict__in=WITHOUT_A_PLATE)),
            total=Sum("price"),
        )
    )
    for row in rows:
        found[row["day"]][row["class_group__school_id"]] = Debited(
            row["due"], row["exempt"], row["without_plate"], row["total"]
        )
    return found


def _unpriced(days: Collection[dt.date]) -> dict[tuple[dt.date, int], int]:
    """(day, school id) -> children who should be charged and cannot be yet."""
    failing = PricingFailure.objects.filter(day__in=days, solved_at__isnull=True)
    pupils: dict[dt.date, list[int]] = {}
    for day, pupil_id in failing.values_list("day", "pupil_id"):
        pupils.setdefault(day, []).append(pupil_id)
    found: dict[tuple[dt.date, int], int] = {}
    for day, ids in pupils.items():
        rows = Enrolment.objects.on(day).filter(pupil_id__in=ids).values("class_group__school_id")
        for row in rows.annotate(number=Count("pk")):
            found[day, row["class_group__school_id"]] = row["number"]
    return found


def _left_early(days: Collection[dt.date]) -> dict[tuple[dt.date, int], int]:
    rows = Passage.objects.filter(day__in=days, kind=Passage.Kind.EARLY_EXIT, undone_at__isnull=True).values(
        "day", "class_group__school_id"
    )
    return {
        (row["day"], row["class_group__school_id"]): row["number"]
        for row in rows.annotate(number=Count("pk"))
    }
