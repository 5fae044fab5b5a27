"""The parents who act in the demo's history: each signs in as SPID would sign them in."""

import datetime as dt

from allauth.socialaccount.models import SocialAccount, SocialLogin

from enrolments.models import Guardian, Pupil
from identity import parents
from identity.models import User


def sign_in(guardian: Guardian, *, now: dt.datetime) -> User:
    """The user of this guardian, made at the first login; the meter of the phases counts who has been here."""
    known = User.objects.filter(fiscal_code=guardian.fiscal_code).first() or _first_time(guardian)
    if known.last_login is None:
        known.last_login = now
        known.save(update_fields=["last_login"])
    return known


def first_of(pupil: Pupil, *, now: dt.datetime) -> User:
    """The user of one of the child's parents, always the same."""
    rows = Guardian.objects.filter(memberships__household__custodies__pupil=pupil)
    guardian = rows.order_by("fiscal_code").first()
    if guardian is None:
        raise LookupError("a child of the demo without a guardian")
    return sign_in(guardian, now=now)


def _first_time(guardian: Guardian) -> User:
    login = SocialLogin(
        user=User(first_name=guardian.first_name, last_name=guardian.last_name),
        account=SocialAccount(provider="spid", uid=guardian.fiscal_code),
    )
    parents.link(login)
    return User.objects.get(fiscal_code=guardian.fiscal_code)
