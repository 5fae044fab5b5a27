"""Deciding a day: meals due are inserted, changed and taken away; what cannot be priced is listed.

The day's row is locked for the whole decision, one transaction. Late facts are taken away first and the tables are read after:
a fact committed in between is either seen or still in the queue.
"""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from attendance import changes, deciding
from attendance.models import PricingFailure, ServiceDay
from enrolments import pricing

#: Wallets in a chunk: 0.1-0.2 seconds of locks (measured, docs/adr/0005).
CHUNK = 5000
#: Children decided by one statement, by number (measured, docs/adr/0005): a town is one.
PUPILS_AT_ONCE = 50_000
#: For each join of the decision, until its transaction ends: so many children fit without spilling to disk, and a nation
#: weighed again too. A town takes what it needs, next to nothing.
MEMORY = "256MB"
#: Above this many children a late fact is weighed on the whole day.
FEW_PUPILS = 2000
MISSING = {
    "no_payer": "Nessuna famiglia paga in questo giorno della settimana: controlla le quote della famiglia.",
    "no_wallet": "La famiglia che paga non ha ancora un borsellino.",
    "no_price": "Manca il prezzo in questa data: controlla la tabella tariffe.",
}

#: A day decided before: what is due is compared with what was.
_AGAIN = """
wanted AS MATERIALIZED (
    SELECT pupil_id, class_group_id, wallet_id, price, explanation_id, code
    FROM decided WHERE charged AND missing IS NULL
),
gone AS (
    DELETE FROM attendance_meal m WHERE m.day = %(day)s {only_meals}
        AND NOT EXISTS (SELECT FROM wanted w WHERE w.wallet_id = m.wallet_id AND w.pupil_id = m.pupil_id)
    RETURNING 1
),
put AS (
    INSERT INTO attendance_meal AS m (day, wallet_id, pupil_id, class_group_id, price, explanation_id, verdict)
    SELECT %(day)s, wallet_id, pupil_id, class_group_id, price, explanation_id, code
    FROM wanted ORDER BY wallet_id, pupil_id
    ON CONFLICT (day, wallet_id, pupil_id) DO UPDATE SET class_group_id = excluded.class_group_id,
        price = excluded.price, explanation_id = excluded.explanation_id, verdict = excluded.verdict
    WHERE (m.class_group_id, m.price, m.explanation_id, m.verdict)
        IS DISTINCT FROM (excluded.class_group_id, excluded.price, excluded.explanation_id, excluded.verdict)
    RETURNING 1
),
failing AS (
    INSERT INTO attendance_pricingfailure AS f (day, pupil_id, reason, found_at)
    SELECT %(day)s, pupil_id, missing, %(now)s FROM decided WHERE charged AND missing IS NOT NULL
    ON CONFLICT (day, pupil_id) DO UPDATE SET reason = excluded.reason, solved_at = NULL
    RETURNING 1
),
mended AS (
    UPDATE attendance_pricingfailure f SET solved_at = %(now)s
    WHERE f.day = %(day)s AND f.solved_at IS NULL {only_failures}
        AND NOT EXISTS (SELECT FROM decided d WHERE d.pupil_id = f.pupil_id AND d.charged AND d.missing IS NOT NULL)
    RETURNING 1
)
"""
#: A day never decided before has nothing to compare with: rows are written and that is all.
_FIRST = """
put AS (
    INSERT INTO attendance_meal (day, wallet_id, pupil_id, class_group_id, price, explanation_id, verdict)
    SELECT %(day)s, wallet_id, pupil_id, class_group_id, price, explanation_id, code
    FROM decided WHERE charged AND missing IS NULL ORDER BY wallet_id, pupil_id
),
failing AS (
    INSERT INTO attendance_pricingfailure (day, pupil_id, reason, found_at)
    SELECT %(day)s, pupil_id, missing, %(now)s FROM decided WHERE charged AND missing IS NOT NULL
)
"""
#: Where a partial decision limits itself to its children: name in the SQL, table's alias.
_ALIASES = (("meals", "m"), ("failures", "f"), ("stored", "m"))
_COUNTS = "SELECT coalesce(jsonb_object_agg(code, n), '{}') FROM (SELECT code, count(*) AS n FROM decided WHERE NOT charged GROUP BY code) c"


@dataclass(frozen=True)
class Frozen:
    """``again``: the day had been decided before. ``changed``: there is something to post."""

    service_day: ServiceDay
    again: bool
    changed: bool


def freeze(*, day: dt.date, now: dt.datetime) -> Frozen:
    """Decide the day if it has never been, or weigh again what late facts concern. Repeating it does nothing."""
    started = perf_counter()
    with transaction.atomic():
        row = ServiceDay.objects.select_for_update(no_key=True).get(day=day)
        again = row.state != ServiceDay.State.OPEN
        facts = _take_late_facts(day)
        if again and not facts:
            return Frozen(row, again=True, changed=False)
        scope = _scope(facts) if again else None
        row.decided_times += 1
        _decide(row, scope, now, again=again)
        changed = changes.explain(row) if again else True
        _lay_chunks(row, _add_up(row))
        if scope is not None:
            row.skipped = _count_skipped(row.day)
        _save(row, now, changed=changed, started=started)
    return Frozen(row, again=again, changed=changed)


def _take_late_facts(day: dt.date) -> list[int | None]:
    """The children (None: everybody) whose facts have changed since the last decision; they leave the queue here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH taken AS (DELETE FROM attendance_latefact WHERE day = %s RETURNING pupil_id)"
            " SELECT DISTINCT pupil_id FROM taken LIMIT %s",
            [day, FEW_PUPILS + 1],
        )
        return [pupil for (pupil,) in cursor.fetchall()]


def _scope(facts: list[int | None]) -> list[int] | None:
    if len(facts) > FEW_PUPILS or None in facts:
        return None
    return [pupil for pupil in facts if pupil is not None]


def _decide(row: ServiceDay, scope: list[int] | None, now: dt.datetime, *, again: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [MEMORY])
    row.skipped = _decide_again(row, scope, now) if again else _decide_first(row, now)
    _say_why_failing(row.day)


def _decide_first(row: ServiceDay, now: dt.datetime) -> Counter[str]:
    """Some children at a time: what the joins keep in memory is small, and stays near the processor, in a town and in a nation."""
    decision = deciding.of_day(row.day, by_range=True)
    statement = f"WITH {decision.sql}, {_FIRST} {_COUNTS}"
    skipped: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(pupil_id), max(pupil_id) FROM enrolments_enrolment")
        first, last = cursor.fetchone()
        for start in range(first or 1, (last or 0) + 1, PUPILS_AT_ONCE):
            these = deciding.these(start, start + PUPILS_AT_ONCE - 1)
            cursor.execute(statement, {**decision.params, **these, "now": now})
            skipped.update(_counts(cursor.fetchone()[0]))
    return skipped


def _decide_again(row: ServiceDay, scope: list[int] | None, now: dt.datetime) -> Counter[str]:
    decision = deciding.of_day(row.day, pupil_ids=scope)
    only = {f"only_{name}": f"AND {alias}.pupil_id = ANY(%(pupils)s)" for name, alias in _ALIASES}
    if scope is None:
        only = dict.fromkeys(only, "")
    parts = [decision.sql, _AGAIN.format(**only), changes.SQL.format(**only)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {','.join(parts)} {_COUNTS}", {**decision.params, "now": now, "round": row.decided_times}
        )
        return _counts(cursor.fetchone()[0])


def _counts(value: Any) -> Counter[str]:
    """jsonb as the cursor gives it: Django leaves it text."""
    return Counter(json.loads(value) if isinstance(value, str) else value)


def _say_why_failing(day: dt.date) -> None:
    """Codes become sentences; for the first few hundred children the price rule says exactly what is missing."""
    rows = PricingFailure.objects.filter(day=day, solved_at__isnull=True)
    missing = list(rows.filter(reason="no_price").values_list("pupil_id", flat=True)[:500])
    if missing:
        exact = pricing.missing_reasons(pupil_ids=missing, day=day)
        for pupil_id, reason in exact.items():
            rows.filter(pupil_id=pupil_id).update(reason=reason[:200])
    for code, sentence in MISSING.items():
        rows.filter(reason=code).update(reason=sentence)


_TOUCHED = """
    SELECT old_wallet AS id FROM attendance_mealchange WHERE day = %(day)s AND round = %(round)s
    UNION SELECT new_wallet FROM attendance_mealchange WHERE day = %(day)s AND round = %(round)s
"""
_RANGES = f"""
INSERT INTO attendance_daychunk (service_day_id, first_wallet, last_wallet, work_ms)
SELECT %(pk)s, n * %(size)s + 1, (n + 1) * %(size)s, 0 FROM (
    SELECT unnest(%(ranges)s::integer[]) AS n
    UNION SELECT (id - 1) / %(size)s FROM ({_TOUCHED}) touched WHERE id IS NOT NULL
) ranges ORDER BY n ON CONFLICT (service_day_id, first_wallet) DO NOTHING
"""  # noqa: S608 - constants of our own
_POST_AGAIN = f"""
UPDATE attendance_daychunk c SET posted_at = NULL FROM (
    SELECT DISTINCT (id - 1) / %(size)s AS n FROM ({_TOUCHED}) touched WHERE id IS NOT NULL
) ranges
WHERE c.service_day_id = %(pk)s AND (c.first_wallet - 1) / %(size)s = ranges.n
"""  # noqa: S608


def _add_up(row: ServiceDay) -> list[int]:
    """What the meals of the day add up to; returns the ranges of wallets they are in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (wallet_id - 1) / %s, count(*) FILTER (WHERE price > 0), sum(price), count(*) FILTER (WHERE price = 0)"
            " FROM attendance_meal WHERE day = %s GROUP BY 1",
            [CHUNK, row.day],
        )
        parts = cursor.fetchall()
    row.due_count = sum(due for _, due, _, _ in parts)
    row.due_total = sum((total for _, _, total, _ in parts), Decimal(0))
    row.free_count = sum(free for _, _, _, free in parts)
    row.failed_count = PricingFailure.objects.filter(day=row.day, solved_at__isnull=True).count()
    return [number for number, _, _, _ in parts]


def _lay_chunks(row: ServiceDay, ranges: list[int]) -> None:
    """Ranges of wallets with something due or changed; a range that this round has touched is posted again, also when
    somebody is posting it just now: the update waits for them."""
    params: dict[str, Any] = {"pk": row.pk, "size": CHUNK, "day": row.day, "round": row.decided_times}
    with connection.cursor() as cursor:
        cursor.execute(_RANGES, {**params, "ranges": ranges})
        cursor.execute(_POST_AGAIN, params)


def _count_skipped(day: dt.date) -> Counter[str]:
    """The reasons of the whole day, counted anew after a decision on some children."""
    decision = deciding.of_day(day)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {decision.sql} {_COUNTS}", decision.params)
        return _counts(cursor.fetchone()[0])


def _save(row: ServiceDay, now: dt.datetime, *, changed: bool, started: float) -> None:
    """A day that had closed and has something new to post, or somebody without a price, is open again."""
    if changed or row.failed_count or row.state == ServiceDay.State.OPEN:
        row.state = ServiceDay.State.FROZEN
        row.closed_at = None
    row.started_at = row.started_at or now
    row.work_ms = F("work_ms") + round((perf_counter() - started) * 1000)
    row.save()
