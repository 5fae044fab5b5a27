"""The rows of a regional calendar as the office writes them: what each says, or what is wrong with it, by row and column."""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CLOSURE, CANTEEN = "chiusura", "mensa"
EVERYWHERE = ("", "tutte", "tutti", "comune")
#: Title -> other ways of writing it. The first four must be there.
TITLES = {
    "voce": ("tipo",),
    "dal": ("inizio", "data inizio"),
    "al": ("fine", "data fine"),
    "descrizione": ("motivo", "evento"),
    "per": ("scuole", "plesso", "ordine"),
    "atto": ("delibera",),
}
REQUIRED = ("voce", "dal", "al", "descrizione")
LONGEST = {"descrizione": 80, "atto": 70}


@dataclass(frozen=True, order=True)
class Problem:
    """Row of the file (1 is the header), column, what is written there, what to do."""

    row: int
    column: str
    value: str
    sentence: str


@dataclass(frozen=True)
class Line:
    """A row that can be read. ``who``: everywhere, a level of school, or the code of one."""

    row: int
    kind: str
    first: dt.date
    last: dt.date
    title: str
    who: str
    act: str


def read(rows: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[Line], list[Problem]]:
    """Lines and problems. A file without its columns is one problem of its first row."""
    numbered = list(rows)
    if not numbered:
        return [], [Problem(1, "voce", "", "Il file non ha righe: la prima porta i titoli delle colonne.")]
    number, titles = numbered[0]
    places = _places(titles)
    missing = [title for title in REQUIRED if title not in places]
    if missing:
        return [], [
            Problem(number, title, "", f"Manca la colonna «{title}»: aggiungila.") for title in missing
        ]
    lines: list[Line] = []
    problems: list[Problem] = []
    for row, cells in numbered[1:]:
        values = {title: _cell(cells, place) for title, place in places.items()}
        found = list(_problems(row, values))
        problems += found
        if not found:
            lines.append(_line(row, values))
    return lines, problems


def day(text: str) -> dt.date | None:
    """ "15/09/2026" or "2026-09-15"."""
    for pattern in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _places(titles: Sequence[str]) -> dict[str, int]:
    plain = [_plain(title) for title in titles]
    found = {}
    for title, others in TITLES.items():
        place = next((plain.index(name) for name in (title, *others) if name in plain), None)
        if place is not None:
            found[title] = place
    return found


def _problems(row: int, values: dict[str, str]) -> Iterable[Problem]:
    if _plain(values["voce"]) not in {CLOSURE, CANTEEN}:
        yield Problem(row, "voce", values["voce"], f"Scrivi «{CLOSURE}» oppure «{CANTEEN}».")
    days = {}
    for column in ("dal", "al"):
        text = values[column] or (values["dal"] if column == "al" else "")
        days[column] = day(text)
        if days[column] is None and (values[column] or column == "dal"):
            yield Problem(row, column, values[column], "Non è una data: scrivila come 23/12/2026.")
    first, last = days["dal"], days["al"]
    if first and last and last < first:
        yield Problem(row, "al", values["al"], "Viene prima di «dal»: controlla le due date.")
    if not values["descrizione"]:
        yield Problem(row, "descrizione", "", "Scrivi che cos'è, per esempio «vacanze di Natale».")
    for column, longest in LONGEST.items():
        if len(values.get(column, "")) > longest:
            yield Problem(row, column, values[column][:60], f"È troppo lungo: al più {longest} caratteri.")


def _line(row: int, values: dict[str, str]) -> Line:
    first = day(values["dal"])
    assert first is not None  # noqa: S101 - checked above
    return Line(
        row=row,
        kind=_plain(values["voce"]),
        first=first,
        last=day(values["al"]) or first,
        title=values["descrizione"],
        who="" if _plain(values.get("per", "")) in EVERYWHERE else values["per"],
        act=values.get("atto", ""),
    )


def _cell(cells: Sequence[str], place: int) -> str:
    return " ".join(cells[place].split()) if place < len(cells) else ""


def _plain(text: str) -> str:
    """Lower case, without accents and spare spaces."""
    flat = unicodedata.normalize("NFKD", text.strip().casefold())
    return " ".join("".join(char for char in flat if not unicodedata.combining(char)).split())
