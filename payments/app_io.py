"""Messages in the app IO: what happened becomes rows, rows become messages, at most once each."""

import datetime as dt

import structlog
from django.db.models import Q

from payments import io_events
from payments.errors import NodeUnreachable
from payments.gateways.app_io import AppIo, InDoubt, Letter, Refused, is_on
from payments.models import IoMessage, Notice
from payments.notices import rules_on

log = structlog.get_logger(__name__)
State = IoMessage.State
FIRST_PAUSE = dt.timedelta(minutes=2)
LONGEST_PAUSE = dt.timedelta(hours=6)
GIVE_UP_AFTER = dt.timedelta(days=5)  # news that nobody could deliver by then is none


def tell(*, limit: int, now: dt.datetime) -> int:
    """The sweep: write down what happened, send what is owed; returns how many were sent. Nothing without a key."""
    if not is_on():
        return 0
    io_events.plan(now=now)
    ripe = IoMessage.objects.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now), state=State.WAITING)
    sent = 0
    for message in ripe.select_related("guardian", "notice").order_by("pk")[:limit]:
        try:
            sent += _deliver(message, now)
        except NodeUnreachable:  # also "too many calls": the others would hear the same
            _put_off(message, now)
            break
    return sent


def _deliver(message: IoMessage, now: dt.datetime) -> bool:
    if _is_outdated(message, now):
        return _close(message, State.OUTDATED)
    app = AppIo()
    if not app.may_write_to(message.guardian.fiscal_code):
        return _close(message, State.UNREACHABLE)
    if not _claim(message):
        return False
    try:
        io_id = app.send(_letter(message, now))
    except NodeUnreachable:
        IoMessage.objects.filter(pk=message.pk).update(state=State.WAITING)
        raise
    except Refused:
        return _close(message, State.REFUSED)
    except InDoubt:
        log.warning("io_message_in_doubt", message=message.pk)
        return False
    IoMessage.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, io_id=io_id)
    return True


def _claim(message: IoMessage) -> bool:
    """From here on nobody else sends it."""
    mine = IoMessage.objects.filter(pk=message.pk, state=State.WAITING)
    return mine.update(state=State.SENDING) == 1


def _letter(message: IoMessage, now: dt.datetime) -> Letter:
    return Letter(
        fiscal_code=message.guardian.fiscal_code,
        subject=message.subject,
        text=message.text,
        notice=message.notice,
        payable_after_due=rules_on(now.date()).payable_after_due,
    )


def _is_outdated(message: IoMessage, now: dt.datetime) -> bool:
    """A notice paid or withdrawn meanwhile is not asked for again."""
    if message.planned_at < now - GIVE_UP_AFTER:
        return True
    return (
        message.notice_id is not None and not Notice.objects.payable().filter(pk=message.notice_id).exists()
    )


def _close(message: IoMessage, state: str) -> bool:
    IoMessage.objects.filter(pk=message.pk).update(state=state)
    return False


def _put_off(message: IoMessage, now: dt.datetime) -> None:
    """Twice as long after each attempt."""
    pause = min(FIRST_PAUSE * 2 ** min(message.attempts, 10), LONGEST_PAUSE)
    waiting = IoMessage.objects.filter(state=State.WAITING)
    waiting.filter(pk=message.pk).update(attempts=message.attempts + 1)
    waiting.filter(Q(retry_at__isnull=True) | Q(retry_at__lt=now + pause)).update(retry_at=now + pause)
    log.warning("app_io_put_off", seconds=int(pause.total_seconds()))
