"""The office's queue: days on which a parent had cancelled the meal in time and the school saw the child present."""

import datetime as dt

from django.db.models import Exists, OuterRef, Q

from attendance.models import Absence, ClassRegister
from enrolments.models import Enrolment

#: A conflict older than this is past the time for a dispute.
KEPT = dt.timedelta(days=60)


def waiting(*, today: dt.date) -> list[Absence]:
    """The parents' notices that wait for the office's word, oldest first."""
    spoken = Absence.objects.filter(day=OuterRef("day"), pupil=OuterRef("pupil"))
    place = Enrolment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=OuterRef(OuterRef("day"))),
        valid_from__lte=OuterRef(OuterRef("day")),
        pupil=OuterRef(OuterRef("pupil")),
    )
    taken = ClassRegister.objects.filter(day=OuterRef("day"), class_group__in=place.values("class_group"))
    said_present = spoken.filter(source=Absence.Source.SCHOOL, absent=False)
    rows = Absence.objects.filter(
        Exists(taken) | Exists(said_present),
        ~Exists(spoken.filter(source=Absence.Source.SCHOOL, absent=True)),
        ~Exists(spoken.filter(source=Absence.Source.OFFICE)),
        day__range=(today - KEPT, today),
        source=Absence.Source.PARENT,
        absent=True,
        in_time=True,
    )
    return list(rows.select_related("pupil", "marked_by").order_by("day", "pupil__sort_key")[:200])
