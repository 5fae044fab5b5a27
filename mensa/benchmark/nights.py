"""One night of the portal with some workers, measured; and what must be true of the books afterwards."""

import datetime as dt
import time
from dataclasses import dataclass, field

from django.db import connection

from attendance.rules.cutoff import ROME
from mensa.benchmark.crew import Worker
from mensa.benchmark.meters import Meter, Reading

_NIGHT = dt.time(20, 5)
_ZERO_DRIFT = """
SELECT count(*) FROM wallets_wallet w
LEFT JOIN (SELECT wallet_id, sum(amount) AS total FROM wallets_charge GROUP BY wallet_id) c ON c.wallet_id = w.id
LEFT JOIN (SELECT wallet_id, sum(amount) AS total FROM wallets_entry GROUP BY wallet_id) e ON e.wallet_id = w.id
WHERE w.balance <> coalesce(c.total, 0) + coalesce(e.total, 0)
"""
_NO_DUPLICATES = """
SELECT count(*) FROM (
    SELECT FROM wallets_charge WHERE service_day = %s GROUP BY pupil_id
    HAVING sum(CASE WHEN revision %% 2 = 0 THEN 1 ELSE -1 END) > 1) twice
"""
_STORED = """
SELECT sum(pg_total_relation_size(inhrelid)) / greatest((SELECT count(*) FROM wallets_charge), 1)
FROM pg_inherits WHERE inhparent = 'wallets_charge'::regclass
    AND pg_total_relation_size(inhrelid) > 65536
"""


@dataclass
class Night:
    day: dt.date
    workers: int
    debits: int = 0
    reading: Reading = field(default_factory=Reading)
    freezing: float = 0.0  # seconds of the decision, of the whole
    longest_ms: int = 0  # the longest transaction that holds wallets
    top_ups: int = 0
    worst_top_up: float = 0.0
    errors: list[str] = field(default_factory=list)


def run_night(day: dt.date, crew: list[Worker], payer: Worker | None = None, families: int = 0) -> Night:
    """Decide, post, check and close one day; with ``payer`` families top up all the while."""
    now = dt.datetime.combine(day, _NIGHT, tzinfo=ROME)
    night = Night(day, len(crew))
    if payer:
        payer.ask("top_up", now, families, 0.005)
    with Meter([worker.pid for worker in crew]) as meter:
        began = time.perf_counter()
        crew[0].do("freeze", now, day)
        night.freezing = time.perf_counter() - began
        for worker in crew:
            worker.ask("post", now, day)
        for worker in crew:
            worker.answer()
        if not crew[0].do("close", now, day):
            raise RuntimeError(f"la notte del {day} non si chiude")
    if payer:
        payer.halt.set()
        night.top_ups, night.worst_top_up, night.errors = payer.answer()
    night.reading = meter.reading
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.posted_count, max(c.work_ms) FROM attendance_serviceday s JOIN attendance_daychunk c"
            " ON c.service_day_id = s.id WHERE s.day = %s GROUP BY s.id",
            [day],
        )
        night.debits, night.longest_ms = cursor.fetchone()
        cursor.execute(_NO_DUPLICATES, [day])
        if twice := cursor.fetchone()[0]:
            raise RuntimeError(f"{twice} alunni addebitati due volte il {day}")
    return night


def check_no_drift() -> None:
    """Every balance is the sum of its movements, to the cent."""
    with connection.cursor() as cursor:
        cursor.execute(_ZERO_DRIFT)
        if wrong := cursor.fetchone()[0]:
            raise RuntimeError(f"{wrong} saldi diversi dalla somma dei movimenti")


def stored_bytes_per_debit() -> float:
    """The ledger's table and its index."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED)
        return float(cursor.fetchone()[0])
