"""The statement of a wallet: every movement in the order it was recorded, the balance after it, and why.

A charge is found by its key, day and child, so the big table needs no index by wallet (docs/adr/0004): days times children
of the family, about a millisecond for a year.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db import connection

from enrolments.models import Custody, Explanation, Pupil
from wallets.ledger import ROME
from wallets.models import Entry, Wallet

CHARGE, CHARGE_REVERSAL = "charge", "charge_reversal"
AUTOMATIC = "automatico"
#: A charge may be recorded for a day before the wallet was opened (a late application): that far back, no further.
BEFORE_OPENING = dt.timedelta(days=366)
# OFFSET 0 keeps the probe as it is written, whatever the statistics say of a table that grows every night.
_PROBE = """
SELECT c.* FROM generate_series(0, %s) AS n
CROSS JOIN unnest(%s::int[]) AS child (pupil_id)
CROSS JOIN LATERAL (
    SELECT wallet_id, service_day, pupil_id, revision, amount, posted_on, explanation_id FROM wallets_charge
    WHERE service_day = %s::date + n AND pupil_id = child.pupil_id OFFSET 0
) AS c
WHERE c.wallet_id = ANY(%s)"""


@dataclass(frozen=True)
class Movement:
    """One line. ``recorded_on`` orders the lines; ``day`` is the meal's day or the value day of the money."""

    recorded_on: dt.date
    day: dt.date
    kind: str
    title: str
    amount: Decimal
    pupil: Pupil | None = None
    reasons: tuple[str, ...] = ()
    formula: str = ""
    who: str = AUTOMATIC
    when: dt.datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    balance: Decimal = Decimal("0.00")
    revision: int | None = None  # of a charge or its reversal

    @property
    def shows_isee(self) -> bool:
        return bool(self.facts.get("isee"))


@dataclass(frozen=True)
class Month:
    """A calendar month of the statement, with what came in and what went out."""

    first: dt.date
    movements: tuple[Movement, ...]
    opening: Decimal
    closing: Decimal
    received: Decimal
    spent: Decimal

    @property
    def key(self) -> str:
        return f"{self.first:%Y-%m}"


def movements(*, wallet: Wallet, last: dt.date) -> list[Movement]:
    """Everything recorded up to ``last`` (included), oldest first, each line with the balance after it."""
    first = wallet.opened_at.astimezone(ROME).date() - BEFORE_OPENING
    lines = _lines([wallet], first, last)[wallet.pk]
    balance = Decimal("0.00")
    told = []
    for line in lines:
        balance += line.amount
        told.append(replace(line, balance=balance))
    return told


def recent(
    *, wallets: Collection[Wallet], last: dt.date, days: int = 60, limit: int = 5
) -> dict[int, list[Movement]]:
    """The latest lines of each wallet, newest first, in a constant number of queries."""
    lines = _lines(wallets, last - dt.timedelta(days=days), last)
    told = {}
    for wallet in wallets:
        balance, newest = wallet.balance, []
        for line in reversed(lines[wallet.pk][-limit:]):
            newest.append(replace(line, balance=balance))
            balance -= line.amount
        told[wallet.pk] = newest
    return told


def by_month(lines: Sequence[Movement]) -> list[Month]:
    """The months that have movements, newest first; within a month the newest line first."""
    groups: dict[dt.date, list[Movement]] = defaultdict(list)
    for line in lines:
        groups[line.recorded_on.replace(day=1)].append(line)
    return [_month(first, group) for first, group in sorted(groups.items(), reverse=True)]


def _month(first: dt.date, group: list[Movement]) -> Month:
    zero = Decimal("0.00")
    return Month(
        first=first,
        movements=tuple(reversed(group)),
        opening=group[0].balance - group[0].amount,
        closing=group[-1].balance,
        received=sum((line.amount for line in group if not _is_meal(line)), zero),
        spent=-sum((line.amount for line in group if _is_meal(line)), zero),
    )


def _is_meal(line: Movement) -> bool:
    return line.kind in (CHARGE, CHARGE_REVERSAL)


def _lines(wallets: Collection[Wallet], first: dt.date, last: dt.date) -> dict[int, list[Movement]]:
    """The lines of each wallet in the order they were recorded: on one day, money first, then the charges of the night."""
    children = _children(wallets)
    found: dict[int, list[tuple[Any, Movement]]] = defaultdict(list)
    for entry in _entries(wallets, first, last):
        recorded = entry.recorded_at.astimezone(ROME).date()
        found[entry.wallet_id].append(
            ((recorded, 0, entry.recorded_at, entry.pk), _of_entry(entry, recorded))
        )
    charges = _charges(wallets, list(children), first, last)
    reasons = Explanation.objects.in_bulk({row[6] for row in charges})
    for wallet_id, day, pupil_id, revision, amount, posted_on, explanation_id in charges:
        line = _of_charge(day, children[pupil_id], revision, amount, posted_on, reasons[explanation_id].facts)
        found[wallet_id].append(((posted_on, 1, day, pupil_id, revision), line))
    return {wallet.pk: [line for _, line in sorted(found[wallet.pk], key=_place)] for wallet in wallets}


def _place(item: tuple[Any, Movement]) -> Any:
    return item[0]


def _children(wallets: Collection[Wallet]) -> dict[int, Pupil]:
    households = [wallet.household_id for wallet in wallets]
    rows = Custody.objects.filter(household__in=households).select_related("pupil")
    return {row.pupil_id: row.pupil for row in rows}


def _entries(wallets: Collection[Wallet], first: dt.date, last: dt.date) -> Iterable[Entry]:
    begin = dt.datetime.combine(first, dt.time.min, tzinfo=ROME)
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time.min, tzinfo=ROME)
    rows = Entry.objects.filter(wallet__in=wallets, recorded_at__gte=begin, recorded_at__lt=end)
    return rows.select_related("pupil", "recorded_by", "reverses").order_by("pk")


def _charges(
    wallets: Collection[Wallet], children: list[int], first: dt.date, last: dt.date
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_PROBE, [(last - first).days, children, first, [wallet.pk for wallet in wallets]])
        return [row for row in cursor.fetchall() if row[5] <= last]


def _of_charge(
    day: dt.date, pupil: Pupil, revision: int, amount: Decimal, posted_on: dt.date, facts: dict[str, Any]
) -> Movement:
    reversal = revision % 2 == 1
    return Movement(
        recorded_on=posted_on,
        day=day,
        kind=CHARGE_REVERSAL if reversal else CHARGE,
        title=f"Storno del pasto di {pupil.first_name}" if reversal else f"Pasto di {pupil.first_name}",
        amount=amount,
        pupil=pupil,
        reasons=_sentences(facts),
        formula=str(facts.get("formula", "")),
        who=str(facts.get("who", AUTOMATIC)),
        facts=facts,
        revision=revision,
    )


def _sentences(facts: dict[str, Any]) -> tuple[str, ...]:
    """What an explanation says: the price's sentences, or the one reason of a correction."""
    if "sentences" in facts:
        return tuple(str(sentence) for sentence in facts["sentences"])
    reason = str(facts.get("reason", ""))
    return (f"{reason[:1].upper()}{reason[1:].rstrip('.')}.",) if reason else ()


def _of_entry(entry: Entry, recorded: dt.date) -> Movement:
    return Movement(
        recorded_on=recorded,
        day=entry.value_day,
        kind=entry.kind,
        title=_title(entry),
        amount=entry.amount,
        pupil=entry.pupil,
        reasons=(entry.reason,) if entry.reason else (),
        who=entry.recorded_by.get_role_display() if entry.recorded_by else AUTOMATIC,
        when=entry.recorded_at,
    )


def _title(entry: Entry) -> str:
    name = f" per {entry.pupil.first_name}" if entry.pupil else ""
    if entry.kind == Entry.Kind.TRANSFER:
        return "Giroconto ricevuto" if entry.amount > 0 else "Giroconto a un altro borsellino"
    if entry.kind == Entry.Kind.REVERSAL and entry.reverses:
        return f"Storno: {entry.reverses.get_kind_display()}{name}"
    titles = {
        Entry.Kind.TOP_UP: "Ricarica",
        Entry.Kind.REFUND: "Rimborso",
        Entry.Kind.RECREDIT: "Rimborso tornato indietro",
        Entry.Kind.ADJUSTMENT: "Rettifica",
    }
    return titles[Entry.Kind(entry.kind)] + name
