"""What a family hears about diets by mail: that there is something to read in the portal. Neither the subject nor the text says
why a child eats what it eats. A message that does not leave is asked for again by the sweep.
"""

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string

from enrolments import diet_rules, mailing, outbox, rounds
from enrolments.models import Diet, DietReminder, DietRequest, HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from enrolments.rules import diets as rule

Row = TypeVar("Row", DietRequest, DietReminder)

DECIDED = "Mensa scolastica: risposta a una richiesta"
ENDING = "Mensa scolastica: un documento sta per scadere"
#: What could not be said by then is on the page, and makes room for the others.
GIVE_UP_AFTER = dt.timedelta(days=5)


_OVER = {Outcome.SENT, Outcome.NOT_NEEDED, Outcome.GIVEN_UP}


def tell_decisions(*, now: dt.datetime) -> int:
    """The decisions of the last days that nobody has been told yet; returns how many have been."""
    return outbox.carry(DECISIONS, now=now).left


def note_reminders(*, today: dt.date) -> None:
    """A row for each certificate that ends within the days of the rule: insert first, so that it is noted once."""
    days = diet_rules.on(today).reminder_days
    rounds.each(
        Diet.objects.with_certificate(today),
        lambda diet: _note(diet, today, days),
        said="diets.reminder_not_noted",
    )


def _note(diet: Diet, today: dt.date, days: int) -> None:
    until = diet.certificate_until
    if until and rule.reminder_is_due(until, today=today, days=days):
        row = DietReminder(pupil_id=diet.pupil_id, certificate_until=until)
        DietReminder.objects.bulk_create([row], ignore_conflicts=True)


def send_reminders(*, now: dt.datetime) -> int:
    """Once the certificate has ended there is nothing left to remind of."""
    return outbox.carry(REMINDERS, now=now).left


def _news(now: dt.datetime) -> QuerySet[DietRequest]:
    rows = DietRequest.objects.filter(decided_at__gte=now - GIVE_UP_AFTER, told_at__isnull=True)
    return rows.order_by("pk")


def _reminders(now: dt.datetime) -> QuerySet[DietReminder]:
    rows = DietReminder.objects.filter(told_at__isnull=True, certificate_until__gte=now.date())
    return rows.order_by("pk")


def _compose(rows: list[Row], now: dt.datetime, *, subject: str, template: str) -> Iterable[Envelope[Row]]:
    desk = HelpDesk.objects.first() or HelpDesk()
    for row in rows:
        body = render_to_string(
            f"email/enrolments/diet_{template}.txt", {"row": row, "help_desk": desk, "url": settings.BASE_URL}
        )
        addresses = mailing.of_pupil(row.pupil, since=now.date())
        yield Envelope([row], mailing.to_each(subject=subject, body=body, addresses=addresses))


def _mark(row: Row, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    return {"told_at": now} if fate.outcome in _OVER else {}


DECISIONS: Sender[DietRequest] = Sender(
    name="diet decisions",
    owed=_news,
    compose=partial(_compose, subject=DECIDED, template="decided"),
    mark=_mark,
    patience=dt.timedelta(minutes=5),
    related=("pupil",),
)
REMINDERS: Sender[DietReminder] = Sender(
    name="diet reminders",
    owed=_reminders,
    compose=partial(_compose, subject=ENDING, template="ending"),
    mark=_mark,
    patience=dt.timedelta(minutes=5),
    related=("pupil",),
)
