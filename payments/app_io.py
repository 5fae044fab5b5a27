"""Messages in the app IO: what happened becomes rows, rows become messages, at most once each.

A person about whom the app says no, or nothing, costs that person's message and no other. The app itself is given up for a
while when it asks us to, or when nobody in a row gets an answer.
"""

import datetime as dt

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q, QuerySet

from payments import io_events, io_news
from payments.errors import NodeUnreachable, TooManyCalls
from payments.gateways.app_io import AppIo, InDoubt, Letter, Refused, is_on
from payments.models import IoMessage, IoStart, Notice
from payments.notices import rules_on

log = structlog.get_logger(__name__)
State = IoMessage.State
FIRST_PAUSE = dt.timedelta(minutes=2)
LONGEST_PAUSE = dt.timedelta(hours=6)  # for one message
LONGEST_SILENCE = dt.timedelta(minutes=30)  # for all of them, unless the app asks for more
GIVE_UP_AFTER = dt.timedelta(days=5)  # news that nobody could deliver by then is none
ENOUGH = 5  # troubles in a row, a minute at the most: by then it is the app's, not those persons'
LOST = 3  # troubles that a lost answer counts for: it costs the message


def tell(*, limit: int, now: dt.datetime) -> int:
    """The sweep: write down what happened, send what is owed; returns how many were sent. Nothing without a key."""
    if not is_on():
        io_news.forget()
        return 0
    io_events.plan(io_news.begin(now=now))
    if IoStart.objects.filter(quiet_until__gt=now).exists():
        return 0
    return _send(_ripe(now)[:limit], now)


def _ripe(now: dt.datetime) -> QuerySet[IoMessage]:
    """Those never tried first: whoever is in trouble never stands before the others."""
    rows = IoMessage.objects.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now), state=State.WAITING)
    return rows.select_related("guardian", "notice").order_by("attempts", "pk")


def _send(messages: QuerySet[IoMessage], now: dt.datetime) -> int:
    sent = troubles = 0
    for message in messages:
        if _is_outdated(message, now):
            _close(message, State.OUTDATED)
            continue
        try:
            sent += _deliver(message, now)
            troubles = 0
        except TooManyCalls as answer:  # about us: the others would hear the same
            _put_off(message, now)
            _be_quiet(now, sent, answer.after)
            break
        except SoftTimeLimitExceeded:
            raise
        except Exception as problem:  # this person's trouble, until it is everybody's
            troubles += _note(message, problem, now)
            if troubles >= ENOUGH:
                _be_quiet(now, sent)
                break
    else:
        if sent:
            IoStart.objects.exclude(silences=0).update(silences=0)
    return sent


def _deliver(message: IoMessage, now: dt.datetime) -> bool:
    app, letter = AppIo(), _letter(message, now)
    try:
        if not app.may_write_to(letter.fiscal_code):
            return _close(message, State.UNREACHABLE)
        return _claim(message) and _hand_over(app, letter, message, now)
    except Refused:
        log.warning("io_message_refused", message=message.pk)
        return _close(message, State.REFUSED)


def _claim(message: IoMessage) -> bool:
    """From here on nobody else sends it."""
    mine = IoMessage.objects.filter(pk=message.pk, state=State.WAITING)
    return mine.update(state=State.SENDING) == 1


def _hand_over(app: AppIo, letter: Letter, message: IoMessage, now: dt.datetime) -> bool:
    try:
        io_id = app.send(letter)
    except NodeUnreachable:  # not taken: it waits again
        IoMessage.objects.filter(pk=message.pk).update(state=State.WAITING)
        raise
    IoMessage.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, io_id=io_id)
    return True


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
    IoMessage.objects.filter(pk=message.pk, state__in=(State.WAITING, State.SENDING)).update(state=state)
    return False


def _note(message: IoMessage, problem: Exception, now: dt.datetime) -> int:
    """What it counts for. A message whose answer was lost may have been taken: it stays "in invio"."""
    if isinstance(problem, InDoubt):
        log.warning("io_message_in_doubt", message=message.pk)
        return LOST
    _put_off(message, now)
    unforeseen = None if isinstance(problem, NodeUnreachable) else problem
    log.warning("io_message_put_off", message=message.pk, exc_info=unforeseen)
    return 1


def _put_off(message: IoMessage, now: dt.datetime) -> None:
    """Twice as long after each attempt."""
    waiting = IoMessage.objects.filter(pk=message.pk, state=State.WAITING)
    pause = _doubled(message.attempts, LONGEST_PAUSE)
    waiting.update(attempts=F("attempts") + 1, retry_at=now + pause)


def _be_quiet(now: dt.datetime, sent: int, asked: int | None = None) -> None:
    """For as long as the app asks, or twice as long after each round in which nobody got an answer."""
    silences = 0 if sent else IoStart.objects.values_list("silences", flat=True).first() or 0
    pause = _doubled(silences, LONGEST_SILENCE)
    if asked is not None:
        pause = min(dt.timedelta(seconds=asked), LONGEST_PAUSE)
    IoStart.objects.update(quiet_until=now + pause, silences=silences + 1)
    log.warning("app_io_put_off", seconds=int(pause.total_seconds()))


def _doubled(times: int, longest: dt.timedelta) -> dt.timedelta:
    return min(FIRST_PAUSE * (1 << min(times, 10)), longest)
