"""Letters: written down in the same transaction as the fact they speak of, once each; ``letter_mail`` sends them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from attendance.models import Letter
from attendance.rules.cutoff import ROME
from enrolments import guardianship
from enrolments.models import Guardian, Pupil, School, SchoolStaff
from identity.models import Role, User


def write(
    *,
    kind: Letter.Kind,
    cause: str,
    day: dt.date,
    to: Iterable[Guardian | User],
    now: dt.datetime,
    school: School | None = None,
    pupil: Pupil | None = None,
    facts: dict[str, Any] | None = None,
) -> int:
    """A letter to each of these people about one cause; who already has it gets no second one. Returns how many are new."""
    rows = [
        Letter(
            kind=kind,
            cause=f"{cause}:{'g' if isinstance(person, Guardian) else 'u'}{person.pk}",
            day=day,
            school=school,
            pupil=pupil,
            guardian=person if isinstance(person, Guardian) else None,
            user=person if isinstance(person, User) else None,
            facts=facts or {},
            written_at=now,
        )
        for person in to
    ]
    known = set(Letter.objects.filter(cause__in=[row.cause for row in rows]).values_list("cause", flat=True))
    fresh = [row for row in rows if row.cause not in known]
    Letter.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def guardians_of(pupil: Pupil, *, now: dt.datetime) -> list[Guardian]:
    """Both households' guardians who can be written to."""
    rows = guardianship.guardians_of([pupil.pk], since=now.astimezone(ROME).date())
    return list(rows.exclude(email=""))


def secretaries_of(school: School) -> list[User]:
    rows = User.objects.filter(
        pk__in=SchoolStaff.objects.filter(school=school).values("user"), role=Role.SECRETARY, is_active=True
    )
    return list(rows.exclude(email="").order_by("pk"))


def without_secretary(schools: list[School]) -> list[School]:
    """The schools whose secretaries nobody can write to: one query."""
    posts = SchoolStaff.objects.filter(user__role=Role.SECRETARY, user__is_active=True).exclude(
        user__email=""
    )
    known = set(posts.values_list("school_id", flat=True))
    return [school for school in schools if school.pk not in known]
