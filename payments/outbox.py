"""What is owed to the node: notices to publish, changes to tell, notices to withdraw. The facts are the queue.

A row says what the node must know (state, revision) and what it was last told; the difference is the work. Whoever dies, and
whatever answer is lost, leaves a difference that the next round finds.
"""

import datetime as dt
from collections.abc import Callable

import structlog
from django.db.models import F

from payments import gateways, notices
from payments.errors import NodeRefused, NodeUnreachable
from payments.models import Notice
from payments.models.notices import NoticeQuerySet

log = structlog.get_logger(__name__)
#: A creation whose answer was lost may arrive after the withdrawal: until then "unknown" is not the end.
LATE_ARRIVAL = dt.timedelta(minutes=10)
AFTER_A_SILENCE = dt.timedelta(minutes=5)
SILENCES = 2  # in a row: the others of the same kind would find the same


def clear(*, limit: int, now: dt.datetime) -> int:
    """One round; returns how many were told. Each kind of work has its turn: one that is stuck blocks no other."""
    return (
        _tell(Notice.objects.to_withdraw(), _withdraw, limit, now)
        + _tell(Notice.objects.to_publish(), _publish, limit, now)
        + _tell(Notice.objects.to_update(), _update, limit, now)
    )


def _tell(
    owed: NoticeQuerySet, say: Callable[[Notice, dt.datetime], bool], limit: int, now: dt.datetime
) -> int:
    """Oldest first, after those that never failed. One silence may be about that position alone, two in a row are pagoPA's."""
    done = silences = 0
    order = F("node_retry_at").asc(nulls_first=True)
    for notice in owed.ripe(now).select_related("wallet__household__applicant").order_by(order, "pk")[:limit]:
        try:
            done += say(notice, now)
        except NodeRefused as refusal:
            notices.write_refusal(notice=notice, refusal=refusal, now=now)
        except NodeUnreachable:
            silences += 1
            Notice.objects.filter(pk=notice.pk).update(node_retry_at=now + AFTER_A_SILENCE)
            if silences == SILENCES:
                log.warning("pagopa_round_stopped", told=done)
                break
            continue
        silences = 0
    return done


def _publish(notice: Notice, now: dt.datetime) -> bool:
    notices.tell(notice=notice, now=now)
    return True


def _update(notice: Notice, now: dt.datetime) -> bool:
    gateways.current().update(notices.position_of(notice))
    Notice.objects.filter(pk=notice.pk).update(
        published_revision=notice.revision, node_error="", node_retry_at=None
    )
    return True


def _withdraw(notice: Notice, now: dt.datetime) -> bool:
    known = gateways.current().withdraw(notices.position_of(notice))
    tried = notice.node_tried_at
    if not known and notice.published_at is None and tried is not None and now - tried < LATE_ARRIVAL:
        return False
    Notice.objects.filter(pk=notice.pk).update(withdrawn_at=now, node_error="", node_retry_at=None)
    return True
