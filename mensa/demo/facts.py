"""What the demo town is made of: dates, schools, fares. Everything here is invented but the calendar of the town."""

import datetime as dt
import random
from decimal import Decimal

from enrolments.models import Level
from mensa.clock import ROME

SEED = "mensa-2026"
SIMULATION = "SIMULAZIONE"

#: The town's calendar for 2026/27. Lessons begin on 15/9/2026: the canteen has dates of its own.
YEAR = "2026/27"
YEAR_FIRST, YEAR_LAST = dt.date(2026, 9, 1), dt.date(2027, 8, 31)
CANTEEN_FIRST = dt.date(2026, 10, 5)
CANTEEN_LAST = {
    Level.INFANZIA: dt.date(2027, 6, 25),
    Level.PRIMARIA: dt.date(2027, 5, 28),
}
HOLIDAYS = (
    (dt.date(2026, 12, 7), dt.date(2026, 12, 8), "ponte dell'Immacolata"),
    (dt.date(2026, 12, 23), dt.date(2027, 1, 6), "vacanze di Natale"),
    (dt.date(2027, 3, 25), dt.date(2027, 3, 30), "vacanze di Pasqua"),
)

#: The instant at which every demo begins: a Tuesday, before the cut-off of 09:00.
START = dt.datetime(2026, 11, 24, 8, 40, tzinfo=ROME)
#: When the office prepared the year.
PREPARED = dt.datetime(2026, 9, 7, 9, 0, tzinfo=ROME)
APPLICATIONS_LOADED = dt.datetime(2026, 9, 14, 10, 30, tzinfo=ROME)
CAMPAIGN = "Avvio 2026/27"
CAMPAIGN_STARTED = dt.datetime(2026, 9, 21, 9, 15, tzinfo=ROME)
CAMPAIGN_DUE = dt.date(2026, 10, 31)
NEXT_CAMPAIGN = "Secondo avviso 2026/27"
LOW_CREDIT_MEALS = [5, 2, 0, -3]

FARE_ACT = "delibera G.C. n. 41 del 23/4/2026 (dimostrazione)"
RULES_ACT = "regolamento della mensa, delibera C.C. n. 12 del 9/3/2026 (dimostrazione)"
CALENDAR_ACT = "calendario scolastico 2026/27 (dimostrazione)"
BANDS = (
    ("A", Decimal("5000.00"), Decimal("1.00")),
    ("B", Decimal("10000.00"), Decimal("1.80")),
    ("C", Decimal("15000.00"), Decimal("2.60")),
    ("D", Decimal("20000.00"), Decimal("3.40")),
    ("E", Decimal("30000.00"), Decimal("4.20")),
    ("F", None, Decimal("5.00")),
)
SECOND_CHILD, LATER_CHILD = Decimal("15.00"), Decimal("30.00")


def dice(*what: object) -> random.Random:
    """The same throws at every build, whatever was built before: each thing has dice of its own."""
    return random.Random(":".join([SEED, *map(str, what)]))  # noqa: S311 - a story, not a secret


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    """An instant of that day on the wall clock of the town hall."""
    return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=ROME)
