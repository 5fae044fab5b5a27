"""Who cooks has seen the sheet: once for each sheet, by the caterer's link or signed in; and who is to be called when nobody has."""

import datetime as dt
from collections.abc import Collection

from django.db.models import QuerySet

from attendance import kitchen_hours
from attendance.models import Caterer, KitchenSheet, SheetAcknowledgement
from attendance.rules import cutoff
from enrolments.models import School
from identity.models import User

LONGEST_NAME = 80


def acknowledge(
    *,
    sheets: Collection[KitchenSheet],
    now: dt.datetime,
    by: User | None = None,
    caterer: Caterer | None = None,
    name: str = "",
) -> int:
    """These sheets have been seen; returns how many nobody had seen before. The first who says so stays written."""
    waiting = KitchenSheet.objects.filter(pk__in=[sheet.pk for sheet in sheets], acknowledgement__isnull=True)
    said = " ".join(name.split())[:LONGEST_NAME]
    rows = [
        SheetAcknowledgement(sheet=sheet, acknowledged_at=now, user=by, caterer=caterer, name=said)
        for sheet in waiting
    ]
    SheetAcknowledgement.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def unseen(*, day: dt.date, schools: Collection[School] | None = None) -> QuerySet[KitchenSheet]:
    """The sheets of a day that nobody has seen yet."""
    rows = KitchenSheet.objects.filter(day=day, acknowledgement__isnull=True)
    return rows if schools is None else rows.filter(school__in=schools)


def overdue(*, now: dt.datetime, schools: Collection[School] | None = None) -> list[KitchenSheet]:
    """Today's sheets that should have been seen by now: the alarm."""
    day = now.astimezone(cutoff.ROME).date()
    patience = dt.timedelta(minutes=kitchen_hours.on(day).acknowledge_within_minutes)
    rows = unseen(day=day, schools=schools).filter(sealed_at__lte=now - patience)
    return list(rows.select_related("school", "year").order_by("school__name", "sequence"))
