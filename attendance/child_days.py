"""A child today and on the next day, in a parent's words: the card of the family's page, where one tap is enough."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from attendance import absence_receipts, verdicts
from attendance.models import Absence, AbsenceReceipt
from attendance.verdicts import DayVerdict, Look
from enrolments.models import Custody, Enrolment, Household, Pupil
from identity.models import User

#: How far ahead the next meal is looked for when today and tomorrow have none.
WEEK = 7
A_YEAR = dt.timedelta(days=365)
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
    receipt: AbsenceReceipt | None = None


@dataclass(frozen=True)
class Child:
    """``household``: the family on whose page the card stands; a child of two households has two cards."""

    code: str
    first_name: str
    place: str
    household: str
    days: tuple[Day, ...]


Receipts = dict[tuple[int, dt.date], AbsenceReceipt]


@dataclass(frozen=True)
class _Known:
    """What is known of some children in the week to come."""

    verdicts: dict[verdicts.Key, DayVerdict]
    receipts: Receipts
    places: dict[int, str]


def cards(
    custodies: Sequence[Custody], now: dt.datetime, look: Look | None = None
) -> list[tuple[Custody, Child]]:
    """The cards of these children, in this order; one who has left has none. A constant number of queries.

    The custodies come with their pupil and household.
    """
    known = _known([row.pupil for row in custodies], now.date(), look)
    return [(row, _card(row, known, now)) for row in custodies if row.pupil_id in known.places]


def card(
    *, pupil: Pupil, household: str, user: User, now: dt.datetime, look: Look | None = None
) -> Child | None:
    """The card of one child on the page of this household, if it is this user's. ``look``: its week, just read."""
    today = now.date()
    rows = (
        Custody.objects.overlapping(today, today + A_YEAR)
        .filter(pupil=pupil, household__code=household, household__in=Household.objects.of_parent(user))
        .select_related("pupil", "household")
        .order_by("valid_from")
    )
    found = cards(list(rows[:1]), now, look)
    return found[0][1] if found else None


def week(today: dt.date) -> list[dt.date]:
    """The days a card may speak of."""
    return [today + dt.timedelta(days=step) for step in range(WEEK + 1)]


def _known(pupils: Sequence[Pupil], today: dt.date, look: Look | None) -> _Known:
    days = week(today)
    return _Known(
        look.verdicts() if look else verdicts.of_pupils(pupils=pupils, days=days),
        absence_receipts.last_of(pupil_ids=[pupil.pk for pupil in pupils], days=days),
        _places(pupils, today),
    )


def _places(pupils: Sequence[Pupil], today: dt.date) -> dict[int, str]:
    """Class and school of who is enrolled now or will be: in August the next year's class."""
    rows = (
        Enrolment.objects.overlapping(today, today + A_YEAR)
        .filter(pupil__in=pupils)
        .select_related("class_group__school")
        .order_by("-valid_from")
    )
    return {row.pupil_id: f"{row.class_group.label}, {row.class_group.school.name}" for row in rows}


def _card(custody: Custody, known: _Known, now: dt.datetime) -> Child:
    pupil = custody.pupil
    return Child(
        pupil.code,
        pupil.first_name,
        known.places[pupil.pk],
        custody.household.code,
        _days(custody, known, now),
    )


def _days(custody: Custody, known: _Known, now: dt.datetime) -> tuple[Day, ...]:
    """Today, tomorrow and, when tomorrow has no meal, the next day that has one."""
    today, found = now.date(), known.verdicts
    ahead = [found[custody.pupil_id, today + dt.timedelta(days=step)] for step in range(WEEK + 1)]
    shown = [("Oggi", ahead[0]), ("Domani", ahead[1])]
    if not ahead[1].service.open and (later := _next_meal(ahead[2:])):
        shown.append(("Prossimo pasto", later))
    return tuple(_day(label, verdict, custody, known.receipts, now) for label, verdict in shown)


def _next_meal(ahead: Sequence[DayVerdict]) -> DayVerdict | None:
    return next((verdict for verdict in ahead if verdict.service.open), None)


def _day(label: str, verdict: DayVerdict, custody: Custody, receipts: Receipts, now: dt.datetime) -> Day:
    kind, words, note = _words(verdict, now)
    if verdict.eats and not pays(custody, verdict.day):
        note = "In questo giorno paga l'altra famiglia."
    may = "mark" if verdict.can_mark(now) else "undo" if verdict.can_undo(now) else ""
    receipt = receipts.get((custody.pupil_id, verdict.day))
    return Day(label, verdict.day, kind, words, note, may, receipt)


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
