"""Meals on hold for a diet, as the kitchen may read them: class, code and how many; nobody's name and no reason."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from enrolments.models import ClassGroup, Diet, DietHold, Enrolment, School


@dataclass(frozen=True)
class Held:
    class_group: ClassGroup
    code: str
    count: int


def of_day(*, day: dt.date, schools: Collection[School]) -> list[Held]:
    """Three questions, whatever the number of children."""
    held = DietHold.objects.on(day).values("pupil_id")
    codes = dict(Diet.objects.on(day).filter(pupil__in=held).values_list("pupil_id", "code"))
    rows = (
        Enrolment.objects.on(day)
        .filter(pupil__in=held, class_group__school__in=schools)
        .select_related("class_group__school")
        .order_by("class_group__school__name", "class_group__grade", "class_group__section")
    )
    groups = {row.class_group_id: row.class_group for row in rows}
    found = Counter((row.class_group_id, codes.get(row.pupil_id, "")) for row in rows)
    return [Held(groups[class_id], code, count) for (class_id, code), count in found.items()]
