"""Two months of canteen, day by day: notices of absence, roll-calls, payments, the office's decisions, the night."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from django.db import transaction

from attendance import absences, night, registers
from attendance.calendar import Calendar
from attendance.models import Absence, ServiceDay
from attendance.rules.verdict import Phase
from enrolments.models import ClassGroup, Enrolment, HouseholdMember, Pupil
from mensa import clock
from mensa.demo import cooking, events, facts, parents, people
from mensa.demo.plan import Scale, Step
from mensa.demo.top_ups import TopUps
from wallets import alerts

#: Out of a thousand children on a day: announced by a parent, who thinks of so many days, and found missing at the roll-call.
ANNOUNCED, DAYS_AWAY, FOUND_MISSING = 12, (1, 2, 3, 4, 5), 45

#: From here on every class is called every day.
EVERY_CLASS_FROM = dt.date(2026, 11, 16)
#: A child that the parents had announced as absent is seen at school: who is right, a person decides.
DISAGREEMENT = dt.date(2026, 11, 23)
#: The office switched the low-credit messages on when most families had used up the first notice.
ALERTS_FROM = dt.date(2026, 11, 20)


def steps(scale: Scale, top_ups: TopUps) -> list[Step]:
    return [
        Step(_title(day), partial(_is_over, day), partial(live, day, top_ups))
        for day in working_days(scale.last_day)
    ]


def working_days(last: dt.date) -> list[dt.date]:
    """Monday to Friday, from the canteen's first day."""
    count = (last - facts.CANTEEN_FIRST).days + 1
    days = (facts.CANTEEN_FIRST + dt.timedelta(days=number) for number in range(count))
    return [day for day in days if day.weekday() < 5]


def _title(day: dt.date) -> str:
    """One line a week is enough."""
    return f"La mensa, settimana del {day:%d/%m/%Y}…" if day.weekday() == 0 else ""


def _is_over(day: dt.date) -> bool:
    """The night has closed it, or a later day."""
    return ServiceDay.objects.filter(day__gte=day, state=ServiceDay.State.CLOSED).exists()


def live(day: dt.date, top_ups: TopUps) -> None:
    """A day from breakfast to the debit."""
    before_the_night(day, top_ups)
    cooking.serve(day)
    clock.move_to(facts.at(day, 20, 5))
    night.run(now=facts.at(day, 20, 5))
    if day >= ALERTS_FROM:
        alerts.send_due(now=facts.at(day, 20, 10))


@transaction.atomic
def before_the_night(day: dt.date, top_ups: TopUps) -> None:
    """Written together; done again, each operation finds its own work and leaves it."""
    clock.move_to(facts.at(day, 8))
    events.happen(day)
    _mark_absences(day)
    since = day - dt.timedelta(days=2 if day.weekday() == 0 else 0)
    top_ups.arrive(since, day)


def _mark_absences(day: dt.date) -> None:
    """The parents announce first, each for some days; then, where the school takes it, the roll-call of every class."""
    calendar = Calendar(None, day, day)
    announced, missing = _throw(day)
    groups = ClassGroup.objects.filter(pk__in=calendar.classes).order_by("school__code", "grade", "section")
    open_groups = [group for group in groups if calendar.service(group.pk, day).open]
    for group in open_groups:
        for pupil in announced[group.pk]:
            _announce(pupil, day)
    secretary = people.secretary()
    for group, away in _roll_calls(open_groups, missing, day):
        if calendar.phase(group.pk, day) != Phase.PARENTS:
            registers.confirm(
                class_group=group,
                day=day,
                absent_pupils=away,
                by=secretary,
                now=facts.at(day, 9, 10 + group.grade),
            )


def _roll_calls(
    groups: list[ClassGroup], missing: dict[int, list[Pupil]], day: dt.date
) -> Iterator[tuple[ClassGroup, set[int]]]:
    """Who is not there in each class. In the first weeks a class that has nothing to add to the parents' words is not called."""
    announced: dict[int, list[int]] = defaultdict(list)
    away = Absence.objects.filter(day=day, absent=True, source=Absence.Source.PARENT).values("pupil")
    rows = Enrolment.objects.on(day).filter(pupil__in=away).order_by("pupil__fiscal_code")
    for class_id, pupil_id in rows.values_list("class_group", "pupil"):
        announced[class_id].append(pupil_id)
    for group in groups:
        if missing[group.pk] or day >= EVERY_CLASS_FROM:
            unseen = announced[group.pk][1:] if day == DISAGREEMENT else announced[group.pk]
            yield group, {pupil.pk for pupil in missing[group.pk]} | set(unseen)


def _throw(day: dt.date) -> tuple[dict[int, list[Pupil]], dict[int, list[Pupil]]]:
    """Who will be away from that day, by class: announced by a parent, and simply not there."""
    announced: dict[int, list[Pupil]] = defaultdict(list)
    missing: dict[int, list[Pupil]] = defaultdict(list)
    dice = facts.dice("assenze", day)
    rows = Enrolment.objects.on(day).select_related("pupil").order_by("pupil__fiscal_code")
    for row in rows:
        throw = dice.randrange(1000)
        if throw < ANNOUNCED:
            announced[row.class_group_id].append(row.pupil)
        elif throw < ANNOUNCED + FOUND_MISSING:
            missing[row.class_group_id].append(row.pupil)
    return announced, missing


def _announce(pupil: Pupil, day: dt.date) -> None:
    """One of the parents, before breakfast; the days without canteen are left out by the portal."""
    member = (
        HouseholdMember.objects.filter(household__custodies__pupil=pupil)
        .select_related("guardian")
        .order_by("guardian__fiscal_code")
        .first()
    )
    if member is not None:
        many = facts.dice("giorni", day, pupil.fiscal_code).choice(DAYS_AWAY)
        absences.mark(
            pupil=pupil,
            days=absences.days_between(day, day + dt.timedelta(days=many - 1)),
            by=parents.sign_in(member.guardian, now=facts.at(day, 7, 45)),
            now=facts.at(day, 7, 45),
        )
