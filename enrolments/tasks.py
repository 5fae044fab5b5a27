"""Work of enrolments in the background: what is owed is in the database, the sweep finds it."""

from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from enrolments import diet_holds, diet_mail, rounds
from mensa import clock

log = structlog.get_logger(__name__)
#: For the beat: seconds between two sweeps.
SCHEDULE = {"enrolments.diets": {"task": "enrolments.tasks.sweep_diets", "schedule": 600}}


@shared_task
def sweep_diets() -> None:
    """Answers and reminders that the families have not had; days on hold after a change of the rules."""
    now = clock.now()
    steps: list[Callable[[], object]] = [
        partial(diet_mail.note_reminders, today=now.date()),
        partial(diet_mail.send_reminders, now=now),
        partial(diet_mail.tell_decisions, now=now),
        partial(diet_holds.tidy, today=now.date(), now=now),
        partial(diet_holds.follow_rules, today=now.date()),
    ]
    rounds.steps(steps, said="diets.step_failed")


def nudge() -> None:
    """Bring the answer forward; with the queue down the family reads it on the page and gets the mail from the sweep."""
    try:
        sweep_diets.delay()
    except OperationalError:
        log.warning("queue_down", task="sweep_diets")
