"""Messages to the parents of a family, to each in an envelope of its own: nobody reads another's address."""

from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage

from enrolments.models import Guardian, Household, Pupil


def to_each(*, subject: str, body: str, addresses: Iterable[str]) -> list[EmailMessage]:
    """The same message, once for each address."""
    return [EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address]) for address in addresses]


def of_household(household: Household) -> list[str]:
    """The addresses of a household's guardians."""
    return _addresses(memberships__household=household)


def of_pupil(pupil: Pupil) -> list[str]:
    """The addresses of the guardians of all the child's households."""
    return _addresses(memberships__household__custodies__pupil=pupil)


def _addresses(**whose: object) -> list[str]:
    rows = Guardian.objects.filter(**whose).exclude(email="")
    return sorted(set(rows.values_list("email", flat=True)))
