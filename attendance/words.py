"""The rows of what is said of a child on a day: one per source, written insert-first so that two people at once never clash.

History is kept by the triggers of pghistory; a word that repeats the one already there changes nothing, not even the hour.
"""

import datetime as dt
from collections.abc import Collection

from django.db import connection

from attendance.models import Absence
from identity.models import User

Key = tuple[dt.date, int]

_SAY = """
INSERT INTO attendance_absence AS stored
    (day, pupil_id, source, absent, in_time, note, marked_by_id, marked_at)
SELECT said.day, said.pupil_id, %(source)s, %(absent)s, %(in_time)s, %(note)s, %(by)s, %(now)s
FROM unnest(%(days)s::date[], %(pupils)s::integer[]) AS said(day, pupil_id)
ORDER BY said.day, said.pupil_id
ON CONFLICT (day, pupil_id, source) DO UPDATE SET
    absent = excluded.absent, in_time = excluded.in_time, note = excluded.note,
    marked_by_id = excluded.marked_by_id, marked_at = excluded.marked_at
WHERE (stored.marked_at <= excluded.marked_at OR stored.absent AND NOT stored.in_time AND excluded.in_time)
    AND (stored.absent, stored.in_time, stored.note) IS DISTINCT FROM (excluded.absent, excluded.in_time, excluded.note)
    AND NOT (stored.absent AND stored.in_time AND NOT excluded.in_time)
RETURNING day, pupil_id
"""


def say(
    keys: Collection[Key],
    *,
    source: Absence.Source,
    absent: bool,
    by: User,
    now: dt.datetime,
    in_time: bool = True,
    note: str = "",
) -> set[Key]:
    """Write these words; returns the (day, pupil) that really changed. The last in time wins; a late word never takes the
    place of one that came in time, not even when it happens to be written first."""
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _SAY,
            {
                "source": source.value,
                "absent": absent,
                "in_time": in_time,
                "note": note,
                "by": by.pk,
                "now": now,
                "days": [day for day, _ in keys],
                "pupils": [pupil for _, pupil in keys],
            },
        )
        return {(day, pupil) for day, pupil in cursor.fetchall()}


def take_back(keys: Collection[Key], *, source: Absence.Source, by: User, now: dt.datetime) -> set[Key]:
    """The child will be there after all: only words that said "absent" change, nothing is created."""
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE attendance_absence stored SET absent = false, marked_by_id = %(by)s, marked_at = %(now)s
            FROM (SELECT * FROM unnest(%(days)s::date[], %(pupils)s::integer[]) AS said(day, pupil_id)
                  ORDER BY 1, 2) said
            WHERE stored.day = said.day AND stored.pupil_id = said.pupil_id AND stored.source = %(source)s
                AND stored.absent AND stored.marked_at <= %(now)s
            RETURNING stored.day, stored.pupil_id""",
            {
                "source": source.value,
                "by": by.pk,
                "now": now,
                "days": [day for day, _ in keys],
                "pupils": [pupil for _, pupil in keys],
            },
        )
        return {(day, pupil) for day, pupil in cursor.fetchall()}
