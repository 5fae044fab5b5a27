"""The light meal: asked by a parent for a few days, until the same hour as an absence. A diet is never dropped for it: a celiac
child gets the light meal of the diet (the kitchen reads both codes). On a day without a meal it stays written and moves nothing.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from attendance import verdicts
from attendance.calendar import each_day
from attendance.errors import NoServiceDay, TooLate
from attendance.models import LightMeal
from attendance.rules import light_meals as rule
from attendance.rules.service_days import WEEKDAYS
from attendance.verdicts import DayVerdict
from enrolments import diet_rules
from enrolments.errors import Refused
from enrolments.models import Pupil
from identity.models import User

#: How far around the days asked the row is followed.
AROUND = dt.timedelta(days=45)


class TooManyLightMeals(Refused):
    """One more needs a certificate."""


class NothingToCook(Refused):
    """The child is not at the canteen that day."""


@dataclass(frozen=True)
class Coming:
    """A day to come: whether it is light already, and whether it can still be changed."""

    found: DayVerdict
    light: bool
    open: bool

    @property
    def day(self) -> dt.date:
        return self.found.day


def ask(*, pupil: Pupil, days: Iterable[dt.date], by: User, now: dt.datetime) -> list[dt.date]:
    """The days that are light from now on. All or none: a plate cannot be half decided."""
    with transaction.atomic():
        mine = Pupil.objects.select_for_update().get(pk=pupil.pk)
        wanted = _open_days(mine, sorted(set(days)), now, eating=True)
        _refuse_too_many(mine, wanted)
        LightMeal.objects.bulk_create(
            [LightMeal(pupil=mine, day=day, asked_by=by, asked_at=now) for day in wanted],
            ignore_conflicts=True,
        )
    return wanted


def withdraw(*, pupil: Pupil, days: Iterable[dt.date], by: User, now: dt.datetime) -> list[dt.date]:
    """Back to the usual menu, until the same hour."""
    wanted = _open_days(pupil, sorted(set(days)), now)
    LightMeal.objects.filter(pupil=pupil, day__in=wanted).delete()
    return wanted


def coming(*, pupil: Pupil, now: dt.datetime, many: int = 10) -> list[Coming]:
    """Today and the next days with a meal."""
    today = now.date()
    days = list(each_day(today, today + AROUND))
    found = verdicts.of_pupils(pupils=[pupil], days=days)
    light = set(LightMeal.objects.filter(pupil=pupil, day__gte=today).values_list("day", flat=True))
    rows = [found[pupil.pk, day] for day in days if found[pupil.pk, day].verdict]
    return [Coming(row, row.day in light, row.open_at(now)) for row in rows[:many]]


def _open_days(pupil: Pupil, days: list[dt.date], now: dt.datetime, *, eating: bool = False) -> list[dt.date]:
    """The days that can still be changed. With ``eating``, a day on which the child is away is refused, not silently kept."""
    found = verdicts.of_pupils(pupils=[pupil], days=days)
    rows = [found[pupil.pk, day] for day in days]
    late = [row for row in rows if row.verdict and not row.open_at(now)]
    if late:
        hour = late[0].hours.parent_cutoff
        raise TooLate(
            f"Sono passate le {hour:%H:%M}: per {named(late[0].day)} non si può più cambiare. "
            "I giorni successivi restano aperti."
        )
    wanted = [row.day for row in rows if row.verdict]
    if not wanted:
        raise NoServiceDay("Nei giorni scelti non c'è mensa: scegli almeno un giorno di mensa.")
    _refuse_away([row for row in rows if eating and row.verdict and not row.eats])
    return wanted


def _refuse_away(rows: list[DayVerdict]) -> None:
    if rows:
        raise NothingToCook(
            f"Per {named(rows[0].day)} non c'è un pasto da preparare. Se è segnata un'assenza, annullala e poi chiedi il pasto in bianco."
        )


def _refuse_too_many(pupil: Pupil, wanted: list[dt.date]) -> None:
    limit = diet_rules.on(wanted[0]).light_meal_days
    days = list(each_day(wanted[0] - AROUND, wanted[-1] + AROUND))
    found = verdicts.of_pupils(pupils=[pupil], days=days)
    light = set(
        LightMeal.objects.filter(pupil=pupil, day__range=(days[0], days[-1])).values_list("day", flat=True)
    )
    meals = [day for day in days if found[pupil.pk, day].eats]
    over = rule.one_too_many(meals, light | set(wanted), limit)
    if over:
        raise TooManyLightMeals(
            f"Senza certificato il pasto in bianco si chiede per {_at_most(limit)} di fila: {named(over)} sarebbe di troppo. "
            "Per continuare chiedi una dieta, con il certificato del medico."
        )


def _at_most(limit: int) -> str:
    return "un giorno" if limit == 1 else f"{limit} giorni"


def named(day: dt.date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day:%d/%m}"
