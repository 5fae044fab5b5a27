"""The memory of the simulated node: one SQLite file, a short connection per operation, so that any number of threads may use it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS position (
    fiscal_code TEXT, iupd TEXT, nav TEXT UNIQUE, body TEXT, status TEXT, PRIMARY KEY (fiscal_code, iupd));
CREATE TABLE IF NOT EXISTS cart (id TEXT PRIMARY KEY, body TEXT, state TEXT);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, receipt_id TEXT, nav TEXT, amount TEXT, message BLOB, paid_at TEXT,
    next_try REAL, tries INTEGER DEFAULT 0, outcome TEXT DEFAULT '');
"""
DELIVERED = 1e18


class Store:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.open() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(SCHEMA)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own."""
        db = sqlite3.connect(self._path, timeout=15, isolation_level="IMMEDIATE")
        db.row_factory = sqlite3.Row
        try:
            with db:
                yield db
        finally:
            db.close()

    # -- debt positions --------------------------------------------------------------------------------------------
    def add_position(self, fiscal_code: str, body: dict[str, Any], status: str) -> bool:
        """False when the iupd or the notice number is there already."""
        row = (fiscal_code, body["iupd"], body["paymentOption"][0]["nav"], json.dumps(body), status)
        with self.open() as db:
            try:
                db.execute("INSERT INTO position VALUES (?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                return False
        return True

    def position(self, fiscal_code: str, iupd: str) -> tuple[dict[str, Any], str] | None:
        with self.open() as db:
            row = db.execute(
                "SELECT body, status FROM position WHERE fiscal_code = ? AND iupd = ?", (fiscal_code, iupd)
            ).fetchone()
        return (json.loads(row["body"]), row["status"]) if row else None

    def move_position(self, fiscal_code: str, iupd: str, origins: tuple[str, ...], status: str) -> bool:
        marks = ",".join("?" * len(origins))
        statement = (
            f"UPDATE position SET status = ? WHERE fiscal_code = ? AND iupd = ? AND status IN ({marks})"  # noqa: S608
        )
        with self.open() as db:
            return db.execute(statement, (status, fiscal_code, iupd, *origins)).rowcount == 1

    def change_position(self, fiscal_code: str, body: dict[str, Any]) -> bool:
        """Written anew while nobody has paid it."""
        with self.open() as db:
            changed = db.execute(
                "UPDATE position SET body = ? WHERE fiscal_code = ? AND iupd = ? AND status IN ('DRAFT', 'VALID')",
                (json.dumps(body), fiscal_code, body["iupd"]),
            )
            return changed.rowcount == 1

    def payable(self) -> list[str]:
        """The numbers of the notices that wait to be paid, oldest first."""
        with self.open() as db:
            rows = db.execute("SELECT nav FROM position WHERE status = 'VALID' ORDER BY rowid LIMIT 50")
            return [row["nav"] for row in rows]

    def mark_paid(self, nav: str) -> None:
        with self.open() as db:
            db.execute("UPDATE position SET status = 'PAID' WHERE nav = ?", (nav,))

    # -- carts -----------------------------------------------------------------------------------------------------
    def add_cart(self, cart_id: str, body: dict[str, Any]) -> None:
        with self.open() as db:
            db.execute("INSERT INTO cart VALUES (?, ?, 'open')", (cart_id, json.dumps(body)))

    def cart(self, cart_id: str) -> tuple[dict[str, Any], str] | None:
        with self.open() as db:
            row = db.execute("SELECT body, state FROM cart WHERE id = ?", (cart_id,)).fetchone()
        return (json.loads(row["body"]), row["state"]) if row else None

    def fail_cart(self, cart_id: str) -> None:
        """Chosen to be paid, and refused by the creditor."""
        with self.open() as db:
            db.execute("UPDATE cart SET state = 'fail' WHERE id = ?", (cart_id,))

    def close_cart(self, cart_id: str, state: str) -> bool:
        """One outcome per cart: True for the first who asks."""
        with self.open() as db:
            changed = db.execute(
                "UPDATE cart SET state = ? WHERE id = ? AND state = 'open'", (state, cart_id)
            )
            return changed.rowcount == 1

    # -- receipts to deliver ---------------------------------------------------------------------------------------
    def add_delivery(self, receipt: dict[str, str], message: bytes, when: float) -> None:
        row = (receipt["receipt_id"], receipt["nav"], receipt["amount"], message, receipt["paid_at"], when)
        with self.open() as db:
            db.execute(
                "INSERT INTO delivery (receipt_id, nav, amount, message, paid_at, next_try) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )

    def claim_delivery(self, now: float, until: float) -> sqlite3.Row | None:
        """The oldest receipt that is due, taken by one thread only until `until`."""
        with self.open() as db:
            db.execute("BEGIN IMMEDIATE")  # a plain SELECT would let two threads see the same row
            row: sqlite3.Row | None = db.execute(
                "SELECT * FROM delivery WHERE next_try <= ? ORDER BY next_try, id LIMIT 1", (now,)
            ).fetchone()
            if row is not None:
                db.execute(
                    "UPDATE delivery SET next_try = ?, tries = tries + 1 WHERE id = ?", (until, row["id"])
                )
        return row

    def finish_delivery(self, delivery_id: int, outcome: str, next_try: float = DELIVERED) -> None:
        with self.open() as db:
            db.execute(
                "UPDATE delivery SET outcome = ?, next_try = ? WHERE id = ?", (outcome, next_try, delivery_id)
            )

    def hurry(self, when: float) -> None:
        """Every receipt still waiting becomes due now."""
        with self.open() as db:
            db.execute("UPDATE delivery SET next_try = ? WHERE next_try < ?", (when, DELIVERED))

    def deliveries(self) -> list[sqlite3.Row]:
        with self.open() as db:
            return db.execute("SELECT * FROM delivery ORDER BY id DESC LIMIT 30").fetchall()
