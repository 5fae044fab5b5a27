"""A list of absences out of an electronic register: its columns, and what each cell means. Never a fiscal code."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from enrolments.rules.columns import said

#: Column -> the titles it goes by, without accents, spaces and capitals.
TITLES = {
    "day": ("giorno", "data", "data assenza"),
    "school": ("plesso", "codice plesso", "codice meccanografico"),
    "class": ("classe", "sezione", "classe sezione"),
    "code": ("codice", "codice alunno"),
    "last_name": ("cognome",),
    "first_name": ("nome",),
    "event": ("evento", "tipo", "assenza"),
}
NAMES = {
    "day": "Giorno",
    "school": "Plesso",
    "class": "Classe",
    "code": "Codice alunno",
    "last_name": "Cognome",
    "first_name": "Nome",
    "event": "Evento",
}
ABSENT = {"", "a", "ass", "assente", "assenza", "1", "si", "x"}
OTHER = {"r", "ritardo", "rb", "entrata", "u", "uscita", "ui", "p", "presente", "0", "no"}
DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{2})-(\d{2})")
FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row (an error leaves it out) or worth knowing (a warning)."""

    row: int
    column: str
    text: str
    error: bool = True


@dataclass(frozen=True)
class Asked:
    """A row that says somebody is absent: by code, or by class, surname and name."""

    row: int
    school: str
    label: str
    code: str
    last_name: str
    first_name: str


class HeaderRefused(ValueError):
    """The first row does not say what the columns are."""


def header(cells: Sequence[str]) -> dict[str, int]:
    """Column -> its position. A list must say the day and either the code or class, surname and name."""
    found: dict[str, int] = {}
    for position, cell in enumerate(cells):
        title = " ".join(re.sub(r"[^a-z]+", " ", cell.lower()).split())
        key = next((key for key, titles in TITLES.items() if title in titles), None)
        if key in found:
            raise HeaderRefused(f"La colonna «{NAMES[key]}» c'è due volte: lasciane una.")
        if key:
            found[key] = position
    if "day" not in found:
        raise HeaderRefused(
            f"Manca la colonna «Giorno»: la prima riga deve avere i nomi delle colonne. {said(cells)}"
        )
    if "code" not in found and not {"class", "last_name", "first_name"} <= found.keys():
        raise HeaderRefused(
            f"Serve la colonna «Codice alunno», oppure «Classe», «Cognome» e «Nome» insieme. {said(cells)}"
        )
    return found


def read(number: int, cells: Sequence[str], columns: dict[str, int], day: dt.date) -> Asked | Problem | None:
    """What a row asks; None when it is not about an absence of that day's meal (an empty row)."""
    values = {key: _clean(cells, position) for key, position in columns.items()}
    if not any(values.values()):
        return None
    when = _date(values["day"])
    if when is None:
        return Problem(number, NAMES["day"], "La data non si legge: scrivila come 24/11/2026.")
    if when != day:
        return Problem(
            number, NAMES["day"], f"La riga è del {when:%d/%m/%Y}: si importa solo il {day:%d/%m/%Y}."
        )
    event = values.get("event", "").lower()
    if event in OTHER:
        text = "Non è un'assenza: ritardi e uscite si registrano dall'appello della classe."
        return Problem(number, NAMES["event"], text, error=False)
    if event not in ABSENT:
        return Problem(number, NAMES["event"], "Evento sconosciuto: scrivi A per assente o lascia vuoto.")
    asked = Asked(
        row=number,
        school=values.get("school", "").upper(),
        label=label(values.get("class", "")),
        code=values.get("code", "").upper(),
        last_name=values.get("last_name", ""),
        first_name=values.get("first_name", ""),
    )
    if not asked.code and not (asked.label and asked.last_name and asked.first_name):
        return Problem(number, NAMES["last_name"], "Scrivi il codice alunno, oppure classe, cognome e nome.")
    return asked


def label(text: str) -> str:
    """ "3 A", "3^A", "3ªA", "3a" are all the class 3A."""
    return re.sub(r"[^0-9A-Z]", "", text.upper().replace("ª", ""))


def _clean(cells: Sequence[str], position: int) -> str:
    text = " ".join(cells[position].split()) if position < len(cells) else ""
    return text.lstrip("".join(FORMULA)).strip() if text.startswith(FORMULA) else text


def _date(text: str) -> dt.date | None:
    match = DATE.match(text)
    if not match:
        return None
    day, month, year, iso_year, iso_month, iso_day = match.groups()
    try:
        return dt.date(int(year or iso_year), int(month or iso_month), int(day or iso_day))
    except ValueError:
        return None
