"""The roll-call: the secretary opens a class, ticks who is absent, confirms. Everybody else was seen present."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection, transaction

from attendance import hours as adopted
from attendance import passages, verdicts, words
from attendance.calendar import Calendar
from attendance.errors import NobodyAbsent, NoServiceDay, NotOfThisClass, Overtaken, TooLate
from attendance.models import Absence, ClassRegister, EverybodyPresent, Passage
from attendance.rules import cutoff
from attendance.rules.cutoff import Hours
from attendance.rules.service_days import Service
from attendance.rules.verdict import Parent, Phase
from attendance.verdicts import DayVerdict
from enrolments.models import ClassGroup, Enrolment, Pupil, School
from identity.models import User


class State(StrEnum):
    TO_DO = "to_do"
    CONFIRMED = "confirmed"
    OVERDUE = "overdue"
    OPTIONAL = "optional"
    NO_MEAL = "no_meal"


@dataclass(frozen=True)
class Line:
    """A pupil of the register; ``announced``: the parents have said so in time; ``ticked``: how the box stands now;
    ``passages``: a late entry or an early exit, which the roll-call does not cancel."""

    pupil: Pupil
    announced: bool
    ticked: bool
    suspended: bool
    held: bool
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The register of a class on a day, as the secretary sees it: names and absences, no diet, no money."""

    class_group: ClassGroup
    day: dt.date
    service: Service
    hours: Hours
    lines: list[Line]
    register: ClassRegister | None
    phase: Phase = Phase.BOTH

    @property
    def required(self) -> bool:
        """Where only the parents speak nobody waits for the roll-call."""
        return self.phase is not Phase.PARENTS

    @property
    def kept(self) -> set[int]:
        """Who came in late or went out early was there: the list of the absent does not touch them."""
        return {line.pupil.pk for line in self.lines if line.passages}

    def may_confirm(self, now: dt.datetime) -> bool:
        return self.service.open and cutoff.school_may_confirm(
            self.day, self.hours, now, confirmed=self.register is not None
        )

    @property
    def absent(self) -> int:
        return sum(line.ticked for line in self.lines)

    @property
    def present(self) -> int:
        return sum(not line.ticked and not line.suspended and not line.held for line in self.lines)


@dataclass(frozen=True)
class ClassToday:
    class_group: ClassGroup
    state: State
    service: Service
    enrolled: int
    announced: int
    missing: int
    eating: int
    register: ClassRegister | None
    phase: Phase = Phase.BOTH


@dataclass(frozen=True)
class Form:
    """The page a list came from: its own key, and how many times the list had changed when it was sent."""

    key: str
    turn: int = 0


def confirm(
    *,
    class_group: ClassGroup,
    day: dt.date,
    absent_pupils: Collection[int],
    by: User,
    now: dt.datetime,
    seen: str | None = None,
    form: Form | None = None,
    sure: bool = True,
) -> ClassRegister:
    """Write the roll-call of a class. The same list again changes nothing; until the deadline it can be changed.

    ``absent_pupils``: ids of who is not there. ``seen``: the ``stamp`` of the sheet the form was made from; an old form that
    arrives after a newer list is refused, unless it is the very page that wrote it, cut off and changed since (``form``).
    ``sure`` False: a whole school without absences is asked about, once. The school is taken first, then the register's row:
    two secretaries follow one another, and the last of two classes confirmed in the same instant sees the other.
    """
    with transaction.atomic():
        _take_school(class_group.school_id)
        register, is_new = _take(class_group, day, by, now)
        sheet = read(class_group=class_group, day=day)
        absent = set(absent_pupils) - sheet.kept
        if not is_new and absent == {line.pupil.pk for line in sheet.lines if line.ticked}:
            return register
        _refuse(sheet, absent, now, None if _is_the_same(register, form) else seen, is_new=is_new)
        _write(sheet, absent, by, now)
        _sign(register, form, by, now)
        if not absent:
            _ask_when_nobody_is_absent(class_group.school, day, by, now, sheet.hours, sure=sure)
    return register


def _is_the_same(register: ClassRegister, form: Form | None) -> bool:
    """Is this the page that wrote the register last, with a list it has changed since?"""
    return (
        form is not None
        and form.key != ""
        and form.key == register.form_key
        and form.turn > register.form_turn
    )


def _sign(register: ClassRegister, form: Form | None, by: User, now: dt.datetime) -> None:
    register.confirmed_at, register.confirmed_by = now, by
    register.form_key, register.form_turn = (form.key, form.turn) if form else ("", 0)
    register.save(update_fields=["confirmed_at", "confirmed_by", "form_key", "form_turn"])


def _ask_when_nobody_is_absent(
    school: School, day: dt.date, by: User, now: dt.datetime, hours: Hours, *, sure: bool
) -> None:
    """The roll-call that completes a school with nobody absent is stopped once: a question, not a mistake (yet)."""
    classes = [row for row in today(schools=[school], day=day, now=now) if row.service.open]
    pupils = sum(row.enrolled for row in classes)
    if any(row.register is None or row.missing for row in classes) or pupils < hours.nobody_absent_from:
        return
    if EverybodyPresent.objects.filter(school=school, day=day).exists():
        return
    if not sure:
        raise NobodyAbsent(pupils)
    EverybodyPresent.objects.bulk_create(
        [EverybodyPresent(school=school, day=day, pupils=pupils, said_by=by, said_at=now)],
        ignore_conflicts=True,
    )


def stamp(register: ClassRegister | None) -> str:
    """Which version of the register a form was made from; empty: nobody had confirmed it yet."""
    return register.confirmed_at.astimezone(dt.UTC).isoformat() if register else ""


def read(*, class_group: ClassGroup, day: dt.date) -> Sheet:
    """The class on that day: who was enrolled then, in alphabetical order, the parents' absences already ticked."""
    return read_many(groups=[class_group], day=day)[0]


def read_many(*, groups: Collection[ClassGroup], day: dt.date) -> list[Sheet]:
    """The registers of several classes: constant queries, whatever their number."""
    ids = [group.pk for group in groups]
    places = dict(
        Enrolment.objects.on(day).filter(class_group_id__in=ids).values_list("pupil_id", "class_group_id")
    )
    pupils = list(Pupil.objects.filter(pk__in=places).order_by("sort_key", "pk"))
    found = verdicts.of_pupils(pupils=pupils, days=[day])
    moved = passages.of_pupils(places, day)
    rows = ClassRegister.objects.filter(day=day, class_group_id__in=ids).select_related("confirmed_by")
    taken = {row.class_group_id: row for row in rows}
    lines: dict[int, list[Line]] = {pk: [] for pk in ids}
    for pupil in pupils:
        place = places[pupil.pk]
        line = _line(pupil, found[pupil.pk, day], moved.get(pupil.pk, ()), taken=place in taken)
        lines[place].append(line)
    calendar, hours = Calendar(ids, day, day), adopted.on(day)
    return [
        Sheet(
            class_group=group,
            day=day,
            service=calendar.service(group.pk, day),
            hours=hours,
            lines=lines[group.pk],
            register=taken.get(group.pk),
            phase=calendar.phase(group.pk, day),
        )
        for group in groups
    ]


def today(*, schools: Iterable[School], day: dt.date, now: dt.datetime) -> list[ClassToday]:
    """The classes with somebody enrolled, and the state of their roll-call: constant queries."""
    groups = list(
        ClassGroup.objects.filter(school__in=schools, year__valid_from__lte=day, year__valid_to__gte=day)
        .select_related("school")
        .order_by("school__name", "grade", "section")
    )
    ids = [group.pk for group in groups]
    registers = {
        row.class_group_id: row for row in ClassRegister.objects.filter(day=day, class_group_id__in=ids)
    }
    meals: dict[int, list[DayVerdict]] = {pk: [] for pk in ids}
    for found in verdicts.of_pupils(pupils=_pupils_of(ids, day), days=[day]).values():
        meals[found.class_id or 0].append(found)
    calendar, hours = Calendar(ids, day, day), adopted.on(day)
    return [
        _class_today(group, calendar, meals[group.pk], registers.get(group.pk), hours, now)
        for group in groups
        if meals[group.pk]
    ]


def _class_today(
    group: ClassGroup,
    calendar: Calendar,
    meals: list[DayVerdict],
    register: ClassRegister | None,
    hours: Hours,
    now: dt.datetime,
) -> ClassToday:
    day = meals[0].day
    service, phase = calendar.service(group.pk, day), calendar.phase(group.pk, day)
    overdue = now >= cutoff.register_deadline(day, hours)
    if not service.open:
        state = State.NO_MEAL
    elif register:
        state = State.CONFIRMED
    elif phase is Phase.PARENTS:
        state = State.OPTIONAL
    else:
        state = State.OVERDUE if overdue else State.TO_DO
    return ClassToday(
        class_group=group,
        state=state,
        service=service,
        enrolled=len(meals),
        announced=sum(meal.notice is Parent.ABSENT for meal in meals),
        missing=sum(_is_away(meal) for meal in meals),
        eating=sum(meal.eats for meal in meals),
        register=register,
        phase=phase,
    )


def _is_away(meal: DayVerdict) -> bool:
    """The last word of school or office says that the child is not there."""
    word = meal.words.get(Absence.Source.OFFICE) or meal.words.get(Absence.Source.SCHOOL)
    return bool(word and word.absent)


def _pupils_of(class_ids: Collection[int], day: dt.date) -> Iterable[Pupil]:
    rows = Enrolment.objects.on(day).filter(class_group_id__in=class_ids)
    return Pupil.objects.filter(pk__in=rows.values("pupil_id")).order_by("sort_key", "pk")


def _line(pupil: Pupil, found: DayVerdict, moved: tuple[Passage, ...], *, taken: bool) -> Line:
    school = found.words.get(Absence.Source.SCHOOL)
    announced = found.notice is Parent.ABSENT
    ticked = announced if school is None and not taken else bool(school and school.absent)
    return Line(
        pupil=pupil,
        announced=announced,
        ticked=ticked and not moved,
        suspended=found.suspended,
        held=found.held,
        passages=moved,
    )


def _take_school(school_id: int) -> None:
    """The roll-calls of a school follow one another: without this the last two, at once, would each find the other missing."""
    School.objects.select_for_update(no_key=True).get(pk=school_id)


def _take(class_group: ClassGroup, day: dt.date, by: User, now: dt.datetime) -> tuple[ClassRegister, bool]:
    """The register's row, locked until the end of the transaction, and whether it is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO attendance_classregister (class_group_id, day, confirmed_at, confirmed_by_id)
            VALUES (%s, %s, %s, %s) ON CONFLICT (day, class_group_id) DO NOTHING RETURNING id""",
            [class_group.pk, day, now, by.pk],
        )
        is_new = cursor.fetchone() is not None
    return ClassRegister.objects.select_for_update().get(class_group=class_group, day=day), is_new


def _refuse(sheet: Sheet, absent: set[int], now: dt.datetime, seen: str | None, *, is_new: bool) -> None:
    if not sheet.service.open:
        raise NoServiceDay(f"Oggi non c'è appello: {sheet.service.sentence}")
    if not absent <= {line.pupil.pk for line in sheet.lines}:
        raise NotOfThisClass
    if not cutoff.school_may_confirm(sheet.day, sheet.hours, now, confirmed=not is_new):
        raise _too_late(sheet, now, is_new=is_new)
    if seen is not None and seen != ("" if is_new else stamp(sheet.register)):
        raise Overtaken


def _write(sheet: Sheet, absent: set[int], by: User, now: dt.datetime) -> None:
    """Who is ticked is absent; who was ticked before and is not any more is present."""
    away = [(sheet.day, pk) for pk in sorted(absent)]
    back = [(sheet.day, pk) for pk in sorted({line.pupil.pk for line in sheet.lines} - absent)]
    words.say(away, source=Absence.Source.SCHOOL, absent=True, by=by, now=now)
    words.take_back(back, source=Absence.Source.SCHOOL, by=by, now=now)


def _too_late(sheet: Sheet, now: dt.datetime, *, is_new: bool) -> TooLate:
    if now.astimezone(cutoff.ROME).date() != sheet.day:
        return TooLate(
            "L'appello si conferma solo nel giorno stesso: per gli altri giorni scrivi all'ufficio."
        )
    if is_new:
        return TooLate("La giornata è già stata addebitata: per questa classe scrivi all'ufficio.")
    return TooLate(
        f"L'appello era già confermato e dopo le {sheet.hours.register_deadline:%H:%M} non si cambia più: "
        "per una correzione scrivi all'ufficio."
    )
