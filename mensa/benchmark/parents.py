"""Families who can sign in: a parent per family of the synthetic slice, each with a session of its own.

Sessions are rows, written as a login would leave them: no door of the portal is opened for the benchmark.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import get_random_string

from enrolments.models import Custody, Guardian, Household, HouseholdMember
from identity.models import Role, User

#: Above the ids that the slice has given by hand.
FIRST_USER = 1001


@dataclass
class Family:
    """A phone in a hand: its cookies, and whether each child is marked absent today (the state of its button)."""

    household: str
    session: str
    csrf: str
    children: list[str]


def sign_in() -> list[Family]:
    """A user, a membership and a session for every family of the database."""
    households = list(Household.objects.order_by("pk"))
    Guardian.objects.bulk_update(_known(households), ["fiscal_code"], batch_size=500)
    HouseholdMember.objects.bulk_create(
        [HouseholdMember(household=row, guardian_id=row.applicant_id) for row in households]
    )
    users = User.objects.bulk_create([_user(place, row) for place, row in enumerate(households)])
    children = _children()
    return [
        Family(row.code, _session(user), get_random_string(32), children[row.pk])
        for row, user in zip(households, users, strict=True)
    ]


def _known(households: list[Household]) -> list[Guardian]:
    """Guardians get a code of the length of a person's; it belongs to nobody."""
    guardians = list(Guardian.objects.filter(pk__in=[row.applicant_id for row in households]))
    for guardian in guardians:
        guardian.fiscal_code = f"PUNTA{guardian.pk:011d}"
    return guardians


def _user(place: int, household: Household) -> User:
    code = f"PUNTA{household.applicant_id:011d}"
    user = User(pk=FIRST_USER + place, username=f"punta{place}", role=Role.PARENT, fiscal_code=code)
    user.set_unusable_password()
    return user


def _session(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _children() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for household, code in Custody.objects.values_list("household_id", "pupil__code").order_by("pupil_id"):
        found.setdefault(household, []).append(code)
    return found
