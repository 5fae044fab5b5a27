"""What the wallets do by themselves. Every task finds its work in the database and is safe to repeat."""

import datetime as dt
from functools import partial

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from enrolments import rounds
from mensa import clock
from wallets import alerts, digest_mail, digests, refund_mail

log = structlog.get_logger(__name__)

#: For the beat: seconds between two rounds.
SCHEDULE = {
    "wallets.alerts": {"task": "wallets.tasks.send_alerts", "schedule": 1800},
    "wallets.refunds": {"task": "wallets.tasks.ask_for_accounts", "schedule": 300},
    "wallets.digest": {"task": "wallets.tasks.make_digest", "schedule": 3600},
}


@shared_task
def send_alerts() -> None:
    """Families whose credit is running out: round after round until all are told or the mail server is silent."""
    now = clock.now()
    told = alerts.send_due(now=now)
    if told:
        log.info("alerts.sent", wallets=told)
    if told and alerts.waiting(now):
        _again()


def _again() -> None:
    """With the queue down the next half hour goes on."""
    try:
        send_alerts.delay()
    except OperationalError:
        log.warning("queue.unreachable", task=send_alerts.name)


@shared_task
def ask_for_accounts() -> None:
    """The account of the refunds that have none yet."""
    refund_mail.send_owed(now=clock.now())


@shared_task
def make_digest() -> None:
    """The digest of yesterday, once, and the copies that are still owed. Not while the time machine is away: its days are not over."""
    if clock.offset() != dt.timedelta(0):
        return
    now = clock.now()
    rounds.steps(
        [
            partial(digests.make_all, until=now.date() - dt.timedelta(days=1), now=now),
            partial(digest_mail.send_owed, now=now),
        ],
        said="digest.step_failed",
    )
