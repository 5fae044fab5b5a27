"""Letters: written down with the fact they speak of, sent after it, once each. A mail that fails is tried again.

A letter is claimed before it leaves, so that two workers send one; a claim of a worker that has died runs out.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.template.loader import render_to_string

from attendance import letter_texts
from attendance.models import Letter
from enrolments.models import Guardian, HelpDesk, Pupil, School, SchoolStaff
from identity.models import Role, User

logger = logging.getLogger(__name__)
#: A claim older than this belongs to a worker that is no more.
PATIENCE = dt.timedelta(minutes=10)
#: After these many tries the letter is given up and the office sees it.
TRIES = 12
AT_ONCE = 500


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


def send_waiting(*, now: dt.datetime) -> int:
    """Send what is waiting, oldest first; returns how many mails left."""
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - PATIENCE) | Q(claimed_at__gt=now)
    rows = Letter.objects.filter(free, state=Letter.State.WAITING).order_by("written_at", "pk")
    return sum(send(letter_id=pk, now=now) for pk in rows.values_list("pk", flat=True)[:AT_ONCE])


def send(*, letter_id: int, now: dt.datetime) -> bool:
    """One letter, if it is still owed and still makes sense."""
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - PATIENCE) | Q(claimed_at__gt=now)
    mine = Letter.objects.filter(free, pk=letter_id, state=Letter.State.WAITING)
    if mine.update(claimed_at=now, tries=F("tries") + 1) == 0:
        return False
    letter = Letter.objects.select_related("school", "pupil", "guardian", "user").get(pk=letter_id)
    text = letter_texts.compose(letter, now)
    address = (letter.guardian or letter.user).email  # type: ignore[union-attr]
    if text is None or not address:
        _close(letter, Letter.State.NOT_NEEDED, now)
        return False
    return _post(letter, text, address, now)


def _post(letter: Letter, text: letter_texts.Text, address: str, now: dt.datetime) -> bool:
    desk = HelpDesk.objects.first() or HelpDesk()
    body = render_to_string(text.template, {**text.context, "help_desk": desk, "url": settings.BASE_URL})
    try:
        EmailMessage(text.subject, body, settings.DEFAULT_FROM_EMAIL, [address]).send()
    except (OSError, SMTPException):
        logger.warning("letter.not_sent", extra={"letter": letter.pk, "tries": letter.tries})
        if letter.tries >= TRIES:
            _close(letter, Letter.State.GIVEN_UP, now)
        return False
    _close(letter, Letter.State.SENT, now)
    return True


def _close(letter: Letter, state: Letter.State, now: dt.datetime) -> None:
    Letter.objects.filter(pk=letter.pk).update(state=state, closed_at=now)


def guardians_of(pupil: Pupil) -> list[Guardian]:
    """Both households' guardians who can be written to."""
    rows = Guardian.objects.filter(memberships__household__custodies__pupil=pupil)
    return list(rows.exclude(email="").distinct().order_by("pk"))


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
