"""Is there a meal for a class on a day? The answer is yes, or the reason in Italian (domain.md section 4, point 1)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

WEEKDAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")


@dataclass(frozen=True, slots=True)
class Span:
    """From a day to a day, both included; an open end is None."""

    first: dt.date
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Week:
    """The weekdays, Monday to Friday, on which a class eats while the span holds."""

    span: Span
    eats: tuple[bool, bool, bool, bool, bool]


@dataclass(frozen=True, slots=True)
class Patron:
    """The patron saint of a town: a day of the year, or the n-th weekday of a month (Bitritto: first Tuesday of March)."""

    name: str
    month: int
    day: int | None = None
    weekday: int | None = None
    nth: int | None = None

    def falls_on(self, day: dt.date) -> bool:
        if day.month != self.month:
            return False
        if self.day is not None:
            return day.day == self.day
        return day.weekday() == self.weekday and (day.day - 1) // 7 + 1 == self.nth


@dataclass(frozen=True, slots=True)
class Shut:
    """A closure in force (revoked ones are left out); ``packed``: no canteen, but a packed lunch is eaten and charged."""

    span: Span
    why: str
    packed: bool = False


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """What the calendar knows of one class: its own rows and those of its school and town."""

    periods: tuple[Span, ...]
    weeks: tuple[Week, ...] = ()
    patron: Patron | None = None
    closures: tuple[Shut, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """``open``: there is a meal. Otherwise ``code`` and ``sentence`` say why there is none."""

    open: bool
    code: str
    sentence: str
    packed: bool = False


CANTEEN = Service(open=True, code="open", sentence="C'è mensa.")
WEEKEND = Service(open=False, code="weekend", sentence="Di sabato e domenica non c'è mensa.")
OUT_OF_PERIOD = Service(
    open=False, code="out_of_period", sentence="La mensa di questa scuola non è attiva in questa data."
)


def everywhere_shut(day: dt.date, holidays: Mapping[dt.date, str]) -> Service | None:
    """Saturdays, Sundays and national holidays: the same answer for every class."""
    if day.weekday() >= 5:
        return WEEKEND
    if day in holidays:
        return Service(open=False, code="holiday", sentence=f"Festa nazionale: {holidays[day]}.")
    return None


def service(day: dt.date, facts: ClassFacts, holidays: Mapping[dt.date, str]) -> Service:
    """The rule, in the order of the regulation: the first reason found is the one shown."""
    shut = everywhere_shut(day, holidays)
    if shut:
        return shut
    if not any(period.holds(day) for period in facts.periods):
        return OUT_OF_PERIOD
    if facts.patron and facts.patron.falls_on(day):
        return Service(open=False, code="patron", sentence=f"Festa patronale: {facts.patron.name}.")
    if not _eats_on_this_weekday(day, facts.weeks):
        return Service(
            open=False, code="weekday", sentence=f"La classe non mangia di {WEEKDAYS[day.weekday()]}."
        )
    return _unless_closed(day, facts.closures)


def _eats_on_this_weekday(day: dt.date, weeks: tuple[Week, ...]) -> bool:
    """A class for which nobody has said anything eats from Monday to Friday: presence is automatic."""
    if not weeks:
        return True
    return any(week.eats[day.weekday()] for week in weeks if week.span.holds(day))


def _unless_closed(day: dt.date, closures: tuple[Shut, ...]) -> Service:
    """A closure without a meal weighs more than a trip with a packed lunch on the same day."""
    shut = [closure for closure in closures if closure.span.holds(day)]
    for closure in shut:
        if not closure.packed:
            return Service(open=False, code="closure", sentence=f"Mensa chiusa: {closure.why}.")
    if shut:
        return Service(open=True, code="packed", sentence=f"Pranzo al sacco: {shut[0].why}.", packed=True)
    return CANTEEN
