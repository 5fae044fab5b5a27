"""How ready a school is to leave absences to the parents: which share of its families has signed in at least once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

#: From this share on, most families already know their page.
READY = 80


@dataclass(frozen=True)
class Readiness:
    families: int = 0
    signed_in: int = 0
    reachable: int = 0
    spoken: int = 0

    @property
    def share(self) -> int:
        """Of a hundred families, how many have signed in; rounded down, so that 100 means all."""
        return self.signed_in * 100 // self.families if self.families else 0

    @property
    def unreachable(self) -> int:
        return self.families - self.reachable

    @property
    def ready(self) -> bool:
        return self.families > 0 and self.share >= READY


_SQL = """
SELECT school_id, count(*), count(*) FILTER (WHERE signed_in), count(*) FILTER (WHERE reachable),
    count(*) FILTER (WHERE spoken)
FROM (
    SELECT k.school_id, c.household_id,
        bool_or(u.last_login IS NOT NULL) AS signed_in, bool_or(g.email <> '') AS reachable,
        bool_or(EXISTS (SELECT 1 FROM attendance_absence a WHERE a.pupil_id = e.pupil_id AND a.source = 'parent'
            AND a.day >= %(since)s)) AS spoken
    FROM enrolments_enrolment e
    JOIN enrolments_classgroup k ON k.id = e.class_group_id
    JOIN enrolments_custody c ON c.pupil_id = e.pupil_id
        AND c.valid_from <= %(day)s AND (c.valid_to IS NULL OR c.valid_to >= %(day)s)
    JOIN enrolments_householdmember m ON m.household_id = c.household_id
    JOIN enrolments_guardian g ON g.id = m.guardian_id
    LEFT JOIN identity_user u ON u.fiscal_code = g.fiscal_code AND u.is_active
    WHERE k.school_id = ANY(%(schools)s)
        AND e.valid_from <= %(day)s AND (e.valid_to IS NULL OR e.valid_to >= %(day)s)
    GROUP BY k.school_id, c.household_id
) family GROUP BY school_id
"""


def of_schools(school_ids: Collection[int], day: dt.date, *, since: dt.date) -> dict[int, Readiness]:
    """School -> its families on that day; ``spoken``: those who have marked an absence since a day. One query."""
    found: dict[int, Readiness] = defaultdict(Readiness)
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"day": day, "since": since, "schools": sorted(school_ids)})
        for school_id, *numbers in cursor.fetchall():
            found[school_id] = Readiness(*numbers)
    return {pk: found[pk] for pk in school_ids}
