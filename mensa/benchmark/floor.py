"""What the night is measured against: the bare floor, and the way one would write it first."""

import datetime as dt
import time
from decimal import Decimal

from django.db import connection, models, transaction

_MAKE = """
DROP TABLE IF EXISTS benchmark_floor, benchmark_rows, benchmark_balance, benchmark_naive_entry, benchmark_naive_wallet;
CREATE TABLE benchmark_floor (
    service_day date NOT NULL, pupil_id integer NOT NULL, wallet_id integer NOT NULL, posted_on date NOT NULL,
    explanation_id integer NOT NULL, revision smallint NOT NULL, amount numeric(9, 2) NOT NULL,
    PRIMARY KEY (service_day, pupil_id, revision));
CREATE TABLE benchmark_rows (pupil_id integer, wallet_id integer, explanation_id integer, amount numeric(9, 2));
CREATE TABLE benchmark_balance (id integer PRIMARY KEY, household_id integer NOT NULL, balance numeric(12, 2) NOT NULL,
    opened_at timestamptz NOT NULL) WITH (fillfactor = 50);
INSERT INTO benchmark_balance SELECT id, household_id, 0, opened_at FROM wallets_wallet ORDER BY id;
INSERT INTO benchmark_rows SELECT p.pupil_id, p.household_id, p.explanation_id, -p.amount FROM enrolments_price p
    WHERE (p.pupil_id::bigint * 7919) % 100 >= 8 ORDER BY p.household_id, p.pupil_id;
CREATE TABLE benchmark_naive_wallet (id integer PRIMARY KEY, balance numeric(12, 2) NOT NULL);
INSERT INTO benchmark_naive_wallet SELECT id, 0 FROM wallets_wallet;
CREATE TABLE benchmark_naive_entry (id serial PRIMARY KEY, wallet_id integer NOT NULL REFERENCES benchmark_naive_wallet,
    pupil_id integer NOT NULL, day date NOT NULL, amount numeric(9, 2) NOT NULL, UNIQUE (pupil_id, day));
"""


class NaiveWallet(models.Model):
    balance = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        app_label, db_table, managed = "mensa", "benchmark_naive_wallet", False

    def __str__(self) -> str:
        return f"{self.pk}"


class NaiveEntry(models.Model):
    wallet = models.ForeignKey(NaiveWallet, models.PROTECT)
    pupil_id = models.IntegerField()
    day = models.DateField()
    amount = models.DecimalField(max_digits=9, decimal_places=2)

    class Meta:
        app_label, db_table, managed = "mensa", "benchmark_naive_entry", False

    def __str__(self) -> str:
        return f"{self.pk}"


def prepare() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MAKE)
        cursor.execute("VACUUM ANALYZE benchmark_rows, benchmark_balance, benchmark_naive_wallet")


def run_floor(day: dt.date) -> int:
    """The same rows with one unique key, then the balances: two statements, nothing checked. Returns the rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO benchmark_floor SELECT %s, pupil_id, wallet_id, %s, explanation_id, 0, amount FROM benchmark_rows",
            [day, day],
        )
        rows = int(cursor.rowcount)
        cursor.execute(
            "UPDATE benchmark_balance b SET balance = b.balance + s.total FROM ("
            "  SELECT wallet_id, sum(amount) AS total FROM benchmark_floor WHERE service_day = %s GROUP BY wallet_id) s"
            " WHERE b.id = s.wallet_id",
            [day],
        )
    return rows


def run_naive(day: dt.date, sample: int) -> float:
    """A transaction per pupil with select_for_update, on a sample; meals per second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pupil_id, wallet_id, amount FROM benchmark_rows LIMIT %s", [sample])
        rows: list[tuple[int, int, Decimal]] = cursor.fetchall()
    began = time.perf_counter()
    for pupil_id, wallet_id, amount in rows:
        with transaction.atomic():
            wallet = NaiveWallet._default_manager.select_for_update().get(pk=wallet_id)
            NaiveEntry._default_manager.create(wallet=wallet, pupil_id=pupil_id, day=day, amount=amount)
            wallet.balance += amount
            wallet.save(update_fields=["balance"])
    return len(rows) / (time.perf_counter() - began)
