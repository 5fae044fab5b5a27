"""Who has seen a family's reserved data, as the family may read it: the office and not the person, what, and when.

The name of the clerk stays in the town's own log: a family that doubts a view asks the office, which has the whole row.
"""

import datetime as dt
from dataclasses import dataclass

from enrolments.models import Household, Pupil
from identity.models import Role, SensitiveView, User

#: The newest views; older ones are given by the office on request.
LIMIT = 200
OFFICES = {
    Role.OFFICE: "Ufficio mensa",
    Role.ACCOUNTS: "Ragioneria",
    Role.AUDITOR: "Revisore dei conti",
}


@dataclass(frozen=True)
class Seen:
    """``whose``: the first name of the child, or nothing when it is of the whole family."""

    at: dt.datetime
    office: str
    what: str
    whose: str


def of_parent(*, user: User) -> list[Seen]:
    """The views of the parent's children and of the parent's own households: never of the other household of a child."""
    children = {pupil.code: pupil.first_name for pupil in Pupil.objects.of_parent(user)}
    homes = Household.objects.of_parent(user).values_list("code", flat=True)
    whose = {**dict.fromkeys(homes, ""), **children}
    rows = SensitiveView.objects.filter(subject__in=list(whose)).select_related("user")
    return [
        Seen(row.at, office_of(row.user), row.get_kind_display(), whose[row.subject])
        for row in rows.order_by("-at", "-pk")[:LIMIT]
    ]


def office_of(user: User) -> str:
    return OFFICES.get(Role(user.role), "Ufficio mensa")
