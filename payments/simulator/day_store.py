"""What the simulated node and its bank remember of collected money: payments, published reports, transfers to the treasurer."""

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from payments.simulator.day import Payment, Report
from payments.simulator.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    receipt_id TEXT PRIMARY KEY, nav TEXT, amount TEXT, paid_at TEXT, stand_in INTEGER, document TEXT,
    known INTEGER DEFAULT 1, fdr TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS report (
    fdr TEXT, revision INTEGER, head TEXT, payments TEXT, defects TEXT, visible INTEGER, PRIMARY KEY (fdr, revision));
CREATE TABLE IF NOT EXISTS credit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT, amount TEXT, reference TEXT, operation TEXT, cancels INTEGER, fdr TEXT);
INSERT INTO sqlite_sequence (name, seq) SELECT 'credit', 1000
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'credit');
"""


class DayStore:
    def __init__(self, store: Store) -> None:
        self._open = store.open
        with self._open() as db:
            db.executescript(SCHEMA)

    # -- payments --------------------------------------------------------------------------------------------------
    def add_payment(
        self, payment: Payment, *, nav: str, document: dict[str, Any], known: bool = True
    ) -> None:
        """`known`: Biz-Events has its receipt."""
        row = (
            payment.receipt_id,
            nav,
            str(payment.amount),
            payment.paid_at,
            payment.stand_in,
            json.dumps(document),
            known,
        )
        with self._open() as db:
            db.execute(
                "INSERT INTO payment (receipt_id, nav, amount, paid_at, stand_in, document, known) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def to_settle(self) -> list[Payment]:
        return self.payments_of("")

    def payments_of(self, fdr: str) -> list[Payment]:
        with self._open() as db:
            rows = db.execute("SELECT * FROM payment WHERE fdr = ? ORDER BY paid_at, receipt_id", (fdr,))
            return [
                Payment(
                    row["receipt_id"],
                    row["nav"][1:],
                    Decimal(row["amount"]),
                    row["paid_at"],
                    bool(row["stand_in"]),
                )
                for row in rows
            ]

    def forget_receipts(self, receipt_ids: Iterable[str]) -> None:
        """pagoPA itself no longer has them."""
        with self._open() as db:
            db.executemany(
                "UPDATE payment SET known = 0 WHERE receipt_id = ?", [(one,) for one in receipt_ids]
            )

    def receipt(self, receipt_id: str) -> dict[str, Any] | None:
        with self._open() as db:
            row = db.execute(
                "SELECT document FROM payment WHERE receipt_id = ? AND known", (receipt_id,)
            ).fetchone()
        return json.loads(row["document"]) if row else None

    # -- reports ---------------------------------------------------------------------------------------------------
    def claim(self, fdr: str, payments: Iterable[Payment]) -> list[Payment]:
        """Each payment goes into one flow, also when two close the day at once."""
        with self._open() as db:
            return [
                payment
                for payment in payments
                if db.execute(
                    "UPDATE payment SET fdr = ? WHERE receipt_id = ? AND fdr = ''", (fdr, payment.receipt_id)
                ).rowcount
            ]

    def add_report(self, report: Report, *, defects: Iterable[str], visible: bool) -> None:
        head = report.head
        row = (
            head["fdr"],
            head["revision"],
            json.dumps(head, default=str),
            json.dumps(report.payments, default=str),
            ",".join(defects),
            visible,
        )
        with self._open() as db:
            db.execute("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?)", row)

    def next_number(self) -> int:
        with self._open() as db:
            return int(db.execute("SELECT count(DISTINCT fdr) FROM report").fetchone()[0]) + 1

    def reports(self, *, published_only: bool = False) -> list[sqlite3.Row]:
        """Newest first."""
        with self._open() as db:
            rows = db.execute("SELECT * FROM report ORDER BY rowid DESC").fetchall()
        return [row for row in rows if row["visible"] or not published_only]

    def report(self, fdr: str, revision: int) -> Report | None:
        with self._open() as db:
            row = db.execute(
                "SELECT * FROM report WHERE fdr = ? AND revision = ?", (fdr, revision)
            ).fetchone()
        if row is None:
            return None
        head, payments = json.loads(row["head"]), json.loads(row["payments"])
        for name in ("sumPayments", "computedSumPayments"):
            head[name] = Decimal(head[name])
        for line in payments:
            line["pay"] = Decimal(line["pay"])
        return Report(head, payments)

    # -- the treasurer ---------------------------------------------------------------------------------------------
    def add_credit(
        self,
        *,
        day: str,
        amount: Decimal,
        reference: str,
        fdr: str,
        operation: str = "credit",
        cancels: int = 0,
    ) -> None:
        with self._open() as db:
            db.execute(
                "INSERT INTO credit (day, amount, reference, operation, cancels, fdr) VALUES (?, ?, ?, ?, ?, ?)",
                (day, f"{amount:.2f}", reference, operation, cancels, fdr),
            )

    def credits_of(self, fdr: str = "") -> list[sqlite3.Row]:
        """Of a flow, or all."""
        with self._open() as db:
            rows = db.execute("SELECT * FROM credit ORDER BY number").fetchall()
        return [row for row in rows if fdr in ("", row["fdr"])]
