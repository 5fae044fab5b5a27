"""A child today and on the next day, in a parent's words."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attendance import verdicts
from attendance.models import Absence
from attendance.verdicts import DayVerdict
from enrolments.models import Custody, Pupil

#: How far ahead the next meal is looked for when today and tomorrow have none.
WEEK = 7
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WHO = {
    Absence.Source.PARENT: "Segnato da un genitore",
    Absence.Source.SCHOOL: "Segnato dalla scuola",
    Absence.Source.OFFICE: "Corretto dall'ufficio",
}


@dataclass(frozen=True)
class Day:
    """A child on a day; `may` is what the parent can still do about it: mark, undo or nothing."""

    label: str
    day: dt.date
    kind: str
    words: str
    note: str = ""
    may: str = ""


Verdicts = dict[verdicts.Key, DayVerdict]


def of(pupils: Iterable[Pupil], today: dt.date) -> Verdicts:
    """The verdicts of a week, for all children at once."""
    days = [today + dt.timedelta(days=step) for step in range(WEEK + 1)]
    return verdicts.of_pupils(pupils=pupils, days=days)


def days(custody: Custody, found: Verdicts, now: dt.datetime) -> tuple[Day, ...]:
    """Today, tomorrow and, when tomorrow has no meal, the next day that has one."""
    today = now.date()
    ahead = [found[custody.pupil_id, today + dt.timedelta(days=step)] for step in range(WEEK + 1)]
    shown = [("Oggi", ahead[0]), ("Domani", ahead[1])]
    if not ahead[1].service.open and (later := _next_meal(ahead[2:])):
        shown.append(("Prossimo pasto", later))
    return tuple(_day(label, verdict, custody, now) for label, verdict in shown)


def _next_meal(ahead: Sequence[DayVerdict]) -> DayVerdict | None:
    return next((verdict for verdict in ahead if verdict.service.open), None)


def _day(label: str, verdict: DayVerdict, custody: Custody, now: dt.datetime) -> Day:
    kind, words, note = _words(verdict, now)
    if verdict.eats and not pays(custody, verdict.day):
        note = "In questo giorno paga l'altra famiglia."
    may = "mark" if verdict.can_mark(now) else "undo" if verdict.can_undo(now) else ""
    return Day(label, verdict.day, kind, words, note, may)


def _words(verdict: DayVerdict, now: dt.datetime) -> tuple[str, str, str]:
    """Kind, status and note. A status is two or three words; what needs more stands in the note."""
    if verdict.suspended:
        return "warn", "Servizio sospeso", "Nessun pasto e nessun addebito."
    if verdict.held:
        return "warn", "Pasto sospeso", "In attesa di conferma: nessun pasto e nessun addebito."
    if verdict.verdict is None:
        return "none", "Niente mensa", verdict.sentence
    if verdict.verdict.conflict or verdict.verdict.disputable:
        return "warn", "Mangia a mensa" if verdict.eats else "Assente", verdict.sentence
    if verdict.eats:
        status = "Pranzo al sacco" if verdict.service.packed else "Mangia a mensa"
        return "eats", status, _until(verdict, now)
    return "absent", "Assente", _who_said_it(verdict)


def _until(verdict: DayVerdict, now: dt.datetime) -> str:
    if verdict.day != now.date():
        return ""
    cutoff = f"{verdict.hours.parent_cutoff:%H:%M}"
    return (
        f"Puoi disdire fino alle {cutoff}." if verdict.open_at(now) else f"La disdetta era entro le {cutoff}."
    )


def _who_said_it(verdict: DayVerdict) -> str:
    """The word that counted: the office's, else the school's, else a parent's."""
    for source in (Absence.Source.OFFICE, Absence.Source.SCHOOL, Absence.Source.PARENT):
        word = verdict.words.get(source)
        if word and word.absent:
            return f"{WHO[source]}: nessun addebito."
    return ""


def pays(custody: Custody, day: dt.date) -> bool:
    """Does this household pay for the child on that weekday? (Separated parents share the week.)"""
    return day.weekday() < len(WEEKDAYS) and bool(getattr(custody, WEEKDAYS[day.weekday()]))
