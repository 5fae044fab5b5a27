"""What is owed to the node: notices to publish, changes to tell, notices to withdraw. The facts are the queue.

A row says what the node must know (state, revision) and what it was last told; the difference is the work. Whoever dies, and
whatever answer is lost, leaves a difference that the next round finds.
"""

import datetime as dt

import structlog

from payments import gateways, notices
from payments.errors import NodeRefused, NodeUnreachable
from payments.models import Notice

log = structlog.get_logger(__name__)
#: A creation whose answer was lost may arrive after the withdrawal: until then "unknown" is not the end.
LATE_ARRIVAL = dt.timedelta(minutes=10)


def clear(*, limit: int, now: dt.datetime) -> int:
    """One round, oldest first; returns how many were told. The first silence ends it: the others would find the same."""
    done = 0
    for owed, say in (
        (Notice.objects.to_withdraw(), _withdraw),
        (Notice.objects.to_publish(), _publish),
        (Notice.objects.to_update(), _update),
    ):
        rows = owed.ripe(now).select_related("wallet__household__applicant").order_by("pk")[:limit]
        for notice in rows:
            try:
                done += say(notice, now)
            except NodeRefused as refusal:
                notices.write_refusal(notice=notice, refusal=refusal, now=now)
            except NodeUnreachable:
                log.warning("pagopa_round_stopped", told=done)
                return done
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
