"""What is written in a feed. Of a school and of a class: public facts, no child. Of a parent: the own children's days."""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from attendance import closure_scope, verdicts
from attendance.calendar import each_day, national_holidays, patron_of, why
from attendance.models import CalendarFeed, CanteenPeriod, Closure
from attendance.rules import ical
from attendance.rules.ical import Event
from enrolments.models import ClassGroup, Enrolment, Pupil, School

#: How far a feed looks back and ahead.
BACK, AHEAD = dt.timedelta(days=60), dt.timedelta(days=400)
#: A parent's days: as far as people plan.
CHILD_AHEAD = dt.timedelta(days=300)


def render(*, feed: CalendarFeed, today: dt.date) -> bytes:
    return ical.calendar(name=_name(feed), events=list(_events(feed, today)))


def _name(feed: CalendarFeed) -> str:
    if feed.owner_id:
        return "Mensa dei miei figli"
    if feed.class_group:
        return f"Mensa {feed.class_group.label}, {feed.class_group.school.name}"
    return f"Mensa, {feed.school.name}" if feed.school else "Mensa"


def _events(feed: CalendarFeed, today: dt.date) -> Iterator[Event]:
    if feed.owner_id:
        yield from _of_parent(feed, today)
        return
    school = feed.school or (feed.class_group.school if feed.class_group else None)
    if school is None:
        return
    first, last = today - BACK, today + AHEAD
    periods = list(CanteenPeriod.objects.overlapping(first, last).filter(school=school))
    yield from _of_closures(_closures(school, feed.class_group, first, last))
    yield from _of_feasts(school, periods, first, last, feed.created_at)
    yield from _of_periods(periods, feed.created_at)


def _closures(
    school: School, class_group: ClassGroup | None, first: dt.date, last: dt.date
) -> Iterable[Closure]:
    """In force, of the town and of the school; of its classes all (for the school) or only this one."""
    classes = Q(class_group=class_group) if class_group else Q(class_group__school=school)
    rows = Closure.objects.filter(revoked_at__isnull=True, first_day__lte=last, last_day__gte=first)
    scope = Q(school__isnull=True, class_group__isnull=True) | Q(school=school) | classes
    return rows.filter(scope).select_related("school", "class_group__school").order_by("pk")


def _of_closures(closures: Iterable[Closure]) -> Iterator[Event]:
    for row in closures:
        yield _closure_event(row, f"{row.class_group.label}: " if row.class_group else "")


def _closure_event(row: Closure, who: str) -> Event:
    return Event(
        uid=_uid(f"chiusura-{row.pk}"),
        first=row.first_day,
        last=row.last_day,
        summary=f"{who}{_what(row)}: {row.get_reason_display()}",
        description=f"{closure_scope.scope_words(row)}. {why(row).capitalize()}.",
        stamp=row.declared_at,
    )


def _what(closure: Closure) -> str:
    return "pranzo al sacco" if closure.meal == Closure.Meal.PACKED else "niente mensa"


def _of_feasts(
    school: School, periods: Collection[CanteenPeriod], first: dt.date, last: dt.date, stamp: dt.datetime
) -> Iterator[Event]:
    """National holidays and the patron of the school's town, on weekdays within the canteen's own dates."""
    feasts, patron = national_holidays(first, last), patron_of(school.city)
    for day in each_day(first, last):
        name = feasts.get(day) or (patron.name if patron and patron.falls_on(day) else "")
        if name and day.weekday() < 5 and any(_holds(period, day) for period in periods):
            yield Event(_uid(f"festa-{school.pk}-{day}"), day, day, f"niente mensa: {name}", stamp)


def _of_periods(periods: Iterable[CanteenPeriod], stamp: dt.datetime) -> Iterator[Event]:
    for row in periods:
        begins, ends = row.valid_from, row.valid_to
        yield Event(_uid(f"mensa-{row.pk}-inizio"), begins, begins, "inizia la mensa", stamp)
        if ends:
            yield Event(_uid(f"mensa-{row.pk}-fine"), ends, ends, "ultimo giorno di mensa", stamp)


def _of_parent(feed: CalendarFeed, today: dt.date) -> Iterator[Event]:
    """Each day on which a child eats, and the closures of its class. First names only; who is not said, eats."""
    assert feed.owner is not None  # noqa: S101 - for the type checker
    pupils = list(Pupil.objects.of_parent(feed.owner).order_by("birth_date", "pk"))
    days = list(each_day(today - BACK, today + CHILD_AHEAD))
    found = verdicts.of_pupils(pupils=pupils, days=[day for day in days if day.weekday() < 5])
    names = {pupil.pk: pupil.first_name for pupil in pupils}
    for (pupil_id, day), verdict in found.items():
        if verdict.eats:
            what = "pranzo al sacco" if verdict.service.packed else "mensa"
            uid = _child_uid(feed, pupil_id, day)
            yield Event(uid, day, day, f"{names[pupil_id]}: {what}", feed.created_at)
    yield from _closures_of_children(names, days[0], days[-1])


def _closures_of_children(names: dict[int, str], first: dt.date, last: dt.date) -> Iterator[Event]:
    enrolments = Enrolment.objects.overlapping(first, last).filter(pupil_id__in=names)
    found: dict[Closure, set[int]] = {}
    for enrolment in enrolments.select_related("class_group__school"):
        group = enrolment.class_group
        begins, ends = max(first, enrolment.valid_from), min(last, enrolment.valid_to or last)
        for row in _closures(group.school, group, begins, ends):
            found.setdefault(row, set()).add(enrolment.pupil_id)
    for row, pupil_ids in found.items():
        yield _closure_event(row, f"{', '.join(name for pk, name in names.items() if pk in pupil_ids)}: ")


def _child_uid(feed: CalendarFeed, pupil_id: int, day: dt.date) -> str:
    """The same day of the same child is the same event; the secret address does not show in it."""
    return _uid(hashlib.sha256(f"{feed.token}:{pupil_id}:{day}".encode()).hexdigest()[:32])


def _uid(name: str) -> str:
    return f"{name}@{urlsplit(settings.BASE_URL).hostname}"


def _holds(period: CanteenPeriod, day: dt.date) -> bool:
    return period.valid_from <= day and (period.valid_to is None or day <= period.valid_to)
