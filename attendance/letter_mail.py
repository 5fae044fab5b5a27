"""The letters leave: each says what is true at that moment, and one that no longer holds is not sent. What cannot be delivered is
given up after some hours, and the office sees it.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.template.loader import render_to_string

from attendance import letter_texts
from attendance.models import Letter
from attendance.rules.cutoff import ROME
from enrolments import guardianship, outbox
from enrolments.models import HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender

_STATES = {
    Outcome.SENT: Letter.State.SENT,
    Outcome.NOT_NEEDED: Letter.State.NOT_NEEDED,
    Outcome.GIVEN_UP: Letter.State.GIVEN_UP,
}


def send_waiting(*, now: dt.datetime) -> int:
    """Send what is waiting, oldest first; returns how many mails left."""
    return outbox.carry(SENDER, now=now).left


def waiting(now: dt.datetime) -> bool:
    """Is there a letter in nobody's hands?"""
    return outbox.free(SENDER, now).exists()


def _owed(now: dt.datetime) -> QuerySet[Letter]:
    """The news of the day first: a change of phase tells thousands of families, days before it comes. A passage waits until the
    one before it has left or not: what a reader knows decides what is said next."""
    last = Case(When(kind=Letter.Kind.PHASE, then=1), default=0)
    waiting = Letter.objects.filter(state=Letter.State.WAITING)
    same = {name: OuterRef(name) for name in ("kind", "day", "pupil", "guardian")}
    before = waiting.filter(**same, pk__lt=OuterRef("pk"))
    rows = waiting.filter(~Q(kind=Letter.Kind.PASSAGE) | ~Exists(before))
    return rows.order_by(last, "written_at", "pk")


def _compose(letters: list[Letter], now: dt.datetime) -> list[Envelope[Letter]]:
    desk = HelpDesk.objects.first() or HelpDesk()
    about = {letter.pupil_id for letter in letters if letter.pupil_id}
    theirs = guardianship.pairs(about, since=now.astimezone(ROME).date())
    return [
        Envelope([letter], _messages(letter, desk, now) if _may_read(letter, theirs) else ())
        for letter in letters
    ]


def _may_read(letter: Letter, theirs: set[tuple[int, int]]) -> bool:
    """A parent from whom the child has gone since the letter was written is told no more."""
    if letter.guardian_id is None or letter.pupil_id is None:
        return True
    return (letter.guardian_id, letter.pupil_id) in theirs


def _messages(letter: Letter, desk: HelpDesk, now: dt.datetime) -> list[EmailMessage]:
    person = letter.guardian or letter.user
    text = letter_texts.compose(letter, now)
    if text is None or person is None or not person.email:
        return []
    body = render_to_string(text.template, {**text.context, "help_desk": desk, "url": settings.BASE_URL})
    return [EmailMessage(text.subject, body, settings.DEFAULT_FROM_EMAIL, [person.email])]


def _mark(letter: Letter, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    state = _STATES.get(fate.outcome)
    return {"state": state, "closed_at": now} if state else {}


SENDER: Sender[Letter] = Sender(
    name="letters",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=10),
    most_tries=12,
    related=("school", "pupil", "guardian", "user"),
)
