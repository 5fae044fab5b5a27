"""A sealed sheet as people read it, on a page and on paper: tables of portions, packed lunches and grown-ups apart.

``diets``: False for who may not know which class eats which diet (enrolments/diet_readers.py): the portions alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from attendance import sealing
from attendance.kitchen import SchoolSheet
from attendance.models import KitchenSheet
from attendance.rules import portions
from attendance.rules.portions import PUPILS, WORDS, Portions, Serve

ROLL_CALL = {True: "confermato", False: "non confermato", None: "non previsto"}
NO_DIET = "Senza dieta"
TITLES = {Serve.TABLE: "Pasti a tavola", Serve.PACKED: "Pranzi al sacco"}


@dataclass(frozen=True)
class Cell:
    """A number under the name of its column."""

    column: str
    number: int


@dataclass(frozen=True)
class Row:
    """A class: its portions in the order of the columns. ``closed`` says why it has none."""

    label: str
    total: int
    cells: list[Cell]
    roll_call: str
    unconfirmed: bool
    closed: str = ""


@dataclass(frozen=True)
class Table:
    title: str
    packed: bool
    columns: list[str]
    rows: list[Row]

    @property
    def sums(self) -> list[Cell]:
        return [
            Cell(column, sum(row.cells[place].number for row in self.rows))
            for place, column in enumerate(self.columns)
        ]

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)


@dataclass(frozen=True)
class Change:
    """One line of a variation: how many portions more or less, of what, for whom."""

    label: str
    serve: str
    diet: str
    number: int


@dataclass(frozen=True)
class Page:
    """``sheet`` is the one of the hour, None while nothing is sealed; ``changes`` belong to a variation alone."""

    sheet: KitchenSheet | None
    tables: list[Table]
    grown_ups: list[Change]
    pupils: int
    beyond: int
    unconfirmed: int
    changes: list[Change] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.pupils + self.beyond


def of(sheets: Sequence[KitchenSheet], *, diets: bool) -> Page:
    """The sheet of the hour and, if given, the variations after it, summed."""
    last = sheets[-1]
    said = changes(last, diets=diets) if last.sequence else []
    return _page(sheets[0], _classes(sheets), sealing.ordered(sheets), said, diets)


def of_count(count: SchoolSheet, *, diets: bool) -> Page:
    """The counts of this moment, before the hour of the sheet or for a day to come."""
    classes = {line.class_group.pk: sealing.class_facts(line) for line in count.lines}
    return _page(None, classes, count.portions, [], diets)


def _page(
    sheet: KitchenSheet | None,
    classes: dict[int, dict[str, Any]],
    ordered: Portions,
    said: list[Change],
    diets: bool,
) -> Page:
    packed = {key.class_id for key in ordered if key.serve is Serve.PACKED}
    seated = {key.class_id for key in ordered if key.serve is Serve.TABLE}
    by_serve = {
        Serve.TABLE: [one for pk, one in classes.items() if pk in seated or pk not in packed],
        Serve.PACKED: [one for pk, one in classes.items() if pk in packed],
    }
    return Page(
        sheet=sheet,
        tables=[_table(serve, rows, ordered, diets) for serve, rows in by_serve.items() if rows],
        grown_ups=_lines(classes, {key: n for key, n in ordered.items() if key.serve not in PUPILS}),
        pupils=portions.of_pupils(ordered),
        beyond=portions.beyond(ordered),
        unconfirmed=sum(one["roll_call"] is False and not one["closed"] for one in classes.values()),
        changes=said,
    )


def changes(sheet: KitchenSheet, *, diets: bool) -> list[Change]:
    """What a variation says, line by line."""
    said = sealing.read(sheet)
    return _lines(_classes([sheet]), said if diets else portions.without_diets(said))


def _classes(sheets: Sequence[KitchenSheet]) -> dict[int, dict[str, Any]]:
    """Class id -> what was written of it last, in the order of the sheet."""
    found: dict[int, dict[str, Any]] = {}
    for sheet in sheets:
        for one in sheet.facts["classes"]:
            found[one["id"]] = {**found.get(one["id"], {}), **one}
    return found


def _table(serve: Serve, classes: list[dict[str, Any]], ordered: Portions, diets: bool) -> Table:
    codes = ["", *sorted({key.diet for key in ordered if key.serve is serve and key.diet})] if diets else []
    whole = portions.without_diets(ordered)
    rows = [
        Row(
            label=one["label"],
            total=whole[portions.Portion(one["id"], serve, "")],
            cells=[
                Cell(code or NO_DIET, ordered[portions.Portion(one["id"], serve, code)]) for code in codes
            ],
            roll_call=ROLL_CALL[one["roll_call"]],
            unconfirmed=one["roll_call"] is False and not one["closed"],
            closed=one["closed"],
        )
        for one in classes
    ]
    return Table(TITLES[serve], serve is Serve.PACKED, [code or NO_DIET for code in codes], rows)


def _lines(
    classes: dict[int, dict[str, Any]], counted: dict[portions.Portion, int] | Portions
) -> list[Change]:
    return [
        Change(
            label=classes[key.class_id]["label"] if key.class_id in classes else "Tutto il plesso",
            serve=WORDS[key.serve],
            diet=key.diet,
            number=counted[key],
        )
        for key in sorted(counted)
    ]
