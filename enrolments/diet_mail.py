"""What a family hears about diets by mail: that there is something to read in the portal. Neither the subject nor the text says
why a child eats what it eats. A message that does not leave is asked for again by the sweep.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string

from enrolments import diet_rules, mailing
from enrolments.models import Diet, DietReminder, DietRequest, Guardian, HelpDesk, Pupil
from enrolments.rules import diets as rule

DECIDED = "Mensa scolastica: risposta alla tua richiesta"
ENDING = "Mensa scolastica: un documento sta per scadere"
#: What could not be said by then is on the page, and makes room for the others.
GIVE_UP_AFTER = dt.timedelta(days=5)


def tell_decisions(*, now: dt.datetime, limit: int = 100) -> int:
    """The decisions of the last days that nobody has been told yet; returns how many have been."""
    rows = DietRequest.objects.filter(decided_at__gte=now - GIVE_UP_AFTER, told_at__isnull=True)
    found = list(rows.select_related("pupil").order_by("pk")[:limit])
    return sum(_tell(row, DietRequest.objects.all(), DECIDED, "decided", now) for row in found)


def note_reminders(*, today: dt.date) -> None:
    """A row for each certificate that ends within the days of the rule: insert first, so that it is noted once."""
    days = diet_rules.on(today).reminder_days
    rows = Diet.objects.with_certificate(today)
    due = [
        DietReminder(pupil_id=row.pupil_id, certificate_until=row.certificate_until)
        for row in rows
        if row.certificate_until and rule.reminder_is_due(row.certificate_until, today=today, days=days)
    ]
    DietReminder.objects.bulk_create(due, ignore_conflicts=True)


def send_reminders(*, now: dt.datetime, limit: int = 100) -> int:
    """Once the certificate has ended there is nothing left to remind of."""
    rows = DietReminder.objects.filter(told_at__isnull=True, certificate_until__gte=now.date())
    rows = rows.select_related("pupil").order_by("pk")
    return sum(_tell(row, DietReminder.objects.all(), ENDING, "ending", now) for row in list(rows[:limit]))


def _tell(row: Any, rows: QuerySet[Any], subject: str, template: str, now: dt.datetime) -> bool:
    """Whoever writes the hour first sends; when nothing leaves, the hour is taken away again."""
    if rows.filter(pk=row.pk, told_at__isnull=True).update(told_at=now) != 1:
        return False
    body = render_to_string(
        f"email/enrolments/diet_{template}.txt",
        {"row": row, "help_desk": HelpDesk.objects.first() or HelpDesk(), "url": settings.BASE_URL},
    )
    try:
        mailing.post(subject=subject, body=body, addresses=_addresses(row.pupil))
    except OSError:
        rows.filter(pk=row.pk).update(told_at=None)
        return False
    return True


def _addresses(pupil: Pupil) -> list[str]:
    rows = Guardian.objects.filter(memberships__household__custodies__pupil=pupil).exclude(email="")
    return sorted(set(rows.values_list("email", flat=True)))
