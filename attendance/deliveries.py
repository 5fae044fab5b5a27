"""How many portions reached each school, as who delivers or receives them says."""

import datetime as dt

from attendance.errors import BadDelivery
from attendance.models import Caterer, DeliveredPortions, KitchenSheet
from attendance.models.kitchen import MOST_PORTIONS
from enrolments.models import School
from identity.models import User

#: Yesterday's number can still be written; older days are the office's.
DAYS_BACK = dt.timedelta(days=7)


def record(
    *,
    school: School,
    day: dt.date,
    portions: int,
    today: dt.date,
    now: dt.datetime,
    by: User | None = None,
    caterer: Caterer | None = None,
    note: str = "",
) -> DeliveredPortions:
    """Write the number, or correct it: the history keeps the one before."""
    if not 0 <= portions <= MOST_PORTIONS:
        raise BadDelivery(f"Le porzioni consegnate vanno da 0 a {MOST_PORTIONS}: controlla il numero.")
    if day > today:
        raise BadDelivery("Questo giorno non è ancora arrivato: scrivi la consegna quando c'è stata.")
    if day < today - DAYS_BACK:
        raise BadDelivery("Il giorno è passato da più di una settimana: scrivi all'ufficio mensa.")
    if not KitchenSheet.objects.filter(day=day, school=school).exists():
        raise BadDelivery("Per questo plesso non c'è un foglio della cucina in questo giorno.")
    said = {"portions": portions, "note": " ".join(note.split())[:200]}
    standing = DeliveredPortions.objects.filter(day=day, school=school, **said).first()
    if standing:
        return standing
    row, _ = DeliveredPortions.objects.update_or_create(
        day=day,
        school=school,
        defaults={**said, "user": by, "caterer": caterer, "entered_at": now},
    )
    return row


def of_days(first: dt.date, last: dt.date) -> dict[tuple[dt.date, int], DeliveredPortions]:
    """(day, school id) -> what was delivered."""
    rows = DeliveredPortions.objects.filter(day__range=(first, last)).select_related("user", "caterer")
    return {(row.day, row.school_id): row for row in rows}
