"""Whom a closure concerns: its classes, in the calendar and in words."""

import datetime as dt
from collections.abc import Collection, Iterable

from attendance.calendar import Calendar, each_day
from attendance.models import Closure
from enrolments.models import ClassGroup, School


def class_ids(
    *,
    first: dt.date,
    last: dt.date,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    classes: Collection[ClassGroup] = (),
) -> list[int]:
    """The classes of a school, one class, these classes, or (nothing said) every class of the years that touch the range."""
    if classes:
        return [group.pk for group in classes]
    rows = ClassGroup.objects.filter(year__valid_from__lte=last, year__valid_to__gte=first)
    if class_group:
        rows = rows.filter(pk=class_group.pk)
    elif school:
        rows = rows.filter(school=school)
    return list(rows.values_list("pk", flat=True))


def classes_of(closure: Closure) -> list[int]:
    return class_ids(
        first=closure.first_day,
        last=closure.last_day,
        school=closure.school,
        class_group=closure.class_group,
    )


def touched(closures: Iterable[Closure]) -> dict[Closure, set[int]]:
    """Closure -> the classes for which it changes something: where the canteen was shut anyway nobody is disturbed."""
    rows = list(closures)
    together = {row.pk for row in rows}
    return {row: _touched(row, together) for row in rows}


def _touched(closure: Closure, together: set[int]) -> set[int]:
    ids, days = classes_of(closure), (closure.first_day, closure.last_day)
    there, away = Calendar(ids, *days), Calendar(ids, *days, without=together)
    return {
        pk for pk in ids if any(there.service(pk, day) != away.service(pk, day) for day in each_day(*days))
    }


def scope_words(closure: Closure) -> str:
    """Whom a closure concerns."""
    if closure.class_group:
        return f"Classe {closure.class_group.label}, {closure.class_group.school.name}"
    return closure.school.name if closure.school else "Tutte le scuole"
