"""What a closure would do, or what undoing it would do: meals, families and euro, by the night's own decision. Nothing is written."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from attendance import closure_scope, deciding
from attendance import hours as adopted
from attendance.calendar import Calendar, each_day
from attendance.errors import NotDeclared
from attendance.models import Closure, ServiceDay
from attendance.rules import cutoff
from enrolments.models import ClassGroup, Enrolment, School

LONGEST = 120
ZERO = Decimal("0.00")
_BY_WALLET = (
    "SELECT wallet_id, count(*), coalesce(sum(price), 0) FROM decided WHERE charged GROUP BY wallet_id"
)


@dataclass(frozen=True)
class Preview:
    """``euro``: what families will not pay or get back; of a revocation, what they will pay after all."""

    days: list[dt.date]
    meals: int
    families: int
    pupils: int
    euro: Decimal
    already_debited: list[dt.date]
    notice_hours: int
    enough_notice: bool
    still_to_cook: bool


@dataclass
class _Effect:
    """Meals by wallet and euro, added up day by day; who has no wallet yet counts as a meal."""

    meals: Counter[int | None] = field(default_factory=Counter)
    euro: Decimal = ZERO

    def add(self, day: dt.date, calendar: Calendar, sign: int = 1) -> None:
        decision = deciding.of_day(day, calendar=calendar)
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {decision.sql} {_BY_WALLET}", decision.params)
            for wallet, count, total in cursor.fetchall():
                self.meals[wallet] += sign * count
                self.euro += sign * total

    @property
    def families(self) -> int:
        return sum(1 for wallet, count in self.meals.items() if wallet and count)


def preview(
    *,
    first_day: dt.date,
    last_day: dt.date,
    now: dt.datetime,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    classes: Collection[ClassGroup] = (),
    meal: str = Closure.Meal.NONE,
) -> Preview:
    """The meals, families and euro of a closure to be. A packed lunch is eaten and charged: it moves no money."""
    refuse_bad_range(first_day, last_day)
    ids = closure_scope.class_ids(
        first=first_day, last=last_day, school=school, class_group=class_group, classes=classes
    )
    calendar = Calendar(ids, first_day, last_day)
    days = [day for day in each_day(first_day, last_day) if _some_class_eats(calendar, day)]
    effect = _Effect()
    for day in days:
        effect.add(day, calendar)
    return _told(effect, days, ids, now, moves_money=meal == Closure.Meal.NONE)


def preview_revocation(*, closures: Collection[Closure], now: dt.datetime) -> Preview:
    """What comes back when these closures are taken away together: only the days they alone keep shut. Of packed lunches the
    meals are those that go back to the table."""
    ids = sorted({pk for row in closures for pk in closure_scope.classes_of(row)})
    first, last = min(row.first_day for row in closures), max(row.last_day for row in closures)
    there = Calendar(ids, first, last)
    back = Calendar(ids, first, last, without={row.pk for row in closures})
    days = [day for day in each_day(first, last) if _differ(ids, there, back, day)]
    moves_money = any(row.meal == Closure.Meal.NONE for row in closures)
    effect = _Effect()
    for day in days:
        effect.add(day, back)
        if moves_money:
            effect.add(day, there, sign=-1)
    return _told(effect, days, ids, now, moves_money=moves_money)


def refuse_bad_range(first: dt.date, last: dt.date) -> None:
    if last < first:
        raise NotDeclared("L'ultimo giorno viene prima del primo: controlla le due date.")
    if (last - first).days >= LONGEST:
        raise NotDeclared(f"Una chiusura dura al massimo {LONGEST} giorni: controlla le due date.")


def _some_class_eats(calendar: Calendar, day: dt.date) -> bool:
    return any(calendar.service(class_id, day).open for class_id in calendar.classes)


def _differ(ids: Iterable[int], there: Calendar, back: Calendar, day: dt.date) -> bool:
    return any(there.service(pk, day) != back.service(pk, day) for pk in ids)


def _told(
    effect: _Effect, days: list[dt.date], ids: list[int], now: dt.datetime, *, moves_money: bool = True
) -> Preview:
    hours = adopted.on(days[0] if days else now.date())
    return Preview(
        days=days,
        meals=effect.meals.total(),
        families=effect.families,
        pupils=_pupils(ids, days),
        euro=effect.euro if moves_money else ZERO,
        already_debited=_debited(days) if moves_money and effect.meals.total() else [],
        notice_hours=hours.caterer_notice_hours,
        enough_notice=bool(days) and _is_in_time(days, hours, now),
        still_to_cook=any(_notice(day, hours, now) > dt.timedelta(0) for day in days),
    )


def _pupils(ids: list[int], days: list[dt.date]) -> int:
    if not days:
        return 0
    rows = Enrolment.objects.overlapping(days[0], days[-1]).filter(class_group_id__in=ids)
    return rows.values("pupil").distinct().count()


def _is_in_time(days: list[dt.date], hours: cutoff.Hours, now: dt.datetime) -> bool:
    """Whether the caterer can still follow on every day; of a sheet already sealed there is nothing left to tell."""
    notice = [left for day in days if (left := _notice(day, hours, now)) > dt.timedelta(0)]
    return not notice or min(notice) >= dt.timedelta(hours=hours.caterer_notice_hours)


def _notice(day: dt.date, hours: cutoff.Hours, now: dt.datetime) -> dt.timedelta:
    """What is left to the caterer before the kitchen's sheet of that day."""
    return cutoff.at(day, hours.kitchen_sheet_at) - now


def _debited(days: list[dt.date]) -> list[dt.date]:
    rows = ServiceDay.objects.filter(day__in=days).exclude(state=ServiceDay.State.OPEN)
    return list(rows.order_by("day").values_list("day", flat=True))
