"""The caterer of the demo and its last days of work: sheets sealed, seen, delivered; one school gets a portion too few."""

import datetime as dt

from attendance import acknowledging, deliveries, sealing
from attendance.models import Caterer, KitchenSheet
from mensa.demo import facts

#: Before this day the town worked with paper.
SHEETS_FROM = dt.date(2026, 11, 18)
#: A crate is left behind: the three-way check shows it in red.
ONE_SHORT = dt.date(2026, 11, 19)


def hire() -> None:
    """Without schools of its own it serves all of them."""
    Caterer.objects.get_or_create(
        name="Cucina del Levante (demo)",
        defaults={"email": "cucina@gestore.example", "phone": "080 000 00 00"},
    )


def serve(day: dt.date) -> None:
    """From the hour of the sheet to the last crate. Done again it finds its work and leaves it."""
    if day < SHEETS_FROM:
        return
    cook = Caterer.objects.order_by("pk").first()
    sealing.seal_due(now=facts.at(day, 9, 45))
    sheets = sealing.of_day(day)
    if cook is None or not sheets:
        return
    every = [sheet for rows in sheets.values() for sheet in rows]
    acknowledging.acknowledge(sheets=every, caterer=cook, name="Piero", now=facts.at(day, 9, 52))
    for number, rows in enumerate(sheets.values()):
        _deliver(rows, cook, short=day == ONE_SHORT and number == 1)


def _deliver(rows: list[KitchenSheet], cook: Caterer, *, short: bool) -> None:
    day = rows[0].day
    deliveries.record(
        school=rows[0].school,
        day=day,
        portions=sealing.ordered(rows).total() - short,
        note="una vaschetta rimasta in cucina" if short else "",
        today=day,
        caterer=cook,
        now=facts.at(day, 12, 40),
    )
