"""What happened in the town in those two months: each thing on its day, decided by the person who decides it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from django.db.models import Count

from attendance import closures, corrections
from attendance.errors import NoServiceDay
from attendance.models import Absence, Closure
from enrolments import enrolling, entitlements
from enrolments.models import ClassGroup, Custody, Enrolment, Household, Pupil, School
from mensa.demo import facts, people

#: A storm: the mayor closes the schools the evening before.
STORM = dt.date(2026, 11, 12)
#: The boiler of a school breaks down; the office hears of it the day after, when the meals have been charged.
NO_HEATING = dt.date(2026, 10, 21)
TRIP = dt.date(2026, 11, 6)
PACKED_LUNCH = dt.date(2026, 11, 26)
STRIKE = dt.date(2026, 11, 27)


def happen(day: dt.date) -> None:
    """Everything written down for that day."""
    for event in EVENTS.get(day, ()):
        event(day)
    if day.weekday() == 4:
        recognise_absences(day)


def declare_storm(day: dt.date) -> None:
    _close(
        day=STORM,
        reason=Closure.Reason.ORDINANCE,
        act="ordinanza sindacale n. 77 dell'11/11/2026: allerta meteo",
        now=facts.at(day, 19, 30),
    )


def declare_no_heating(day: dt.date) -> None:
    _close(
        day=NO_HEATING,
        reason=Closure.Reason.HEATING,
        act="nota del plesso del 21/10/2026: alunni a casa dalle 11",
        school=School.objects.get(code="BADEMO03"),
        now=facts.at(day, 10, 15),
    )


def declare_trip(day: dt.date) -> None:
    _close(
        day=TRIP,
        reason=Closure.Reason.TRIP,
        act="uscita didattica a Castel del Monte",
        class_group=class_of("BADEMO02", 4, "A"),
        now=facts.at(day, 11),
    )


def announce_packed_lunch(day: dt.date) -> None:
    _close(
        day=PACKED_LUNCH,
        reason=Closure.Reason.TRIP,
        meal=Closure.Meal.PACKED,
        act="uscita didattica alle grotte di Castellana",
        class_group=class_of("BADEMO02", 5, "A"),
        now=facts.at(day, 11),
    )


def announce_strike(day: dt.date) -> None:
    _close(
        day=STRIKE,
        reason=Closure.Reason.STRIKE,
        act="sciopero del personale scolastico",
        school=School.objects.get(code="BADEMO01"),
        now=facts.at(day, 12),
    )


def _close(
    *,
    day: dt.date,
    reason: Closure.Reason,
    act: str,
    now: dt.datetime,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    meal: Closure.Meal = Closure.Meal.NONE,
) -> None:
    closures.declare(
        school=school,
        class_group=class_group,
        first_day=day,
        last_day=day,
        reason=reason,
        meal=meal,
        act=f"{act}",
        by=people.office(),
        now=now,
    )


def class_of(school: str, grade: int, section: str) -> ClassGroup:
    return ClassGroup.objects.get(school__code=school, grade=grade, section=section, year__label=facts.YEAR)


def change_classes(day: dt.date) -> None:
    """Two pupils change class on a Wednesday: the day before belongs to the old one."""
    for school, grade, old, new in (("BADEMO02", 3, "A", "B"), ("BADEMO01", 2, "B", "A")):
        row = Enrolment.objects.on(day).filter(class_group=class_of(school, grade, old))
        first = row.select_related("pupil").order_by("pupil__fiscal_code").first()
        if first is not None:
            enrolling.change_class(
                pupil=first.pupil,
                class_group=class_of(school, grade, new),
                from_day=day,
                by=people.office(),
                now=facts.at(day, 8, 30),
            )


def withdraw_leavers(day: dt.date) -> None:
    """A few leave the canteen at the end of October: what is left in the wallet of an only child is to be given back."""
    for pupil in _some_pupils("uscite", 4):
        enrolling.withdraw(pupil=pupil, last_day=day, by=people.office(), now=facts.at(day, 12))


def take_new_isee(day: dt.date) -> None:
    """Presented in October, it counts from the first of November: two prices in two months, and nothing behind."""
    homes = Household.objects.filter(isee__isnull=True).exclude(residences__resident=False)
    dice = facts.dice("isee")
    for number, home in enumerate(homes.order_by("applicant__fiscal_code").distinct()[:6], start=1):
        entitlements.declare_isee(
            household=home,
            value=Decimal(dice.randrange(400_000, 2_400_000)) / 100,
            filed_on=day,
            protocol=f"INPS-ISEE-2026-9999{number:04d}X-00",
            by=people.office(),
            now=facts.at(day, 16),
        )


def move_in(day: dt.date) -> None:
    """Two families come to live in town on the first of November."""
    homes = Household.objects.filter(residences__resident=False).order_by("applicant__fiscal_code").distinct()
    for home in homes[:2]:
        entitlements.set_residence(
            household=home,
            resident=True,
            from_day=dt.date(2026, 11, 1),
            by=people.office(),
            now=facts.at(day, 9, 40),
        )


def recognise_absences(day: dt.date) -> None:
    """On Fridays the office settles the week's disputes: a child charged on Wednesday was ill at home."""
    meal_day = day - dt.timedelta(days=2)
    away = Absence.objects.filter(day=meal_day, absent=True).values("pupil")
    rows = Enrolment.objects.on(meal_day).filter(class_group__school__code="BADEMO03").exclude(pupil__in=away)
    dice = facts.dice("contestazioni", day)
    pupils = [row.pupil for row in rows.select_related("pupil").order_by("pupil__fiscal_code")]
    for pupil in dice.sample(pupils, min(2, len(pupils))):
        _recognise(pupil, meal_day, day)


def _recognise(pupil: Pupil, meal_day: dt.date, day: dt.date) -> None:
    try:
        corrections.correct(
            pupil=pupil,
            day=meal_day,
            absent=True,
            reason="Assenza confermata dalla scuola dopo la segnalazione della famiglia",
            by=people.office(),
            now=facts.at(day, 11, 20),
        )
    except NoServiceDay:
        return


def _some_pupils(what: str, how_many: int) -> list[Pupil]:
    """Only children, so that a wallet without children remains."""
    alone = Household.objects.annotate(children=Count("custodies__pupil", distinct=True)).filter(children=1)
    whole = Custody.objects.filter(household__in=alone, monday=True, friday=True)
    pupils = Pupil.objects.filter(custodies__in=whole, enrolments__isnull=False).distinct()
    ordered = list(pupils.order_by("fiscal_code"))
    return facts.dice(what).sample(ordered, min(how_many, len(ordered)))


EVENTS: dict[dt.date, tuple[Callable[[dt.date], None], ...]] = {
    dt.date(2026, 10, 14): (change_classes,),
    dt.date(2026, 10, 20): (take_new_isee,),
    dt.date(2026, 10, 22): (declare_no_heating,),
    dt.date(2026, 10, 28): (declare_trip, move_in),
    dt.date(2026, 10, 30): (withdraw_leavers,),
    dt.date(2026, 11, 11): (declare_storm,),
    dt.date(2026, 11, 18): (announce_packed_lunch,),
    dt.date(2026, 11, 20): (announce_strike,),
}
