"""Who is told of a child: the guardians of the households that have it on a day or will have it later.

A household that had the child once hears nothing of it any more, by mail or in the app IO.
"""

import datetime as dt
from collections.abc import Collection

from django.db.models import QuerySet

from enrolments.dated import DatedQuerySet
from enrolments.models import Custody, Guardian, Household, Pupil

Pupils = Collection[int] | QuerySet[Pupil]


def guardians_of(pupils: Pupils, *, since: dt.date) -> QuerySet[Guardian]:
    """Each once, however many of the children are theirs."""
    households = _custodies(pupils, since).values("household")
    return Guardian.objects.filter(memberships__household__in=households).distinct().order_by("pk")


def households_of(pupils: Pupils, *, since: dt.date) -> QuerySet[Household]:
    return Household.objects.filter(pk__in=_custodies(pupils, since).values("household"))


def pairs(pupils: Pupils, *, since: dt.date) -> set[tuple[int, int]]:
    """(guardian, pupil): who may be told of which child, one query for many."""
    rows = _custodies(pupils, since).exclude(household__members__isnull=True)
    return set(rows.values_list("household__members__guardian_id", "pupil_id"))


def _custodies(pupils: Pupils, since: dt.date) -> DatedQuerySet[Custody]:
    return Custody.objects.overlapping(since, dt.date.max).filter(pupil__in=pupils)
