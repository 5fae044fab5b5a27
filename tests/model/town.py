"""The cast's town in the weeks of the model, as rows and on paper: three children and a twin, a holiday, a class that eats twice a week."""

import datetime as dt
from decimal import Decimal

from stdnum.it import codicefiscale

from attendance.models import CanteenPeriod, ClassWeekdays
from enrolments import families
from enrolments.families import ChildData
from tests import cast
from tests.model import canteen as paper

FIRST, LAST = dt.date(2026, 11, 23), dt.date(2026, 12, 11)  # with a Tuesday of national holiday
_CODE = "BNCGLI22E55Z998"
#: Sofia's twin: she comes first, by fiscal code.
GIULIA = ChildData(
    fiscal_code=_CODE + codicefiscale.calc_check_digit(_CODE),
    first_name="Giulia",
    last_name="Bianchi",
    birth_date=cast.SOFIA.birth_date,
)


def open_canteen(town: cast.Town) -> cast.Town:
    """The canteen of the cast opens on 23 November; primaria 4A eats on Tuesdays and Thursdays; Giulia is known."""
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(school=school, year=town.year, valid_from=FIRST, valid_to=LAST)
    ClassWeekdays.objects.create(
        class_group=town.classes["primaria 4A"],
        valid_from=town.year.valid_from,
        monday=False,
        wednesday=False,
        friday=False,
    )
    families.register_family(applicant=cast.ANNA, children=[GIULIA], by=town.enzo, now=cast.SUMMER)
    return town


def on_paper() -> paper.Canteen:
    """What the cast's town looks like on the morning of 23 November."""
    bands = [(bound, price) for _, bound, price in cast.BANDS]
    written = paper.Canteen(
        first=FIRST,
        last=LAST,
        end_of_year=dt.date(2027, 8, 31),
        holidays=frozenset({dt.date(2026, 12, 8)}),
        classes={
            "infanzia 2A": paper.ClassRoom("infanzia", "infanzia"),
            "primaria 3A": paper.ClassRoom("primaria", "primaria"),
            "primaria 4A": paper.ClassRoom("primaria", "primaria", frozenset({1, 3})),
        },
        children={
            one.first_name: paper.Child(family, one.birth_date, one.fiscal_code)
            for family, ones in (("Bianchi", (cast.LUCA, cast.SOFIA, GIULIA)), ("Neri", (cast.TOMMASO,)))
            for one in ones
        },
        fares={level: [paper.Fares(dt.date(2026, 9, 1), bands)] for level in ("infanzia", "primaria")},
    )
    for name, class_name in (("Luca", "primaria 3A"), ("Sofia", "infanzia 2A"), ("Tommaso", "primaria 3A")):
        written.enrol(name, class_name, dt.date(2026, 9, 1))
    written.declare_isee("Bianchi", Decimal("18000.00"), dt.date(2026, 2, 10))
    return written
