"""A synthetic slice of a nation in an empty database: schools of 160, classes of 20, 1.35 pupils per family, 8 bands."""

import datetime as dt
import math
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

#: 20 families of one, two and three children have 27 children: 1.35 each.
FAMILIES, CHILDREN = 20, 27
CLASS_SIZE, CLASSES_PER_SCHOOL, BANDS = 20, 8, 8
ABSENT_PER_HUNDRED = 8
YEAR = (dt.date(2026, 9, 1), dt.date(2027, 8, 31))
FIRST_DAY = dt.date(2026, 9, 7)

_PEOPLE = """
INSERT INTO enrolments_schoolyear (id, label, valid_from, valid_to, state) VALUES (1, '2026/27', %(begin)s, %(end)s, 'open');
INSERT INTO identity_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined, role)
    VALUES (1, '!', false, 'banco', '', '', '', false, true, now(), 'secretary');
INSERT INTO enrolments_school (id, code, name, level, address, city, is_demo)
    SELECT s, 'S' || s, 'Plesso ' || s, 'primaria', '', '', true FROM generate_series(1, %(schools)s) s;
INSERT INTO enrolments_classgroup (id, school_id, year_id, grade, section)
    SELECT c, (c - 1) / %(per_school)s + 1, 1, (c - 1) %% %(per_school)s %% 5 + 1, 'S' || c FROM generate_series(1, %(classes)s) c;
INSERT INTO attendance_canteenperiod (school_id, year_id, valid_from, valid_to)
    SELECT s, 1, %(first)s, %(end)s FROM generate_series(1, %(schools)s) s;
INSERT INTO attendance_classweekdays (class_group_id, valid_from, monday, tuesday, wednesday, thursday, friday)
    SELECT c, %(first)s, true, true, true, true, true FROM generate_series(1, %(classes)s) c;
INSERT INTO attendance_schoolphase (school_id, phase, valid_from) SELECT s, 'A', %(begin)s FROM generate_series(1, %(schools)s) s;
INSERT INTO enrolments_guardian (id, fiscal_code, first_name, last_name, email, phone, address, city, sort_key)
    SELECT h, 'G' || h, 'Banco', 'Prova', '', '', '', '', '' FROM generate_series(1, %(families)s) h;
INSERT INTO enrolments_household (id, code, applicant_id) SELECT h, lpad(to_hex(h), 8, '0'), h FROM generate_series(1, %(families)s) h;
INSERT INTO wallets_wallet (id, household_id, balance, opened_at) SELECT h, h, 0, now() FROM generate_series(1, %(families)s) h;
INSERT INTO enrolments_pupil (id, code, fiscal_code, first_name, last_name, birth_date, sort_key)
    SELECT p, lpad(to_hex(p), 8, '0'), 'P' || p, 'Alunno', 'Prova', '2018-01-01', '' FROM generate_series(1, %(pupils)s) p;
"""
# In every block of 27 children the first 14 are alone, the next 10 are pairs, the last 3 are one family. Neighbours by number
# are brothers and sisters and sit in classes far apart: siblings in different schools.
_BONDS = """
CREATE TEMP TABLE slice AS
    SELECT p AS pupil, least(%(families)s, (p - 1) / 27 * 20 + CASE WHEN k < 14 THEN k + 1 WHEN k < 24 THEN (k - 14) / 2 + 15 ELSE 20 END) AS family,
        (p::bigint * %(stride)s %% %(classes)s + 1)::integer AS class
    FROM generate_series(1, %(pupils)s) p, LATERAL (SELECT (p - 1) %% 27 AS k) position;
INSERT INTO enrolments_custody (pupil_id, household_id, valid_from, monday, tuesday, wednesday, thursday, friday)
    SELECT pupil, family, %(begin)s, true, true, true, true, true FROM slice;
INSERT INTO enrolments_enrolment (pupil_id, class_group_id, valid_from, valid_to) SELECT pupil, class, %(begin)s, %(end)s FROM slice;
INSERT INTO enrolments_explanation (id, digest, facts)
    SELECT b, 'band ' || b, jsonb_build_object('band', b) FROM generate_series(1, %(bands)s) b;
SELECT setval(pg_get_serial_sequence('enrolments_explanation', 'id'), %(bands)s);
INSERT INTO enrolments_price (pupil_id, household_id, amount, explanation_id, valid_from, valid_to)
    SELECT pupil, family, 1 + (family %% %(bands)s) * 0.55, family %% %(bands)s + 1, %(begin)s, %(end)s FROM slice;
"""
_ABSENCES = """
INSERT INTO attendance_absence (day, pupil_id, source, absent, in_time, note, marked_by_id, marked_at)
    SELECT %s, p, 'school', true, true, '', 1, now() FROM generate_series(1, %s) p
    WHERE (p::bigint * 7919 + %s * 31) %% 100 < %s
"""


def build(pupils: int) -> None:
    """Fill the empty database; triggers and foreign keys are off meanwhile (the night's own are never)."""
    classes = math.ceil(pupils / CLASS_SIZE)
    sizes: dict[str, int | dt.date] = {
        "pupils": pupils,
        "families": max(1, math.ceil(pupils * FAMILIES / CHILDREN)),
        "classes": classes,
        "schools": math.ceil(classes / CLASSES_PER_SCHOOL),
        "per_school": CLASSES_PER_SCHOOL,
        "bands": BANDS,
        "stride": _stride(classes),
        "begin": YEAR[0],
        "end": YEAR[1],
        "first": FIRST_DAY,
    }
    with connection.cursor() as cursor, _without_overlap_checks(cursor):
        cursor.execute("SET session_replication_role = replica")
        for statement in (_PEOPLE + _BONDS).split(";\n"):
            if statement.strip():
                cursor.execute(statement, sizes)
        cursor.execute("SET session_replication_role = DEFAULT")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _without_overlap_checks(cursor: CursorWrapper) -> Iterator[None]:
    """The ranges that may not overlap are checked all together at the end: row by row that is most of the building."""
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'x' AND conrelid::regclass::text LIKE ANY (ARRAY['enrolments%', 'attendance%'])"
    )
    checks: list[tuple[str, str, str]] = cursor.fetchall()
    for table, name, _ in checks:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in checks:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def mark_absences(day: dt.date, pupils: int) -> None:
    """Eight in a hundred, others every day."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_ABSENCES, [day, pupils, day.toordinal(), ABSENT_PER_HUNDRED])
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE attendance_absence")


def service_days(count: int) -> list[dt.date]:
    """The first ``count`` weekdays of the synthetic year, holidays included: the night skips none of them here."""
    from attendance.calendar import national_holidays

    shut = national_holidays(FIRST_DAY, YEAR[1])
    days = (FIRST_DAY + dt.timedelta(days=n) for n in range((YEAR[1] - FIRST_DAY).days))
    return [day for day in days if day.weekday() < 5 and day not in shut][:count]


def _stride(classes: int) -> int:
    """A step through the classes that visits all of them and takes neighbours far apart."""
    return next(
        step for step in range(classes * 5 // 13 + 1, 2 * classes + 2) if math.gcd(step, classes) == 1
    )
