"""The decision of a day for everybody, as one piece of SQL: who eats, who is charged, what it costs, who pays.

The rules stay in Python: the calendar answers for each class, and the verdict table is enumerated from the pure rule and handed
over as VALUES. What is left to the database is the joining of rows. The night, the preview of a closure and the kitchen read
the same ``decided``.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection

from attendance.calendar import WEEKDAY_COLUMNS, Calendar
from attendance.rules.verdict import Office, Parent, Phase, School, every_case
from enrolments.models import ClassGroup, Enrolment

#: How many classes are asked of the calendar together.
CLASSES_AT_ONCE = 2500
#: The planner takes every run for a thousand classes: never fewer than there are, or it picks nested loops over a nation.
LONGEST_RUN = 500
#: What a class adds to the number of a case, whether it eats, the code of the reason.
Answer = tuple[int, bool, str]
_PHASES, _PARENT, _SCHOOL, _OFFICE = list(Phase), list(Parent), list(School), list(Office)
#: What each word adds to the number of a case; the first of every list (nothing said, roll-call not taken) adds nothing.
_WORDS = {
    "parent_absent": _PARENT.index(Parent.ABSENT) * 9,
    "parent_late": _PARENT.index(Parent.LATE) * 9,
    "school_absent": _SCHOOL.index(School.ABSENT) * 3,
    "school_present": _SCHOOL.index(School.PRESENT) * 3,
    "office_absent": _OFFICE.index(Office.ABSENT),
    "office_present": _OFFICE.index(Office.PRESENT),
}

# A case is a number, its place in the table of the rule: phase * 27 + parent * 9 + school * 3 + office, each by its place in
# its own list. One small integer: joined on four texts, the planner expects one row and picks nested loops over a nation.
_DECIDED = """
rule (asked, eats, charged, code) AS (VALUES {rule}),
class_today AS MATERIALIZED (
    SELECT number AS class_group_id, run.phase, run.open, run.why,
        CASE WHEN r.id IS NULL THEN 0 ELSE {school_present} END AS called
    FROM unnest(%(first)s::integer[], %(last)s::integer[], %(phase)s::integer[], %(open)s::boolean[], %(why)s::text[])
            AS run (first, last, phase, open, why)
    CROSS JOIN LATERAL generate_series(run.first, run.last) AS number
    LEFT JOIN attendance_classregister r ON r.day = %(day)s AND r.class_group_id = number
),
said AS (
    SELECT pupil_id, max(parent) AS parent, max(school) AS school, max(office) AS office, max(halt) AS halt FROM (
        SELECT a.pupil_id,
            CASE WHEN a.source = 'parent' AND a.absent
                THEN CASE WHEN a.in_time THEN {parent_absent} ELSE {parent_late} END END AS parent,
            CASE WHEN a.source = 'school' THEN CASE WHEN a.absent THEN {school_absent} ELSE {school_present} END END AS school,
            CASE WHEN a.source = 'office' THEN CASE WHEN a.absent THEN {office_absent} ELSE {office_present} END END AS office,
            NULL::text AS halt
        FROM attendance_absence a WHERE a.day = %(day)s {a}
        UNION ALL SELECT s.pupil_id, NULL, NULL, NULL, 'suspended' FROM attendance_suspension s WHERE {on_s} {s}
        UNION ALL SELECT h.pupil_id, NULL, NULL, NULL, 'diet_hold' FROM enrolments_diethold h WHERE {on_h} {h}
    ) word GROUP BY pupil_id
),
decided AS MATERIALIZED (
    SELECT e.pupil_id, e.class_group_id, w.id AS wallet_id, p.amount AS price, p.explanation_id,
        CASE WHEN NOT k.open THEN k.why ELSE coalesce(said.halt, rule.code) END AS code,
        k.open AND said.halt IS NULL AND rule.eats AS eats,
        k.open AND said.halt IS NULL AND rule.charged AS charged,
        CASE WHEN c.id IS NULL THEN 'no_payer' WHEN w.id IS NULL THEN 'no_wallet'
             WHEN p.id IS NULL THEN 'no_price' END AS missing
    FROM enrolments_enrolment e
    JOIN class_today k ON k.class_group_id = e.class_group_id
    LEFT JOIN said ON said.pupil_id = e.pupil_id
    JOIN rule ON rule.asked = k.phase + coalesce(said.parent, 0) + coalesce(said.office, 0)
        + coalesce(said.school, k.called)
    LEFT JOIN enrolments_custody c ON c.pupil_id = e.pupil_id AND c.{weekday} AND {on_c} {c}
    LEFT JOIN wallets_wallet w ON w.household_id = c.household_id {w}
    LEFT JOIN enrolments_price p ON p.pupil_id = e.pupil_id AND p.household_id = c.household_id AND {on_p} {p}
    WHERE {on_e} {e}
)
"""
_DATED = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
_THESE = "AND {0}.pupil_id = ANY(%(pupils)s)"
_RANGE = "AND {0}.pupil_id BETWEEN %(first_pupil)s AND %(last_pupil)s"
_PAYERS = "AND w.household_id BETWEEN %(first_payer)s AND %(last_payer)s"
#: The tables of the statement that speak of a child, by their alias.
_OF_PUPILS = ("e", "a", "s", "h", "c", "p")


@dataclass(frozen=True)
class Deciding:
    """``WITH {sql}`` gives the relation ``decided`` (pupil, class, wallet, price, explanation, code, eats, charged, missing)."""

    sql: str
    params: dict[str, Any]


def of_day(
    day: dt.date,
    *,
    calendar: Calendar | None = None,
    pupil_ids: Collection[int] | None = None,
    by_range: bool = False,
) -> Deciding:
    """The decision of a day: for the classes of ``calendar`` (None: of all), for some pupils only when named. ``by_range``: the
    caller adds ``these`` to the parameters, for each range of pupils."""
    calendars = [calendar] if calendar else _calendars(day, pupil_ids)
    params: dict[str, Any] = {"day": day, **_runs(calendars, day)}
    limit = _RANGE if by_range else ""
    if pupil_ids is not None:
        params["pupils"] = sorted(pupil_ids)
        limit = _THESE
    sql = _DECIDED.format(
        rule=_rule_values(),
        weekday=WEEKDAY_COLUMNS[day.weekday()] if day.weekday() < 5 else WEEKDAY_COLUMNS[0],
        **_WORDS,
        w=_PAYERS if by_range else "",
        **{alias: limit.format(alias) for alias in _OF_PUPILS},
        **{f"on_{alias}": _DATED.format(alias) for alias in _OF_PUPILS},
    )
    return Deciding(sql, params)


def these(first_pupil: int, last_pupil: int) -> dict[str, Any]:
    """The parameters of a range of pupils: children written together have families written together, so the wallets are a
    range too."""
    with connection.cursor() as cursor:
        cursor.execute(  # with the count the planner cannot walk all the families to find the first one
            "SELECT min(household_id), max(household_id), count(*) FROM enrolments_custody WHERE pupil_id BETWEEN %s AND %s",
            [first_pupil, last_pupil],
        )
        first, last, _ = cursor.fetchone()
    return {"first_pupil": first_pupil, "last_pupil": last_pupil, "first_payer": first, "last_payer": last}


def _calendars(day: dt.date, pupil_ids: Collection[int] | None) -> Iterator[Calendar]:
    """Some thousand classes at a time: the memory of a worker does not grow with the nation."""
    groups = ClassGroup.objects.filter(year__valid_from__lte=day, year__valid_to__gte=day).order_by("pk")
    if pupil_ids is not None:
        enrolled = Enrolment.objects.on(day).filter(pupil_id__in=pupil_ids)
        groups = groups.filter(pk__in=enrolled.values("class_group"))
    last = 0
    while ids := list(groups.filter(pk__gt=last).values_list("pk", flat=True)[:CLASSES_AT_ONCE]):
        last = ids[-1]
        yield Calendar(groups.filter(pk__range=(ids[0], last)).values("pk"), day, day)


def _runs(calendars: Iterable[Calendar], day: dt.date) -> dict[str, list[Any]]:
    """Neighbours by number with the same answer, as columns: first and last class, what the phase adds to a case, whether
    they eat and, if not, the code of the reason. A nation is a few thousand lines."""
    runs: list[tuple[int, int, Answer]] = []
    answers: dict[
        Answer, Answer
    ] = {}  # each kept once: where neighbours differ they are as many as the classes
    for calendar in calendars:
        for class_id in sorted(calendar.classes):
            service = calendar.service(class_id, day)
            answer = (_PHASES.index(calendar.phase(class_id, day)) * 27, service.open, service.code)
            answer = answers.setdefault(answer, answer)
            if runs and runs[-1][1:] == (class_id - 1, answer) and class_id - runs[-1][0] < LONGEST_RUN:
                runs[-1] = (runs[-1][0], class_id, answer)
            else:
                runs.append((class_id, class_id, answer))
    return {
        "first": [first for first, _, _ in runs],
        "last": [last for _, last, _ in runs],
        "phase": [phase for _, _, (phase, _, _) in runs],
        "open": [is_open for _, _, (_, is_open, _) in runs],
        "why": [why for _, _, (_, _, why) in runs],
    }


@cache
def _rule_values() -> str:
    """The verdict table as SQL, each case by its number: constants of our own, no value of any user."""
    return ", ".join(
        f"({number}, {str(verdict.eats).lower()}, {str(verdict.charged).lower()}, '{verdict.code}')"
        for number, (_, verdict) in enumerate(every_case())
    )
