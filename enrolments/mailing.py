"""Messages to the parents of a family, to each in an envelope of its own: nobody reads another's address."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet

from enrolments import guardianship
from enrolments.models import Guardian, Household, Pupil


def to_each(*, subject: str, body: str, addresses: Iterable[str]) -> list[EmailMessage]:
    """The same message, once for each address."""
    return [EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address]) for address in addresses]


def of_household(household: Household) -> list[str]:
    """The addresses of a household's guardians."""
    return _addresses(Guardian.objects.filter(memberships__household=household))


def of_pupil(pupil: Pupil, *, since: dt.date, household: Household | None = None) -> list[str]:
    """The addresses of the guardians of all the child's households, or of those who belong to this one."""
    people = guardianship.guardians_of([pupil.pk], since=since)
    return _addresses(people.filter(memberships__household=household) if household else people)


def _addresses(people: QuerySet[Guardian]) -> list[str]:
    return sorted(set(people.exclude(email="").values_list("email", flat=True)))
