"""The queue only brings work forward: losing every message costs ten minutes, until the next sweep.

Arguments are ids only. Each step is safe to repeat and to run twice at once.
"""

from functools import partial
from typing import Any

import structlog
from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from attendance import (
    closure_mails,
    dispute_mail,
    letter_mail,
    morning,
    night,
    patterns,
    sealing,
    sheet_mail,
)
from attendance.models import DayChunk, ServiceDay
from enrolments import rounds
from mensa import clock
from wallets.errors import Busy
from wallets.tasks import send_alerts

log = structlog.get_logger(__name__)

#: For the beat: seconds between two sweeps.
SCHEDULE = {
    "attendance.morning": {"task": "attendance.tasks.school_morning", "schedule": 60},
    "attendance.sweep": {"task": "attendance.tasks.sweep", "schedule": 600},
    # Each minute looks for everything owed: a message that waited longer has nothing to add.
    "attendance.kitchen": {
        "task": "attendance.tasks.serve_kitchen",
        "schedule": 60,
        "options": {"expires": 50},
    },
    "attendance.closures": {"task": "attendance.tasks.tell_of_closures", "schedule": 300},
    "attendance.patterns": {"task": "attendance.tasks.catch_up_patterns", "schedule": 600},
    "attendance.disputes": {"task": "attendance.tasks.tell_disputes", "schedule": 600},
}


@shared_task
def sweep() -> None:
    """What is owed now, oldest first. Before the debit's hour this finds nothing. Days to come that cannot be planned keep no day
    that is owed waiting."""
    now = clock.now()
    rounds.steps([partial(night.plan, now=now)], said="night.not_planned")
    for day in night.due_days(now):
        freeze_day.delay(ServiceDay.objects.only("pk").get(day=day).pk)


@shared_task
def serve_kitchen() -> None:
    """Seal what is due, then write to the caterers and, where nobody has seen a sheet in time, to the office."""
    now = clock.now()
    due = (sealing.seal_due, sheet_mail.owe, sheet_mail.send_owed)
    rounds.steps([partial(step, now=now) for step in due], said="kitchen.step_failed")


@shared_task
def freeze_day(service_day_id: int) -> None:
    day = ServiceDay.objects.get(pk=service_day_id)
    night.freeze(day=day.day, now=clock.now())
    chunks = night.unposted(day)
    for chunk_id in chunks:
        post_chunk.delay(chunk_id)
    if not chunks:
        close_day.delay(service_day_id)


@shared_task
def post_chunk(chunk_id: int) -> None:
    """A range of wallets; whoever posts the last one asks for the close."""
    try:
        night.post(chunk_id=chunk_id, now=clock.now())
    except Busy:
        log.info("night.busy", chunk=chunk_id)
        return
    day = DayChunk.objects.select_related("service_day").get(pk=chunk_id).service_day
    if not night.unposted(day):
        close_day.delay(day.pk)


@shared_task
def close_day(service_day_id: int) -> None:
    """After the close the families whose credit has crossed a threshold get their message."""
    if night.close(day=ServiceDay.objects.get(pk=service_day_id).day, now=clock.now()):
        send_alerts.delay()


@shared_task
def school_morning() -> None:
    """Missing roll-calls, changes of phase, notes to parents, decisions on a conflict: the letters that are due."""
    now = clock.now()
    if morning.round_of(now=now) and letter_mail.waiting(now):
        _ask_quietly(send_letters)


@shared_task
def send_letters() -> None:
    """When many parents write in the same minutes: round after round until nothing is left or the mail server is silent."""
    now = clock.now()
    if letter_mail.send_waiting(now=now) and letter_mail.waiting(now):
        _ask_quietly(send_letters)


def morning_soon() -> None:
    """After a roll-call or a decision is committed, do not wait for the round."""
    transaction.on_commit(lambda: _ask_quietly(school_morning))


@shared_task
def catch_up_patterns() -> None:
    """Days that have become service days get the word of the weekday said once; both parents are told."""
    patterns.catch_up(now=clock.now())


@shared_task
def tell_disputes() -> None:
    """The news that no mail has carried yet."""
    dispute_mail.send_owed(now=clock.now())


@shared_task
def tell_of_closures() -> None:
    """Families and caterers, fifty messages at a time until none is left or the mail server is silent."""
    now = clock.now()
    done = closure_mails.send_some(now=now)
    if done.taken and not done.silent and closure_mails.waiting(now):
        _ask_quietly(tell_of_closures)


def tell_disputes_soon() -> None:
    """The sweep tells it anyway; this only makes it sooner."""
    _ask_quietly(tell_disputes)


def tell_of_closures_soon() -> None:
    """Once the closure is committed, do not wait for the sweep."""
    transaction.on_commit(lambda: _ask_quietly(tell_of_closures))


def serve_kitchen_soon() -> None:
    """The minute's round does it anyway; this only makes it sooner."""
    _ask_quietly(serve_kitchen)


def nudge() -> None:
    """After a late fact is committed, do not wait for the sweep. With the queue down nothing is lost."""
    transaction.on_commit(lambda: _ask_quietly(sweep))


def _ask_quietly(task: Any, *arguments: Any) -> None:
    try:
        task.delay(*arguments)
    except OperationalError:
        log.warning("queue.unreachable", task=task.name)
