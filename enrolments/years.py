"""From a school year to the next: pupils move up a class, wallets are not touched, nothing happens twice."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from enrolments.enrolling import Place, enrol_many
from enrolments.errors import Refused
from enrolments.models import ClassGroup, Enrolment, Level, Pupil, School, SchoolYear
from enrolments.rules.isee import months_later
from identity.models import User

#: How many years each level lasts. After the infanzia a child goes to the primaria only by a new application.
LAST_GRADE: dict[str, int] = {Level.INFANZIA: 3, Level.PRIMARIA: 5, Level.SECONDARIA: 3}


class YearRefused(Refused):
    """A change of year that cannot be made as asked."""


@dataclass(frozen=True)
class ClassMove:
    """A class and where its pupils go: no target means that their path in this school ends."""

    school: School
    source: str
    target: str
    pupils: int


@dataclass(frozen=True)
class YearChange:
    """What closing a year does, or would do: shown before it is applied."""

    closing: SchoolYear
    next_label: str
    moves: tuple[ClassMove, ...]
    moving: int
    leaving: int
    waiting: int  # already enrolled in the next year, by an application or by this very change
    classes_to_make: int
    is_done: bool


@transaction.atomic
def create_year(
    *,
    label: str,
    valid_from: dt.date,
    valid_to: dt.date,
    applications: tuple[dt.date | None, dt.date | None] = (None, None),
    by: User,
    now: dt.datetime,
) -> SchoolYear:
    """A school year in preparation; the same one again is the stored one."""
    known = SchoolYear.objects.filter(label=label).first()
    if known is not None:
        return known
    if valid_to <= valid_from or SchoolYear.objects.overlapping(valid_from, valid_to).exists():
        raise YearRefused(
            "Le date dell'anno si sovrappongono a quelle di un altro, o sono al contrario: correggile."
        )
    first, last = applications
    return SchoolYear.objects.create(
        label=label,
        valid_from=valid_from,
        valid_to=valid_to,
        applications_from=first,
        applications_until=last,
    )


@transaction.atomic
def open_year(*, year: SchoolYear, by: User, now: dt.datetime) -> SchoolYear:
    """From now on the office works on this year too; an open year stays open."""
    locked = SchoolYear.objects.select_for_update().get(pk=year.pk)
    if locked.state == SchoolYear.State.CLOSED:
        raise YearRefused(f"L'anno scolastico {locked} è chiuso: non si riapre.")
    locked.state = SchoolYear.State.OPEN
    locked.save(update_fields=["state"])
    return locked


def preview(*, year: SchoolYear) -> YearChange:
    """What `close_year` would do; changes nothing."""
    following = next_year(year)
    staying = _staying(year)
    enrolled = _enrolled_in(following)
    moving = [row for row in staying if _goes_on(row.class_group) and row.pupil_id not in enrolled]
    leaving = [row for row in staying if not _goes_on(row.class_group) and row.pupil_id not in enrolled]
    return YearChange(
        closing=year,
        next_label=following.label if following else next_label(year),
        moves=tuple(_moves(staying)),
        moving=len(moving),
        leaving=len(leaving),
        waiting=len(enrolled),
        classes_to_make=len(_missing_classes(year, following)),
        is_done=year.state == SchoolYear.State.CLOSED,
    )


@transaction.atomic
def close_year(*, year: SchoolYear, by: User, now: dt.datetime) -> YearChange:
    """Close a year and open the next: its classes are made, pupils move up, and who has ended the path stays behind.

    Credit stays in the wallets. Who is enrolled in the next year already (an application to the primaria) is left there.
    Closing a closed year changes nothing.
    """
    locked = SchoolYear.objects.select_for_update().get(pk=year.pk)
    change = preview(year=locked)
    if change.is_done:
        return change
    following = next_year(locked) or _make_next(locked, by, now)
    ClassGroup.objects.bulk_create(_missing_classes(locked, following))
    _move_up(locked, following, by, now)
    open_year(year=following, by=by, now=now)
    locked.state = SchoolYear.State.CLOSED
    locked.save(update_fields=["state"])
    return change


@transaction.atomic
def prepare_next(*, year: SchoolYear, by: User, now: dt.datetime) -> SchoolYear:
    """The year after and its classes, made before this one is closed so that its calendar can be written. Repeating it, and
    closing the year after it, make nothing twice."""
    locked = SchoolYear.objects.select_for_update().get(pk=year.pk)
    following = next_year(locked) or _make_next(locked, by, now)
    ClassGroup.objects.bulk_create(_missing_classes(locked, following))
    return following


def missing_classes(year: SchoolYear) -> list[ClassGroup]:
    """The classes the year after does not have yet; not written."""
    return _missing_classes(year, next_year(year))


def leavers(year: SchoolYear) -> QuerySet[Pupil]:
    """Pupils of the year whose path has ended: withdrawn before its end, or in the last class, or not enrolled in the next
    one once the year is closed. An enrolment in a later year, wherever, takes a pupil off the list."""
    of_year = Enrolment.objects.filter(class_group__in=list(year.classes.values_list("pk", flat=True)))
    to_the_end = of_year.filter(valid_to=year.valid_to)
    last_class = to_the_end.filter(class_group__in=list(_last_classes(year)))
    later = Enrolment.objects.filter(valid_from__gt=year.valid_to)
    rows = Pupil.objects.filter(pk__in=of_year.values("pupil")).exclude(pk__in=later.values("pupil"))
    if year.state != SchoolYear.State.CLOSED:
        rows = rows.exclude(Q(pk__in=to_the_end.values("pupil")) & ~Q(pk__in=last_class.values("pupil")))
    return rows.order_by("sort_key", "pk")


def next_year(year: SchoolYear) -> SchoolYear | None:
    """The year that begins after this one, when it is there already."""
    return SchoolYear.objects.filter(valid_from__gt=year.valid_from).order_by("valid_from").first()


def next_label(year: SchoolYear) -> str:
    """ "2026/27" -> "2027/28"."""
    first = year.valid_from.year + 1
    return f"{first}/{(first + 1) % 100:02d}"


def _last_classes(year: SchoolYear) -> Iterable[int]:
    """The classes after which a level ends."""
    for group in year.classes.select_related("school"):
        if not _goes_on(group):
            yield group.pk


def _staying(year: SchoolYear) -> list[Enrolment]:
    """The enrolments that reach the end of the year; who was withdrawn before does not move."""
    rows = Enrolment.objects.filter(class_group__year=year, valid_to=year.valid_to)
    return list(rows.select_related("class_group__school", "pupil").order_by("pupil__sort_key", "pk"))


def _enrolled_in(year: SchoolYear | None) -> set[int]:
    if year is None:
        return set()
    rows = Enrolment.objects.filter(class_group__year=year)
    return set(rows.values_list("pupil_id", flat=True))


def _goes_on(group: ClassGroup) -> bool:
    return group.grade < LAST_GRADE[group.school.level]


def _moves(rows: Iterable[Enrolment]) -> list[ClassMove]:
    counts = Counter((row.class_group.school, row.class_group.grade, row.class_group.section) for row in rows)
    ordered = sorted(counts.items(), key=lambda item: (item[0][0].code, item[0][1], item[0][2]))
    return [
        ClassMove(
            school=school,
            source=f"{grade}{section}",
            target=f"{grade + 1}{section}" if grade < LAST_GRADE[school.level] else "",
            pupils=how_many,
        )
        for (school, grade, section), how_many in ordered
    ]


def _missing_classes(year: SchoolYear, following: SchoolYear | None) -> list[ClassGroup]:
    """Every class moves up with its section, and new first classes take the place of the old ones."""
    old = list(ClassGroup.objects.filter(year=year).select_related("school"))
    wanted = {(one.school_id, one.grade + 1, one.section) for one in old if _goes_on(one)}
    wanted |= {(one.school_id, 1, one.section) for one in old if one.grade == 1}
    there = ClassGroup.objects.filter(year=following).values_list("school_id", "grade", "section")
    missing = wanted - (set(there) if following else set())
    return [
        ClassGroup(school_id=school, grade=grade, section=section, year=following or year)
        for school, grade, section in sorted(missing)
    ]


def _make_next(year: SchoolYear, by: User, now: dt.datetime) -> SchoolYear:
    first = year.valid_to + dt.timedelta(days=1)
    last = months_later(year.valid_to, 12)
    return create_year(label=next_label(year), valid_from=first, valid_to=last, by=by, now=now)


def _move_up(year: SchoolYear, following: SchoolYear, by: User, now: dt.datetime) -> None:
    there = {
        (one.school_id, one.grade, one.section): one
        for one in ClassGroup.objects.filter(year=following).select_related("year", "school")
    }
    enrolled = _enrolled_in(following)
    places = [
        Place(
            pupil=row.pupil,
            class_group=there[row.class_group.school_id, row.class_group.grade + 1, row.class_group.section],
            first_day=following.valid_from,
        )
        for row in _staying(year)
        if _goes_on(row.class_group) and row.pupil_id not in enrolled
    ]
    enrol_many(places=places, by=by, now=now)
