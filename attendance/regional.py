"""The regional calendar from a file: checked row by row without writing anything, then applied. The same file twice is once."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from attendance import closures
from attendance.closure_preview import LONGEST
from attendance.models import CalendarImport, CanteenPeriod, Closure
from attendance.rules import calendar_rows
from attendance.rules.calendar_rows import Line, Problem
from enrolments import sheets
from enrolments.errors import Refused
from enrolments.models import Level, School, SchoolYear
from enrolments.rules.columns import said
from identity.models import User

TITLES = ("voce", "dal", "al", "descrizione", "per", "atto")


class CalendarRefused(Refused):
    """A file that cannot be read, or a year that cannot be changed."""


@dataclass(frozen=True)
class Item:
    """A row for one school, or (no school) for the town. ``known``: it is written already."""

    line: Line
    school: School | None
    known: bool


@dataclass
class Report:
    """What the file says today, compared with what is written."""

    #: What the first row of the file says, in a sentence.
    titles: str
    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def new(self) -> list[Item]:
        return [item for item in self.items if not item.known]


@transaction.atomic
def check(*, data: bytes, name: str, year: SchoolYear, by: User, now: dt.datetime) -> CalendarImport:
    """Store the file, whatever is in it, and nothing else; the same file for the same year is the one stored."""
    if year.state == SchoolYear.State.CLOSED:
        raise CalendarRefused(f"L'anno scolastico {year} è chiuso: scegli l'anno del calendario.")
    rows = sheets.read(data, name, what="il calendario")
    row, _ = CalendarImport.objects.get_or_create(
        year=year,
        digest=hashlib.sha256(data).hexdigest(),
        defaults={
            "name": name[-120:],
            "content": json.dumps(rows, ensure_ascii=False),
            "uploaded_by": by,
            "uploaded_at": now,
        },
    )
    return row


def report(*, calendar: CalendarImport) -> Report:
    """The dry run, against the calendar as it is now."""
    rows = json.loads(calendar.content)
    lines, problems = calendar_rows.read(rows)
    found = Report(titles=said(rows[0][1]), problems=list(problems))
    schools = list(School.objects.order_by("name"))
    for line in lines:
        wrong = _wrong(line, calendar.year)
        scope = _scope(line, schools)
        if wrong is None and not scope:
            wrong = Problem(
                line.row,
                "per",
                line.who,
                "Nessun plesso: scrivi un ordine di scuola o un codice meccanografico.",
            )
        if wrong is None:
            wrong = next(filter(None, (_clash(line, school) for school in scope)), None)
        if wrong:
            found.problems.append(wrong)
        else:
            found.items += [Item(line, school, _is_known(line, school)) for school in scope]
    found.problems.sort()
    return found


@transaction.atomic
def apply(*, calendar: CalendarImport, by: User, now: dt.datetime) -> int:
    """Write the good rows, all or none; the rows with problems stay out. Returns how many things were new; again: none."""
    row = CalendarImport.objects.select_for_update(of=("self",)).select_related("year").get(pk=calendar.pk)
    if row.year.state == SchoolYear.State.CLOSED:
        raise CalendarRefused(f"L'anno scolastico {row.year} è chiuso: non si può più cambiare.")
    closures.lock()
    new = report(calendar=row).new
    for item in new:
        _write(item, row.year, by, now)
    if row.applied_at is None or new:
        row.applied_by, row.applied_at, row.written = by, now, row.written + len(new)
        row.save(update_fields=["applied_by", "applied_at", "written"])
    return len(new)


def example() -> bytes:
    """A file to start from."""
    rows = [
        ("chiusura", "23/12/2026", "06/01/2027", "vacanze di Natale", "", "D.G.R. n. 1/2026"),
        ("chiusura", "25/03/2027", "30/03/2027", "vacanze di Pasqua", "", "D.G.R. n. 1/2026"),
        ("mensa", "05/10/2026", "09/06/2027", "mensa della primaria", "primaria", ""),
    ]
    return sheets.as_csv(TITLES, rows)


def _write(item: Item, year: SchoolYear, by: User, now: dt.datetime) -> None:
    if item.line.kind == calendar_rows.CLOSURE:
        closures.declare(**_closure(item.line, item.school), by=by, now=now)
    elif item.school:
        CanteenPeriod.objects.create(
            school=item.school, year=year, valid_from=item.line.first, valid_to=item.line.last
        )


def _scope(line: Line, schools: Iterable[School]) -> list[School | None]:
    """The town, the schools of a level, one school; for the canteen's dates the town means every school."""
    if not line.who:
        return list(schools) if line.kind == calendar_rows.CANTEEN else [None]
    who = line.who.casefold()
    level = next((value for value, label in Level.choices if who in {value, label.casefold()}), None)
    return [school for school in schools if school.level == level or school.code.casefold() == who]


def _wrong(line: Line, year: SchoolYear) -> Problem | None:
    if line.first < year.valid_from or line.last > year.valid_to:
        days = f"{line.first:%d/%m/%Y} – {line.last:%d/%m/%Y}"
        sentence = (
            f"È fuori dall'anno {year}, che va dal {year.valid_from:%d/%m/%Y} al {year.valid_to:%d/%m/%Y}."
        )
        return Problem(line.row, "dal", days, sentence)
    if line.kind == calendar_rows.CLOSURE and (line.last - line.first).days >= LONGEST:
        return Problem(
            line.row, "al", f"{line.last:%d/%m/%Y}", f"Una chiusura dura al massimo {LONGEST} giorni."
        )
    return None


def _clash(line: Line, school: School | None) -> Problem | None:
    """Two periods of the canteen of one school never overlap: another one must be mended by hand."""
    if line.kind != calendar_rows.CANTEEN or _is_known(line, school):
        return None
    other = CanteenPeriod.objects.overlapping(line.first, line.last).filter(school=school).first()
    if other is None:
        return None
    until = f" al {other.valid_to:%d/%m/%Y}" if other.valid_to else ""
    sentence = f"{other.school} ha già la mensa dal {other.valid_from:%d/%m/%Y}{until}: cambia quel periodo nel pannello."
    return Problem(line.row, "dal", f"{line.first:%d/%m/%Y}", sentence)


def _is_known(line: Line, school: School | None) -> bool:
    if line.kind == calendar_rows.CLOSURE:
        return Closure.objects.filter(revoked_at__isnull=True, **_closure(line, school)).exists()
    rows = CanteenPeriod.objects.filter(school=school, valid_from=line.first, valid_to=line.last)
    return rows.exists()


def _closure(line: Line, school: School | None) -> dict[str, Any]:
    return {
        "school": school,
        "class_group": None,
        "first_day": line.first,
        "last_day": line.last,
        "reason": Closure.Reason.CALENDAR,
        "meal": Closure.Meal.NONE,
        "act": ": ".join(part for part in (line.act, line.title) if part),
    }
