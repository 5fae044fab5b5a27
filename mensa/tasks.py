"""The portal's own housekeeping: once a day, and again tomorrow if today it failed."""

import structlog
from celery import shared_task
from celery.schedules import crontab
from django.conf import settings
from django.core.management import call_command

from mensa import books, clock

log = structlog.get_logger(__name__)

SCHEDULE = {
    "identity.purge": {"task": "mensa.tasks.purge_logins", "schedule": crontab(hour="3", minute="40")},
    "identity.registry": {
        "task": "mensa.tasks.refresh_providers",
        "schedule": crontab(hour="4", minute="10"),
    },
    "mensa.books": {"task": "mensa.tasks.check_books", "schedule": crontab(hour="4", minute="40")},
}


@shared_task
def purge_logins() -> None:
    """The register of SPID and CIE logins keeps 24 months."""
    call_command("spid_purge")


@shared_task
def refresh_providers() -> None:
    """The published identity providers and their certificates. The demo has its own, and asks nobody outside."""
    if settings.MODE == "production" and settings.SPID_ENABLED:
        call_command("spid_registry")


@shared_task
def check_books() -> None:
    """Every invariant of the books; the office reads the outcome on its page."""
    outcome = books.check(now=clock.now())
    if outcome.findings:
        log.error("books.wrong", findings=[finding["check"] for finding in outcome.findings])
