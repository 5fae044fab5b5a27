"""Strike, assembly, trip: declared by the school for its own classes, several at once. No euro is ever shown here; families have
nothing to do and are told; the office sees it among the closures and the caterer is told."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from attendance import closure_notices, closures
from attendance import hours as adopted
from attendance.errors import NotDeclared
from attendance.models import Closure, ClosureNotice
from attendance.rules import cutoff
from enrolments.models import ClassGroup, School
from identity.models import Role, User

REASONS = (Closure.Reason.STRIKE, Closure.Reason.ASSEMBLY, Closure.Reason.TRIP)
#: A strike or a trip is a matter of days; what is longer is the office's.
LONGEST = dt.timedelta(days=14)


@dataclass(frozen=True)
class Asked:
    """What the school wants to declare; ``last_day`` included."""

    classes: tuple[ClassGroup, ...]
    first_day: dt.date
    last_day: dt.date
    reason: str
    meal: str
    note: str = ""


@dataclass(frozen=True)
class Effect:
    """What the school may know of it: days, meals and pupils."""

    days: list[dt.date]
    meals: int
    pupils: int
    notice_hours: int
    enough_notice: bool


@dataclass(frozen=True)
class Declared:
    """Something the school has declared, and whether it can still be taken back by the school."""

    notice: ClosureNotice
    closures: list[Closure]
    told: closure_notices.Told
    may_undo: bool

    @property
    def revoked(self) -> bool:
        return all(row.revoked_at for row in self.closures)


def preview(*, asked: Asked, by: User, now: dt.datetime) -> Effect:
    """The effect; refuses here already what could not be declared."""
    _refuse(asked, by, now)
    found = closures.preview(
        first_day=asked.first_day,
        last_day=asked.last_day,
        classes=asked.classes,
        meal=asked.meal,
        now=now,
    )
    if not found.days:
        raise NotDeclared(
            "In questi giorni queste classi sono già senza mensa: non c'è niente da dichiarare."
        )
    in_time = found.enough_notice and found.still_to_cook
    return Effect(found.days, found.meals, found.pupils, found.notice_hours, in_time)


@transaction.atomic
def declare(*, asked: Asked, by: User, now: dt.datetime) -> list[Closure]:
    """One closure for each class, or one for a school when all its classes are meant; one message for each family. Declared
    twice it stands once."""
    _refuse(asked, by, now)
    rows = [
        closures.declare(
            school=school,
            class_group=group,
            first_day=asked.first_day,
            last_day=asked.last_day,
            reason=asked.reason,
            meal=asked.meal,
            act=asked.note,
            by=by,
            now=now,
        )
        for school, group in _scopes(asked.classes)
    ]
    closures.tell(closures=rows, by=by, now=now)
    return rows


@transaction.atomic
def withdraw(*, notice: ClosureNotice, by: User, now: dt.datetime) -> list[Closure]:
    """Take back what the school has declared, before the kitchen's sheet of its first day. Repeating it changes nothing."""
    rows = closure_notices.closures_of(notice)
    if all(row.revoked_at for row in rows):
        return rows
    if not _may_undo(rows, now):
        raise NotDeclared(
            "Il foglio della cucina di quel giorno è già chiuso: per annullare chiama l'ufficio mensa."
        )
    return closures.revoke_all(closures=rows, by=by, now=now)


def declared(*, by: User, now: dt.datetime, since: dt.timedelta = dt.timedelta(days=60)) -> list[Declared]:
    """What the schools of this secretary have declared lately, newest day first."""
    notices = of_schools(by).filter(made_at__gte=now - since).select_related("made_by")
    return [declared_one(notice, now) for notice in notices.order_by("-pk")[:30]]


def declared_one(notice: ClosureNotice, now: dt.datetime) -> Declared:
    rows = closure_notices.closures_of(notice)
    return Declared(notice, rows, closure_notices.how_far(notice), _may_undo(rows, now))


def by_the_office(
    *, by: User, now: dt.datetime, since: dt.timedelta = dt.timedelta(days=60)
) -> list[Closure]:
    """The closures that concern these schools and that the office has declared: those still ahead, the nearest first, then
    those of the last two months, the latest first. The school reads them; only the office can take them back."""
    own = School.objects.of_staff(by)
    concerns = Q(school__in=own) | Q(class_group__school__in=own) | Q(school=None, class_group=None)
    today = now.astimezone(cutoff.ROME).date()
    rows = Closure.objects.filter(concerns, last_day__gte=today - since)
    rows = rows.exclude(declared_by__role=Role.SECRETARY).select_related("school", "class_group__school")
    ahead = rows.filter(last_day__gte=today).order_by("first_day", "pk")
    return [*ahead, *rows.filter(last_day__lt=today).order_by("-first_day", "-pk")]


def of_schools(by: User) -> QuerySet[ClosureNotice]:
    """The declarations made by the secretaries of the same schools."""
    own = School.objects.of_staff(by)
    concerns = Q(announcements__closure__school__in=own) | Q(
        announcements__closure__class_group__school__in=own
    )
    rows = ClosureNotice.objects.filter(
        concerns, event=ClosureNotice.Event.DECLARED, made_by__role=Role.SECRETARY
    )
    return rows.distinct()


def _refuse(asked: Asked, by: User, now: dt.datetime) -> None:
    own = ClassGroup.objects.filter(
        pk__in=[group.pk for group in asked.classes], school__in=School.objects.of_staff(by)
    )
    if by.role != Role.SECRETARY or not asked.classes or own.count() != len(set(asked.classes)):
        raise NotDeclared("Puoi dichiararlo solo per le classi della tua scuola: scegli almeno una classe.")
    if asked.reason not in REASONS:
        raise NotDeclared(
            "La scuola dichiara scioperi, assemblee e uscite: per il resto chiama l'ufficio mensa."
        )
    if asked.last_day - asked.first_day > LONGEST:
        raise NotDeclared(f"Più di {LONGEST.days} giorni: chiama l'ufficio mensa.")
    if asked.first_day < now.astimezone(cutoff.ROME).date():
        raise NotDeclared("Il giorno è passato: per correggerlo chiama l'ufficio mensa.")
    if not _before_the_sheet(asked.first_day, now):
        raise NotDeclared("Il foglio della cucina di oggi è già chiuso: chiama l'ufficio mensa.")


def _before_the_sheet(day: dt.date, now: dt.datetime) -> bool:
    return now < cutoff.at(day, adopted.on(day).kitchen_sheet_at)


def _may_undo(rows: Collection[Closure], now: dt.datetime) -> bool:
    standing = [row for row in rows if row.revoked_at is None]
    return bool(standing) and _before_the_sheet(min(row.first_day for row in standing), now)


def _scopes(classes: Collection[ClassGroup]) -> list[tuple[School | None, ClassGroup | None]]:
    """All the classes of a school in their year are the school itself."""
    found: list[tuple[School | None, ClassGroup | None]] = []
    by_school: dict[tuple[int, int], list[ClassGroup]] = {}
    for group in sorted(set(classes), key=lambda one: one.pk):
        by_school.setdefault((group.school_id, group.year_id), []).append(group)
    for (school_id, year_id), groups in by_school.items():
        if ClassGroup.objects.filter(school=school_id, year=year_id).count() == len(groups):
            found.append((groups[0].school, None))
        else:
            found += [(None, group) for group in groups]
    return found
