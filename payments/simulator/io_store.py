"""What the simulated app IO remembers: the messages, and who has switched the service off."""

import json
import sqlite3
from typing import Any

from payments.simulator.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS io_message (
    id TEXT PRIMARY KEY, fiscal_code TEXT, created_at TEXT, body TEXT, status TEXT);
CREATE TABLE IF NOT EXISTS io_profile (fiscal_code TEXT PRIMARY KEY, state TEXT);
CREATE TABLE IF NOT EXISTS io_person (id INTEGER PRIMARY KEY, fiscal_code TEXT NOT NULL UNIQUE);
INSERT OR IGNORE INTO io_person (fiscal_code) SELECT DISTINCT fiscal_code FROM io_message;
"""
#: A citizen uses the app for this service, has switched this service off, or does not have the app.
ALLOWED, SWITCHED_OFF, NOBODY = "allowed", "off", "nobody"
SHOWN = 100


class IoStore:
    def __init__(self, store: Store) -> None:
        self._open = store.open
        with self._open() as db:
            db.executescript(SCHEMA)

    def profile(self, fiscal_code: str) -> str:
        with self._open() as db:
            row = db.execute("SELECT state FROM io_profile WHERE fiscal_code = ?", (fiscal_code,)).fetchone()
        return str(row["state"]) if row else ALLOWED

    def set_profile(self, fiscal_code: str, state: str) -> None:
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO io_profile VALUES (?, ?)", (fiscal_code, state))

    def add(self, message_id: str, created_at: str, body: dict[str, Any], status: str) -> None:
        row = (message_id, body["fiscal_code"], created_at, json.dumps(body), status)
        self.number_of(body["fiscal_code"])
        with self._open() as db:
            db.execute("INSERT INTO io_message VALUES (?, ?, ?, ?, ?)", row)

    def number_of(self, fiscal_code: str) -> int:
        """By which a person stands in an address."""
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO io_person (fiscal_code) VALUES (?)", (fiscal_code,))
            row = db.execute("SELECT id FROM io_person WHERE fiscal_code = ?", (fiscal_code,)).fetchone()
        return int(row["id"])

    def whose(self, number: str) -> str | None:
        with self._open() as db:
            row = db.execute("SELECT fiscal_code FROM io_person WHERE id = ?", (number,)).fetchone()
        return str(row["fiscal_code"]) if row else None

    def inbox(self, fiscal_code: str = "") -> list[sqlite3.Row]:
        """What has arrived, the newest first: somebody's, or everybody's."""
        with self._open() as db:
            return db.execute(
                "SELECT m.*, p.id AS person FROM io_message m JOIN io_person p USING (fiscal_code) "
                "WHERE status = 'PROCESSED' AND (fiscal_code = ? OR ? = '') ORDER BY m.rowid DESC LIMIT ?",
                (fiscal_code, fiscal_code, SHOWN),
            ).fetchall()
