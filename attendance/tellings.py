"""Both parents are told when one of them marks an absence or takes it back. No name and no day in the subject."""

import datetime as dt
import logging
from collections.abc import Collection

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models
from django.template.loader import render_to_string

from attendance.models import Absence
from enrolments.models import Guardian, HelpDesk, Pupil

logger = logging.getLogger(__name__)
SUBJECT = "Mensa scolastica: assenza aggiornata"


def tell_guardians(*, absence_ids: Collection[int]) -> int:
    """Write to every guardian of the child what these words say now; returns how many messages left."""
    words = list(
        Absence.objects.filter(pk__in=absence_ids).select_related("pupil", "marked_by").order_by("day")
    )
    if not words:
        return 0
    pupil = words[0].pupil
    body = render_to_string(
        "email/attendance/absence.txt",
        {
            "pupil": pupil,
            "words": words,
            "help_desk": HelpDesk.objects.first() or HelpDesk(),
            "url": settings.BASE_URL,
        },
    )
    addresses = sorted(set(_guardians(pupil).exclude(email="").values_list("email", flat=True)))
    return sum(_send(address, body) for address in addresses)


def _send(address: str, body: str) -> bool:
    """A mail server that does not answer is no reason to fail: the page says who marked what."""
    try:
        EmailMessage(SUBJECT, body, settings.DEFAULT_FROM_EMAIL, [address]).send()
    except OSError:
        logger.warning("absence.mail_not_sent")
        return False
    return True


def words_of(*, pupil: Pupil, days: Collection[dt.date]) -> list[int]:
    """The parents' words on these days: ids for the queue."""
    rows = Absence.objects.filter(pupil=pupil, day__in=days, source=Absence.Source.PARENT)
    return list(rows.order_by("day").values_list("pk", flat=True))


def _guardians(pupil: Pupil) -> models.QuerySet[Guardian]:
    return Guardian.objects.filter(memberships__household__custodies__pupil=pupil).distinct()
