"""One night of the portal with some workers, measured; and what must be true of the books afterwards."""

import datetime as dt
import time
from dataclasses import dataclass, field

from django.db import connection

from attendance.rules.cutoff import ROME
from mensa.benchmark.crew import Worker
from mensa.benchmark.meters import Meter, Reading, wal_position
from wallets import books

_NIGHT = dt.time(20, 5)
#: What must hold whatever the speed; the other checks are for the day of a real town.
_ALWAYS = {"saldo_e_somma", "un_addebito_al_giorno"}
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
    deciding_wal: int = 0  # bytes of the decision, of the whole: the rest is the ledger's
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
        began, before = time.perf_counter(), wal_position()
        crew[0].do("freeze", now, day)
        night.freezing, night.deciding_wal = time.perf_counter() - began, wal_position() - before
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
    return night


def check_books() -> None:
    """Every balance is the sum of its movements, and nobody is charged twice: the same checks as every night's."""
    if wrong := books.run([check for check in books.CHECKS if check.name in _ALWAYS]):
        raise RuntimeError("; ".join(f"{finding.sentence} Casi: {finding.count}." for finding in wrong))


def stored_bytes_per_debit() -> float:
    """The ledger's table and its index."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED)
        return float(cursor.fetchone()[0])
