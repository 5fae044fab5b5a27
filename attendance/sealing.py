"""The kitchen's sheets, sealed: at the hour of the rules each school with canteen gets its numbered sheet, and what changes after
it becomes a numbered variation.

What is owed is in the database, not in the queue. A sheet is inserted first and compared after: two workers at once add one row,
whoever comes second finds nothing left to say. A variation is the difference between the counts of now and what has been sealed so
far, so nothing is missed and nothing is said twice, whatever the fact was.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from attendance import hours as adopted
from attendance import kitchen, kitchen_hours
from attendance.calendar import Calendar, national_holidays
from attendance.kitchen import ClassLine, SchoolSheet
from attendance.models import KitchenSheet
from attendance.rules import cutoff, portions
from attendance.rules.portions import Portion, Portions
from attendance.rules.service_days import everywhere_shut
from enrolments import rounds
from enrolments.models import ClassGroup, Enrolment, School, SchoolYear

#: A sheet later than this has been forgotten, not delayed.
PATIENCE = dt.timedelta(minutes=5)
_ADD = """
INSERT INTO attendance_kitchensheet
    (year_id, number, day, school_id, sequence, kind, base_id, sealed_at, content, previous, digest)
VALUES (%s, 0, %s, %s, %s, %s, %s, %s, %s, '', '')
ON CONFLICT (day, school_id, sequence) DO NOTHING RETURNING id
"""


def seal_due(*, now: dt.datetime) -> list[KitchenSheet]:
    """Everything owed to the kitchen at this moment: sheets whose hour has passed, then variations. Repeating it adds nothing."""
    day = now.astimezone(cutoff.ROME).date()
    if everywhere_shut(day, national_holidays(day, day)) or now < sealing_time(day):
        return []
    year = SchoolYear.objects.filter(valid_from__lte=day, valid_to__gte=day).first()
    if year is None:
        return []
    sealed = of_day(day)  # read before the counts: what is sealed is never newer than what is counted
    may_vary = now < cutoff.at(day, kitchen_hours.on(day).variations_until)
    if sealed and not may_vary:
        return []
    counts = rounds.at_once_or_each(
        list(School.objects.all()),
        lambda schools: kitchen.count(days=[day], schools=schools)[day],
        said="kitchen.not_counted",
    )
    added = rounds.each(
        [count for some in counts for count in some],
        lambda count: _seal(year, day, sealed.get(count.school.pk), count, now, may_vary=may_vary),
        said="kitchen.not_sealed",
    )
    return list(
        KitchenSheet.objects.filter(pk__in=[pk for pk in added if pk]).select_related("year", "school")
    )


def _seal(
    year: SchoolYear,
    day: dt.date,
    rows: list[KitchenSheet] | None,
    count: SchoolSheet,
    now: dt.datetime,
    *,
    may_vary: bool,
) -> int | None:
    """What one school is owed. A school that cannot be sealed stops no other, and the office sees which one it is."""
    if rows is None and count.has_service:
        return _add(year, day, count.school, 0, None, _sheet(day, count, now), now)
    if rows is not None and may_vary:
        return _vary(year, day, rows, count, now)
    return None


def sealing_time(day: dt.date) -> dt.datetime:
    return cutoff.at(day, adopted.on(day).kitchen_sheet_at)


def missing(*, now: dt.datetime, schools: Collection[School]) -> list[School]:
    """Of these schools those with canteen and no sheet well after the hour, by name: the worker or the beat stands still, or that
    school cannot be sealed. After lunch only a whole day without sheets is still worth a word."""
    day = now.astimezone(cutoff.ROME).date()
    if now < sealing_time(day) + PATIENCE:
        return []
    sheets = KitchenSheet.objects.filter(day=day, school__in=schools)
    sealed = set(sheets.values_list("school_id", flat=True))
    if sealed and now >= cutoff.at(day, kitchen_hours.on(day).variations_until):
        return []
    calendar = Calendar(ClassGroup.objects.filter(school__in=schools).values("pk"), day, day)
    open_ids = [pk for pk in calendar.classes if calendar.service(pk, day).open]
    waiting = Enrolment.objects.on(day).filter(class_group__in=open_ids)
    rows = School.objects.filter(pk__in=waiting.values("class_group__school_id")).exclude(pk__in=sealed)
    return list(rows.order_by("name"))


def of_day(day: dt.date, *, schools: Collection[School] | None = None) -> dict[int, list[KitchenSheet]]:
    """School id -> its sheet of the day and the variations, in order; with whoever has seen them."""
    rows = KitchenSheet.objects.filter(day=day)
    if schools is not None:
        rows = rows.filter(school__in=schools)
    found: dict[int, list[KitchenSheet]] = defaultdict(list)
    related = ("year", "school", "acknowledgement__user", "acknowledgement__caterer")
    for row in rows.select_related(*related).order_by("school__name", "sequence"):
        found[row.school_id].append(row)
    return dict(found)


def ordered(sheets: Collection[KitchenSheet]) -> Portions:
    """What the kitchen has been asked for: a sheet and its variations together."""
    return portions.added(read(sheet) for sheet in sheets)


def read(sheet: KitchenSheet) -> Portions:
    return portions.read(sheet.facts["portions"])


def _vary(
    year: SchoolYear, day: dt.date, rows: list[KitchenSheet], count: SchoolSheet, now: dt.datetime
) -> int | None:
    changes = portions.difference(ordered(rows), count.portions)
    if not changes:
        return None
    content = _variation(day, rows, count, changes, now)
    return _add(year, day, count.school, len(rows), rows[0], content, now)


def _add(
    year: SchoolYear,
    day: dt.date,
    school: School,
    sequence: int,
    base: KitchenSheet | None,
    content: dict[str, Any],
    now: dt.datetime,
) -> int | None:
    """The new row, or None when another worker was first: what it left unsaid is found by the next round."""
    kind = KitchenSheet.Kind.VARIATION if base else KitchenSheet.Kind.SHEET
    text = portions.canonical(content)
    values: list[Any] = [year.pk, day, school.pk, sequence, kind.value, base.pk if base else None, now, text]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ADD, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _head(kind: str, day: dt.date, school: School, now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "day": day.isoformat(),
        "school": {"code": school.code, "name": school.name},
        "sealed_at": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
    }


def _sheet(day: dt.date, count: SchoolSheet, now: dt.datetime) -> dict[str, Any]:
    return {
        **_head("sheet", day, count.school, now),
        "hour": f"{adopted.on(day).kitchen_sheet_at:%H:%M}",
        "classes": [class_facts(line) for line in count.lines],
        "portions": portions.written(count.portions),
    }


def class_facts(line: ClassLine) -> dict[str, Any]:
    """``roll_call``: null where it is not required (the parents alone decide)."""
    return {
        "id": line.class_group.pk,
        "label": line.class_group.label,
        "closed": "" if line.service.open else line.service.sentence,
        "roll_call": line.confirmed if line.required or line.confirmed else None,
    }


def _variation(
    day: dt.date,
    rows: list[KitchenSheet],
    count: SchoolSheet,
    changes: dict[Portion, int],
    now: dt.datetime,
) -> dict[str, Any]:
    """The difference, and the classes it names: also one that nobody attends any more."""
    touched = {key.class_id for key in changes} - {0}
    known = {line.class_group.pk: class_facts(line) for line in count.lines}
    gone = ClassGroup.objects.filter(pk__in=touched - set(known))
    known |= {row.pk: {"id": row.pk, "label": row.label, "closed": "", "roll_call": None} for row in gone}
    return {
        **_head("variation", day, count.school, now),
        "of": rows[0].number,
        "classes": [known[pk] for pk in sorted(touched)],
        "portions": portions.written(changes),
        "total": sum(count.portions.values()),
    }
