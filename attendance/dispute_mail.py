"""The family whose wallet paid is told that a dispute was received and how it ended: both parents, once each news.

Nothing of the child stands in the subject. A mail server that does not answer leaves the news to the next sweep, for some days.
"""

import datetime as dt
import logging

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string

from attendance.models import Dispute
from enrolments import mailing
from enrolments.models import Guardian, HelpDesk

logger = logging.getLogger(__name__)
SUBJECT = "Mensa scolastica: la tua contestazione"
#: What could not be said by then is on the page, and makes room for the others.
GIVE_UP_AFTER = dt.timedelta(days=5)


def untold(*, now: dt.datetime) -> list[int]:
    """Disputes whose state the parents have not been told yet; one withdrawn by a parent is no news, nor is an old one."""
    rows = Dispute.objects.exclude(told_state=F("state")).exclude(state=Dispute.State.WITHDRAWN)
    rows = rows.annotate(news=Coalesce("decided_at", "opened_at")).filter(news__gte=now - GIVE_UP_AFTER)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:200])


def tell(*, dispute_id: int) -> int:
    """Write to the family's guardians; returns how many messages left. Who is at it already is left alone."""
    row = Dispute.objects.select_related("pupil", "wallet__household").get(pk=dispute_id)
    mine = Dispute.objects.filter(pk=row.pk, state=row.state).exclude(told_state=row.state)
    if row.state == Dispute.State.WITHDRAWN or not mine.update(told_state=row.state):
        return 0
    try:
        return _send(row)
    except OSError:
        logger.warning("dispute.mail_not_sent", extra={"dispute": row.pk})
        Dispute.objects.filter(pk=row.pk, told_state=row.state).update(told_state="")
        return 0


def _send(row: Dispute) -> int:
    body = render_to_string(
        "email/attendance/dispute.txt",
        {"dispute": row, "help_desk": HelpDesk.objects.first() or HelpDesk(), "url": settings.BASE_URL},
    )
    guardians = Guardian.objects.filter(memberships__household=row.wallet.household).exclude(email="")
    addresses = sorted(set(guardians.values_list("email", flat=True)))
    return mailing.post(subject=SUBJECT, body=body, addresses=addresses)
