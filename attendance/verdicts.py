"""The verdict of many pupils on many days, in a constant number of queries: what pages and sheets show."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from attendance import hours as adopted
from attendance.calendar import Calendar
from attendance.models import Absence, ClassRegister, Suspension
from attendance.rules import cutoff
from attendance.rules.service_days import Service
from attendance.rules.verdict import Case, Office, Parent, Phase, School, Verdict, decide
from enrolments.models import DietHold, Enrolment, Pupil

Key = tuple[int, dt.date]
NOT_ENROLLED = Service(open=False, code="not_enrolled", sentence="Non iscritto alla mensa in questa data.")


@dataclass(frozen=True)
class DayVerdict:
    """A child on a day. ``service`` says whether there is a meal at all; the verdict, if so, what becomes of it."""

    day: dt.date
    service: Service
    hours: cutoff.Hours
    verdict: Verdict | None = None
    class_id: int | None = None
    school_id: int | None = None
    phase: Phase | None = None
    suspended: bool = False
    held: bool = False
    words: dict[str, Absence] = field(default_factory=dict)

    @property
    def eats(self) -> bool:
        return bool(self.verdict and self.verdict.eats)

    @property
    def charged(self) -> bool:
        return bool(self.verdict and self.verdict.charged)

    @property
    def code(self) -> str:
        if self.verdict:
            return self.verdict.code
        if self.held:
            return "diet_hold"
        return "suspended" if self.suspended else self.service.code

    @property
    def sentence(self) -> str:
        if self.suspended:
            return "Servizio sospeso: nessun pasto, nessun addebito."
        if self.held:
            return "Pasto sospeso in attesa di conferma: nessun addebito."
        if self.verdict is None:
            return self.service.sentence
        if self.service.packed and self.verdict.eats:
            return self.service.sentence
        return self.verdict.sentence

    @property
    def until(self) -> dt.datetime:
        """The first instant at which a parent is too late for this day, on the wall clock of Rome."""
        return cutoff.parent_deadline(self.day, self.hours).astimezone(ZoneInfo("Europe/Rome"))

    @property
    def notice(self) -> Parent:
        """What the parents have said, by the last word of either."""
        return _parent(self.words.get(Absence.Source.PARENT))

    def open_at(self, now: dt.datetime) -> bool:
        """May a parent still speak of this day?"""
        return self.verdict is not None and cutoff.parent_in_time(self.day, self.hours, now)

    def can_mark(self, now: dt.datetime) -> bool:
        return self.open_at(now) and self.notice is not Parent.ABSENT

    def can_undo(self, now: dt.datetime) -> bool:
        return self.open_at(now) and self.notice is Parent.ABSENT


def of_pupils(*, pupils: Iterable[Pupil], days: Collection[dt.date]) -> dict[Key, DayVerdict]:
    """(pupil id, day) -> verdict, for every pair: twelve queries whatever the numbers."""
    ids = [pupil.pk for pupil in pupils]
    return Look(ids, days).verdicts() if ids and days else {}


class Look:
    """Everything the verdict of these pupils on these days (at least one) depends on, read once."""

    def __init__(self, pupil_ids: list[int], days: Collection[dt.date]) -> None:
        self.pupil_ids, self.days = pupil_ids, sorted(set(days))
        first, last = self.days[0], self.days[-1]
        self.hours = adopted.on_days(self.days)
        self.enrolments = _enrolments(pupil_ids, first, last)
        class_ids = {row.class_group_id for rows in self.enrolments.values() for row in rows}
        self.calendar = Calendar(class_ids, first, last)
        self.words = _words(pupil_ids, first, last)
        self.registers = set(
            ClassRegister.objects.filter(class_group_id__in=class_ids, day__range=(first, last)).values_list(
                "class_group_id", "day"
            )
        )
        self.suspensions = _suspensions(pupil_ids, first, last)
        self.holds = _diet_holds(pupil_ids, first, last)

    def listen_again(self) -> None:
        """After somebody has spoken: only the words are read anew."""
        self.words = _words(self.pupil_ids, self.days[0], self.days[-1])

    def verdicts(self) -> dict[Key, DayVerdict]:
        return {(pk, day): self.verdict(pk, day) for pk in self.pupil_ids for day in self.days}

    def verdict(self, pupil_id: int, day: dt.date) -> DayVerdict:
        row = next((row for row in self.enrolments[pupil_id] if _holds(row, day)), None)
        if row is None:
            return DayVerdict(day, NOT_ENROLLED, self.hours[day])
        class_id, school_id = row.class_group_id, self.calendar.classes[row.class_group_id][1]
        service = self.calendar.service(class_id, day)
        words = self.words[pupil_id, day]
        suspended = service.open and any(_holds(row, day) for row in self.suspensions[pupil_id])
        held = service.open and not suspended and any(_holds(row, day) for row in self.holds[pupil_id])
        phase = self.calendar.phase(class_id, day)
        taken = (class_id, day) in self.registers
        eaten = service.open and not suspended and not held
        verdict = decide(case_of(phase, words, taken=taken)) if eaten else None
        return DayVerdict(
            day, service, self.hours[day], verdict, class_id, school_id, phase, suspended, held, words
        )


def case_of(phase: Phase, words: dict[str, Absence], *, taken: bool) -> Case:
    """The rows of a child on a day as the rule wants them; ``taken``: the class's register is confirmed."""
    return Case(
        phase,
        _parent(words.get(Absence.Source.PARENT)),
        _school(words.get(Absence.Source.SCHOOL), taken=taken),
        _office(words.get(Absence.Source.OFFICE)),
    )


def _parent(word: Absence | None) -> Parent:
    if word is None or not word.absent:
        return Parent.NOTHING
    return Parent.ABSENT if word.in_time else Parent.LATE


def _school(word: Absence | None, *, taken: bool) -> School:
    if word is not None:
        return School.ABSENT if word.absent else School.PRESENT
    return School.PRESENT if taken else School.NOT_TAKEN


def _office(word: Absence | None) -> Office:
    if word is None:
        return Office.NOTHING
    return Office.ABSENT if word.absent else Office.PRESENT


def _holds(row: Enrolment | Suspension | DietHold, day: dt.date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)


def _enrolments(ids: list[int], first: dt.date, last: dt.date) -> dict[int, list[Enrolment]]:
    found: dict[int, list[Enrolment]] = defaultdict(list)
    for row in Enrolment.objects.overlapping(first, last).filter(pupil_id__in=ids):
        found[row.pupil_id].append(row)
    return found


def _suspensions(ids: list[int], first: dt.date, last: dt.date) -> dict[int, list[Suspension]]:
    found: dict[int, list[Suspension]] = defaultdict(list)
    for row in Suspension.objects.overlapping(first, last).filter(pupil_id__in=ids):
        found[row.pupil_id].append(row)
    return found


def _diet_holds(ids: list[int], first: dt.date, last: dt.date) -> dict[int, list[DietHold]]:
    found: dict[int, list[DietHold]] = defaultdict(list)
    for row in DietHold.objects.overlapping(first, last).filter(pupil_id__in=ids):
        found[row.pupil_id].append(row)
    return found


def _words(ids: list[int], first: dt.date, last: dt.date) -> dict[Key, dict[str, Absence]]:
    found: dict[Key, dict[str, Absence]] = defaultdict(dict)
    rows = Absence.objects.filter(day__range=(first, last), pupil_id__in=ids).select_related("marked_by")
    for row in rows:
        found[row.pupil_id, row.day][row.source] = row
    return found
