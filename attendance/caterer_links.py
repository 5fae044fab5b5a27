"""The caterer's own page: an address that nobody can guess, good for one caterer and one day, and only until that day ends."""

import datetime as dt

from django.conf import settings
from django.core import signing
from django.urls import reverse

from attendance.models import Caterer
from enrolments.models import School

SALT = "attendance.caterer"


class Expired(Exception):
    """The address was good; its day is over."""


class NotOurs(Exception):
    """Nobody here has written this address, or the caterer cooks no more."""


def address(caterer: Caterer, day: dt.date) -> str:
    return str(settings.BASE_URL) + reverse("attendance:caterer", args=[token(caterer, day)])


def token(caterer: Caterer, day: dt.date) -> str:
    return _signer().sign_object([caterer.pk, day.isoformat()])


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)


def read(text: str, *, today: dt.date) -> tuple[Caterer, dt.date]:
    """Whose page it is and of which day."""
    try:
        pk, written = _signer().unsign_object(text)
        day = dt.date.fromisoformat(written)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotOurs from error
    caterer = Caterer.objects.filter(pk=pk, active=True).first()
    if caterer is None:
        raise NotOurs
    if day < today:
        raise Expired
    return caterer, day


def schools_of(caterer: Caterer) -> list[School]:
    """Without schools of its own a caterer serves all of them."""
    own = list(caterer.schools.order_by("name"))
    return own or list(School.objects.order_by("name"))
