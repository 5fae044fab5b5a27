"""The family whose wallet paid is told that a dispute was received and how it ended: both parents, once each news. Where the
child is no longer theirs the answer stands on the page alone.

Nothing of the child stands in the subject. A mail server that does not answer leaves the news to the next sweep, for some days.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string

from attendance.models import Dispute
from attendance.rules.cutoff import ROME
from enrolments import mailing, outbox
from enrolments.models import HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender

SUBJECT = "Mensa scolastica: la tua contestazione"
#: What could not be said by then is on the page, and makes room for the others.
GIVE_UP_AFTER = dt.timedelta(days=5)
_OVER = {Outcome.SENT, Outcome.NOT_NEEDED, Outcome.GIVEN_UP}


def send_owed(*, now: dt.datetime) -> int:
    """The news that no mail has carried yet; returns of how many disputes."""
    return outbox.carry(SENDER, now=now).left


def untold(now: dt.datetime) -> QuerySet[Dispute]:
    """Disputes whose state the parents have not been told yet; one withdrawn by a parent is no news, nor is an old one."""
    rows = Dispute.objects.exclude(told_state=F("state")).exclude(state=Dispute.State.WITHDRAWN)
    rows = rows.annotate(news=Coalesce("decided_at", "opened_at")).filter(news__gte=now - GIVE_UP_AFTER)
    return rows.order_by("pk")


def _compose(rows: list[Dispute], now: dt.datetime) -> Iterable[Envelope[Dispute]]:
    desk = HelpDesk.objects.first() or HelpDesk()
    for row in rows:
        body = render_to_string(
            "email/attendance/dispute.txt", {"dispute": row, "help_desk": desk, "url": settings.BASE_URL}
        )
        today = now.astimezone(ROME).date()
        addresses = mailing.of_pupil(row.pupil, since=today, household=row.wallet.household)
        messages = mailing.to_each(subject=SUBJECT, body=body, addresses=addresses)
        yield Envelope([row], messages, about=row.state)


def _mark(row: Dispute, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    """The state that was told, not the one the office may have given it meanwhile: that is the next news."""
    return {"told_state": row.state, "claimed_at": None, "tries": 0} if fate.outcome in _OVER else {}


SENDER: Sender[Dispute] = Sender(
    name="disputes",
    owed=untold,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=5),
    related=("pupil", "wallet__household"),
)
