"""Work of payments in the background: ids only in the messages; what is owed is in the database, the sweep finds it."""

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from mensa import clock
from payments import (
    app_io,
    campaign_step,
    notices,
    outbox,
    receipts,
    reconciliation,
    settlement_polls,
    upload_mail,
)
from payments.models import Campaign, SettlementPoll

log = structlog.get_logger(__name__)
CHUNK = 30  # children: a second or two of work, as long as the mail server is as quick
SWEEP_LIMIT = 200
#: For the beat: seconds between two sweeps.
SCHEDULE = {
    "payments.sweep": {"task": "payments.tasks.sweep_payments", "schedule": 120},
    "payments.poll": {"task": "payments.tasks.poll_receipts", "schedule": 3600},
    "payments.outbox": {"task": "payments.tasks.clear_outbox", "schedule": 120},
    "payments.app_io": {"task": "payments.tasks.tell_app_io", "schedule": 120},
    "payments.uploads": {"task": "payments.tasks.tell_about_uploads", "schedule": 300},
    "payments.settlement": {"task": "payments.tasks.settle_up", "schedule": 600},
}


@shared_task
def run_campaign(campaign_id: int) -> None:
    """A few children, then back to the queue: a long campaign never holds a worker longer than a minute or so."""
    campaign = Campaign.objects.get(pk=campaign_id)
    if campaign_step.step(campaign=campaign, limit=CHUNK, now=clock.now()) >= CHUNK:
        nudge_campaign(campaign_id)


def nudge_campaign(campaign_id: int) -> None:
    """Bring the work forward; a queue that is down costs until the next sweep."""
    try:
        run_campaign.delay(campaign_id)
    except OperationalError:
        log.warning("queue_down", campaign=campaign_id)


@shared_task
def tell_about_uploads() -> None:
    """Every five minutes: the decisions that no mail has carried yet."""
    upload_mail.send_owed(now=clock.now())


def nudge_uploads() -> None:
    """Without the queue the next round tells them."""
    try:
        tell_about_uploads.delay()
    except OperationalError:
        log.warning("queue_down", work="tell_about_uploads")


@shared_task
def sweep_payments() -> None:
    """Every two minutes: receipts not placed, notices past their date, campaigns that stood still."""
    now = clock.now()
    receipts.settle_owed(limit=SWEEP_LIMIT, now=now)
    notices.expire_due(now=now)
    for campaign in Campaign.objects.filter(state=Campaign.State.RUNNING):
        nudge_campaign(campaign.pk)


@shared_task
def clear_outbox() -> None:
    """Every two minutes, by itself: a slow pagoPA keeps no receipt and no campaign waiting."""
    outbox.clear(limit=SWEEP_LIMIT, now=clock.now())


@shared_task
def tell_app_io() -> None:
    """Every two minutes: what parents should hear of in the app IO. Off without a key."""
    app_io.tell(limit=SWEEP_LIMIT, now=clock.now())


@shared_task
def settle_up() -> None:
    """Every ten minutes: the daily round for the reports when it is due, then the cases and what follows from them."""
    now = clock.now()
    if settlement_polls.is_on() and settlement_polls.is_due(now=now):
        settlement_polls.run(poll=settlement_polls.ask(now=now), now=now)
    reconciliation.sync(now=now)
    reconciliation.follow_up(now=now)


@shared_task
def run_poll(poll_id: int) -> None:
    """The round that a person has asked for."""
    now = clock.now()
    poll = SettlementPoll.objects.get(pk=poll_id)
    if poll.is_running:
        settlement_polls.run(poll=poll, now=now)
        reconciliation.sync(now=now)
        reconciliation.follow_up(now=now)


def nudge_poll(poll_id: int) -> None:
    """Without the queue the sweep begins it again after ten minutes."""
    try:
        run_poll.delay(poll_id)
    except OperationalError:
        log.warning("queue_down", poll=poll_id)


@shared_task
def follow_up_cases() -> None:
    """What follows from a file that was just loaded: revoked payments, missing receipts."""
    reconciliation.follow_up(now=clock.now())


def nudge_cases() -> None:
    """Without the queue the next sweep does it."""
    try:
        follow_up_cases.delay()
    except OperationalError:
        log.warning("queue_down", work="follow_up_cases")


@shared_task
def poll_receipts() -> None:
    """Every hour, where the town has chosen to ask for its receipts instead of being sent them."""
    from payments import polling  # XML: few towns read any here, and every worker of the night would carry it

    polling.poll(now=clock.now())
