"""The daily digest: a fingerprint of what was recorded on a day, chained to the day before. Whoever changes the past with
the owner's rights, triggers disabled, changes every fingerprint from that day on, and the mailed copies no longer agree.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from identity.models import Role, User
from wallets.ledger import ROME
from wallets.models import DailyDigest, DigestCopy

# One line per movement, in one order and one spelling whatever the locale of the database. SHA-256 of the fingerprint
# before and of the lines.
_FINGERPRINT = """
WITH lines AS (
    SELECT concat_ws('|', 'C', service_day, pupil_id, revision, wallet_id, amount, explanation_id) AS line, amount
    FROM wallets_charge WHERE posted_on = %s
    UNION ALL
    SELECT concat_ws('|', 'E', id, wallet_id, kind, amount, cause, value_day, COALESCE(pupil_id, 0),
        COALESCE(reverses_id, 0), COALESCE(recorded_by_id, 0), reason, details::text,
        extract(epoch FROM recorded_at)), amount
    FROM wallets_entry WHERE recorded_at >= %s AND recorded_at < %s
)
SELECT count(*), COALESCE(sum(amount), 0), encode(sha256(convert_to(
    %s || chr(10) || COALESCE(string_agg(line, chr(10) ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
FROM lines"""


@dataclass(frozen=True)
class Fingerprint:
    movements: int
    total: Decimal
    digest: str


class NotOver(Exception):
    """The day is not over: more may still be recorded on it."""


def make(*, day: dt.date, now: dt.datetime) -> DailyDigest:
    """The digest of a day that is over; those missing before it are made first. Safe to repeat."""
    make_all(until=day, now=now)
    return DailyDigest.objects.get(day=day)


def make_all(*, until: dt.date, now: dt.datetime) -> list[DailyDigest]:
    """The digests missing up to that day, included, which must be over; returns those made by this call."""
    if until >= now.astimezone(ROME).date():
        raise NotOver
    return [row for missing in _missing(until) if (row := _make_one(missing, now)) is not None]


def verify() -> list[dt.date]:
    """The days whose movements are no longer those of their digest, or whose chain is broken. Empty: nothing was touched."""
    wrong, previous = [], ""
    for row in DailyDigest.objects.order_by("day"):
        found = _fingerprint(row.day, previous)
        if (found.movements, found.total, found.digest, previous) != (
            row.movements,
            row.total,
            row.digest,
            row.previous,
        ):
            wrong.append(row.day)
        previous = row.digest
    return wrong


def _make_one(day: dt.date, now: dt.datetime) -> DailyDigest | None:
    """None when another worker has made it first."""
    before = DailyDigest.objects.order_by("-day").first()
    previous = before.digest if before else ""
    found = _fingerprint(day, previous)
    try:
        with transaction.atomic():
            row = DailyDigest.objects.create(
                day=day,
                movements=found.movements,
                total=found.total,
                previous=previous,
                digest=found.digest,
                made_at=now,
            )
            _owe_copies(row)
            return row
    except IntegrityError:
        return None


def _owe_copies(row: DailyDigest) -> None:
    """A copy for each auditor who can be written to on that day."""
    auditors = User.objects.filter(role=Role.AUDITOR, is_active=True).exclude(email="")
    DigestCopy.objects.bulk_create(DigestCopy(digest=row, auditor=auditor) for auditor in auditors)


def _missing(day: dt.date) -> list[dt.date]:
    """From the day after the last digest; the chain begins on the day of the first movement."""
    last = DailyDigest.objects.order_by("-day").values_list("day", flat=True).first()
    first = _first_movement(day) if last is None else last + dt.timedelta(days=1)
    return [first + dt.timedelta(days=number) for number in range((day - first).days + 1)]


def _first_movement(day: dt.date) -> dt.date:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT LEAST((SELECT min(posted_on) FROM wallets_charge),"
            " (SELECT min(recorded_at AT TIME ZONE 'Europe/Rome')::date FROM wallets_entry))"
        )
        (first,) = cursor.fetchone()
    return min(first or day, day)


def _fingerprint(day: dt.date, previous: str) -> Fingerprint:
    begin = dt.datetime.combine(day, dt.time.min, tzinfo=ROME)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, tzinfo=ROME)
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT, [day, begin, end, previous])
        count, total, digest = cursor.fetchone()
    return Fingerprint(count, total.quantize(Decimal("0.01")), digest)
