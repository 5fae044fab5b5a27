"""Meals beyond the enrolled pupils: staff on duty and support teachers, free; a child who eats without being enrolled, a case
that the office regularises. The kitchen counts them all, nobody is charged."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from attendance import hours as adopted
from attendance import registers
from attendance.calendar import Calendar
from attendance.errors import BadRange, NoServiceDay, TooLate
from attendance.models import ExtraMeal
from attendance.rules import cutoff
from attendance.rules.morning import free_teachers
from enrolments.models import ClassGroup, School
from identity.models import User

#: More than this in one class is a slip of the finger.
MOST = 60
#: How far ahead the school may declare.
AHEAD = dt.timedelta(days=14)
Kind = ExtraMeal.Kind


@dataclass(frozen=True)
class ClassExtras:
    """A class that eats on the day: its pupils, the teachers that eat free with them, what the school has declared."""

    class_group: ClassGroup
    eating: int
    allowed: int
    declared: dict[str, ExtraMeal]

    @property
    def staff(self) -> int:
        return self._count(Kind.STAFF)

    @property
    def support(self) -> int:
        return self._count(Kind.SUPPORT)

    @property
    def unenrolled(self) -> int:
        return self._count(Kind.UNENROLLED)

    @property
    def note(self) -> str:
        return self.declared[Kind.UNENROLLED].note if Kind.UNENROLLED in self.declared else ""

    @property
    def beyond(self) -> int:
        """Teachers beyond the free ones: they eat all the same, the office sees them."""
        return max(0, self.staff - self.allowed)

    def _count(self, kind: ExtraMeal.Kind) -> int:
        return self.declared[kind].count if kind in self.declared else 0


def declare(
    *,
    class_group: ClassGroup,
    day: dt.date,
    kind: ExtraMeal.Kind,
    count: int,
    by: User,
    now: dt.datetime,
    note: str = "",
) -> bool:
    """So many meals of this kind with this class on that day; the number replaces the one before. Returns whether it changed."""
    _refuse(class_group, day, kind, count, note, now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO attendance_extrameal AS stored
                (day, school_id, class_group_id, kind, count, note, declared_by_id, declared_at)
            SELECT %(day)s, %(school)s, %(class)s, %(kind)s, %(count)s, %(note)s, %(by)s, %(now)s
            WHERE %(count)s > 0 OR EXISTS (SELECT 1 FROM attendance_extrameal e WHERE e.day = %(day)s
                AND e.school_id = %(school)s AND e.class_group_id = %(class)s AND e.kind = %(kind)s)
            ON CONFLICT (day, school_id, class_group_id, kind) DO UPDATE SET count = excluded.count,
                note = excluded.note, declared_by_id = excluded.declared_by_id,
                declared_at = excluded.declared_at, settled_by_id = NULL, settled_at = NULL
            WHERE (stored.count, stored.note) IS DISTINCT FROM (excluded.count, excluded.note)
            RETURNING id""",
            {
                "day": day,
                "school": class_group.school_id,
                "class": class_group.pk,
                "kind": kind.value,
                "count": count,
                "note": note.strip() if count else "",
                "by": by.pk,
                "now": now,
            },
        )
        return cursor.fetchone() is not None


def _refuse(
    class_group: ClassGroup, day: dt.date, kind: ExtraMeal.Kind, count: int, note: str, now: dt.datetime
) -> None:
    today = now.astimezone(cutoff.ROME).date()
    if not 0 <= count <= MOST:
        raise BadRange(f"Il numero dei pasti va da 0 a {MOST}: controlla.")
    if kind == Kind.UNENROLLED and count and not note.strip():
        raise BadRange(
            "Scrivi nome e cognome di chi mangia senza iscrizione: serve all'ufficio per regolarizzare."
        )
    if day < today or day > today + AHEAD or now >= cutoff.at(day, adopted.on(day).night_at):
        raise TooLate("Questi pasti si dichiarano per oggi, prima di sera, o per le prossime due settimane.")
    service = Calendar([class_group.pk], day, day).service(class_group.pk, day)
    if not service.open:
        raise NoServiceDay(f"In quel giorno la classe non mangia: {service.sentence}")


def of_day(*, schools: Iterable[School], day: dt.date, now: dt.datetime) -> list[ClassExtras]:
    """The classes that eat on the day with what was declared for each: constant queries."""
    wanted = list(schools)
    hours = adopted.on(day)
    declared: dict[int, dict[str, ExtraMeal]] = {}
    rows = ExtraMeal.objects.filter(day=day, school__in=wanted, class_group__isnull=False)
    for row in rows.select_related("declared_by"):
        declared.setdefault(row.class_group_id or 0, {})[row.kind] = row
    return [
        ClassExtras(
            class_group=row.class_group,
            eating=row.eating,
            allowed=free_teachers(row.eating, hours),
            declared=declared.get(row.class_group.pk, {}),
        )
        for row in registers.today(schools=wanted, day=day, now=now)
        if row.service.open
    ]


def rules_of(day: dt.date) -> cutoff.Hours:
    """The rules of the day, for who reads how many teachers eat free."""
    return adopted.on(day)


def to_regularise() -> list[ExtraMeal]:
    """Children who have eaten without being enrolled and whose case nobody has closed, oldest first."""
    rows = ExtraMeal.objects.filter(kind=Kind.UNENROLLED, count__gt=0, settled_at__isnull=True)
    return list(rows.select_related("school", "class_group", "declared_by").order_by("day", "pk")[:200])


def settle(*, meal: ExtraMeal, by: User, now: dt.datetime) -> bool:
    """The office has enrolled the child, or spoken to the family. Once."""
    rows = ExtraMeal.objects.filter(pk=meal.pk, settled_at__isnull=True, kind=Kind.UNENROLLED)
    return rows.update(settled_at=now, settled_by=by) == 1
