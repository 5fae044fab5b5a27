"""A month of a class or of a whole school: is there a meal, and if not why. No child in it."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from attendance import grid
from attendance.calendar import Calendar
from attendance.grid import Month
from attendance.rules.service_days import WEEKDAYS, Service
from enrolments.models import ClassGroup, School

#: How a day is drawn and the one word that says it without colour.
WORDS = {
    "open": "mensa",
    "packed": "al sacco",
    "part": "in parte",
    "closure": "chiusa",
    "holiday": "festa",
    "patron": "patrono",
    "weekday": "non mangia",
    "out_of_period": "niente mensa",
}
#: What happens every week, or outside the season, is not news.
ORDINARY = {"open", "weekday", "out_of_period", "weekend"}
EATING = {"open", "packed", "part"}


@dataclass(frozen=True)
class Cell:
    """A day of a class, or of all the classes of a school."""

    day: dt.date
    in_month: bool
    is_today: bool
    kind: str
    sentence: str
    is_news: bool
    eating: int = 1
    classes: int = 1

    @property
    def word(self) -> str:
        if self.kind == "part":
            return f"{self.eating} classi su {self.classes}"
        return WORDS[self.kind]


@dataclass(frozen=True)
class News:
    """Consecutive days of which the same has to be said."""

    first: dt.date
    last: dt.date
    kind: str
    sentence: str


@dataclass(frozen=True)
class CalendarMonth:
    month: Month[Cell]
    news: list[News]
    weekdays: str

    @property
    def kinds(self) -> list[str]:
        """The legend: only the signs that are on the page."""
        found = {cell.kind for week in self.month.weeks for cell in week if cell.in_month}
        return [kind for kind in WORDS if kind in found]


def of_class(*, class_group: ClassGroup, first: dt.date, today: dt.date) -> CalendarMonth:
    days = grid.days_of(first)
    calendar = Calendar([class_group.pk], days[0], days[-1])
    cells = [_class_cell(calendar.service(class_group.pk, day), day, first, today) for day in days]
    return CalendarMonth(grid.arrange(first, cells), _news(cells), _weekdays(cells))


def of_school(*, school: School, first: dt.date, today: dt.date) -> CalendarMonth:
    """Every class at once: where they differ, how many eat."""
    days = grid.days_of(first)
    groups = ClassGroup.objects.filter(
        school=school, year__valid_from__lte=days[-1], year__valid_to__gte=days[0]
    ).order_by("grade", "section")
    labels = {group.pk: group.label for group in groups}
    calendar = Calendar(list(labels), days[0], days[-1])
    cells = [_school_cell(calendar, labels, day, first, today) for day in days]
    return CalendarMonth(grid.arrange(first, cells), _news(cells), "")


def _class_cell(service: Service, day: dt.date, first: dt.date, today: dt.date) -> Cell:
    place = (day, day.month == first.month, day == today)
    return Cell(*place, service.code, service.sentence, service.code not in ORDINARY)


def _school_cell(
    calendar: Calendar, labels: dict[int, str], day: dt.date, first: dt.date, today: dt.date
) -> Cell:
    services = {
        pk: calendar.service(pk, day) for pk, row in calendar.classes.items() if row[3] <= day <= row[4]
    }
    place = (day, day.month == first.month, day == today)
    if not services:
        return Cell(*place, "out_of_period", "Nessuna classe in quest'anno scolastico.", False, 0, 0)
    is_news = any(one.code not in ORDINARY for one in services.values())
    eating = sum(one.open for one in services.values())
    said = Counter((one.code, one.sentence) for one in services.values())
    if len(said) == 1:
        (code, sentence), _ = said.popitem()
        return Cell(*place, code, sentence, is_news, eating, len(services))
    return Cell(*place, _kind(services, eating), _by_reason(services, labels), is_news, eating, len(services))


def _kind(services: dict[int, Service], eating: int) -> str:
    """All eat, some of them out of a bag; some eat; nobody does, for the reason of most of those who would have."""
    if eating == len(services):
        return "packed"
    if eating:
        return "part"
    codes = [one.code for one in services.values() if one.code not in ORDINARY]
    return Counter(codes or [one.code for one in services.values()]).most_common(1)[0][0]


def _by_reason(services: dict[int, Service], labels: dict[int, str]) -> str:
    """ "3A: Mensa chiusa: sciopero."; who eats as usual is not named, nor who never eats on that weekday while others have a
    reason of the day."""
    is_news = any(one.code not in ORDINARY for one in services.values())
    quiet = ORDINARY if is_news else {"open"}
    found: dict[str, list[str]] = {}
    for pk in labels:
        if pk in services and services[pk].code not in quiet:
            found.setdefault(services[pk].sentence, []).append(labels[pk])
    if len(found) == 1 and not any(one.open for one in services.values()):
        return next(iter(found))
    return " ".join(f"{', '.join(names)}: {sentence}" for sentence, names in found.items())


def _news(cells: Iterable[Cell]) -> list[News]:
    """What the month has of its own, days of the same reason together as long as nobody eats between them."""
    found: dict[str, News] = {}
    done: list[News] = []
    for cell in (one for one in cells if one.in_month):
        if cell.kind in EATING:
            done += [one for one in found.values() if one.sentence != cell.sentence]
            found = {key: one for key, one in found.items() if key == cell.sentence}
        if cell.is_news:
            before = found.get(cell.sentence)
            first = before.first if before else cell.day
            found[cell.sentence] = News(first, cell.day, cell.kind, cell.sentence)
    return sorted([*done, *found.values()], key=lambda one: (one.first, one.last))


def _weekdays(cells: Collection[Cell]) -> str:
    """ "lunedì, mercoledì": the weekdays on which the class does not eat in the whole month."""
    usual = [cell for cell in cells if cell.in_month and cell.kind in {"open", "weekday"}]
    by_weekday = {number: {c.kind for c in usual if c.day.weekday() == number} for number in range(5)}
    return ", ".join(WEEKDAYS[number] for number, kinds in by_weekday.items() if kinds == {"weekday"})
