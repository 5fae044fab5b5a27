"""Fare tables: what a meal costs in a school level, as adopted by an act, from a day on."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from enrolments import pricing, timeline
from enrolments.errors import Refused
from enrolments.models import FareBand, FareTable, Level
from identity.models import User

BandRow = tuple[str, Decimal | None, Decimal]


class FaresRefused(Refused):
    """A fare table that would leave somebody without a price, or with two."""


@transaction.atomic
def adopt_table(
    *,
    level: str,
    valid_from: dt.date,
    act: str,
    bands: Sequence[BandRow],
    second_child_discount: Decimal = Decimal(15),
    later_child_discount: Decimal = Decimal(30),
    valid_to: dt.date | None = None,
    by: User,
    now: dt.datetime,
) -> FareTable:
    """The table of a level from a day on; the table before it ends the day before. Adopting it again changes nothing.

    `bands` are (letter, upper bound included or None for the top band, price of a meal).
    """
    refuse_bad_bands(bands)
    if level not in Level.values or not act.strip():
        raise FaresRefused("Una tabella ha un ordine di scuola e l'atto che la adotta.")
    table = FareTable(
        level=level,
        valid_from=valid_from,
        valid_to=valid_to,
        act=act.strip(),
        second_child_discount=second_child_discount,
        later_child_discount=later_child_discount,
    )
    if known := _adopted_before(table, bands):
        return known
    make_room(table)
    table.save()
    rows = [FareBand(table=table, letter=row[0], isee_up_to=row[1], price=row[2]) for row in bands]
    FareBand.objects.bulk_create(rows)
    pricing.refresh()
    return table


def refuse_bad_bands(bands: Sequence[BandRow]) -> None:
    """Exactly one top band, no letter or bound twice, no price below zero or with fractions of a cent."""
    letters, bounds = [row[0] for row in bands], [row[1] for row in bands]
    if bounds.count(None) != 1:
        raise FaresRefused(
            "Una sola fascia, la più alta, resta senza limite: vale anche per chi non ha l'ISEE."
        )
    if len(set(letters)) != len(letters) or len(set(bounds)) != len(bounds):
        raise FaresRefused("Due fasce hanno la stessa lettera o lo stesso limite: correggine una.")
    if any(price < 0 or price != price.quantize(Decimal("0.01")) for _, _, price in bands):
        raise FaresRefused("I prezzi sono in euro, da zero in su, con due decimali al più.")


def make_room(table: FareTable) -> None:
    """End the table in force; a table that has not begun before the new one would be lost, and is refused."""
    if table.valid_to is not None and table.valid_to < table.valid_from:
        raise FaresRefused("La data «al» viene prima della data «dal»: correggi una delle due.")
    rows = FareTable.objects.select_for_update().filter(level=table.level)
    for old in rows.overlapping(table.valid_from, table.valid_to or dt.date.max):
        if old.valid_from >= table.valid_from:
            raise FaresRefused(
                f"C'è già una tabella {old.get_level_display()} dal {old.valid_from:%d/%m/%Y}: correggi quella."
            )
        timeline.end(old, table.valid_from - timeline.ONE_DAY)


def _adopted_before(table: FareTable, bands: Sequence[BandRow]) -> FareTable | None:
    """The same table, with the same bands, if it is there already."""
    rows = FareTable.objects.filter(level=table.level, valid_from=table.valid_from, valid_to=table.valid_to)
    known = rows.filter(act=table.act).first()
    return known if known and _bands_of(known) == sorted(bands, key=_order) else None


def _bands_of(table: FareTable) -> list[BandRow]:
    rows = list(table.bands.values_list("letter", "isee_up_to", "price"))
    return sorted(rows, key=_order)


def _order(row: BandRow) -> tuple[bool, Decimal]:
    return row[1] is None, row[1] or Decimal(0)
