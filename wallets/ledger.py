"""The one door of money: nobody else writes a movement, and nobody at all writes a balance.

Every movement has one cause, unique in the database. Insert first, compare after: the same cause with the same content is
the movement that is already there; with other content it is an error, loudly (``CauseReused``). What must never happen is
refused by the triggers of migration 0002, whoever asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import UniqueViolation

from enrolments.models import Household, Pupil
from wallets.errors import BadAmount, Busy, CauseReused, NotEnoughCredit, NotReversible
from wallets.models import Entry, Wallet

if TYPE_CHECKING:
    from identity.models import User

ROME = ZoneInfo("Europe/Rome")
CENT = Decimal("0.01")
LARGEST = Decimal("9999999.99")  # numeric(9, 2)

# The first posting of a range of wallets: nothing to compare with, so it costs what a plain INSERT ... SELECT costs.
_FIRST_POSTING = """
WITH due (pupil_id, wallet_id, price, explanation_id) AS ({due})
INSERT INTO wallets_charge (service_day, pupil_id, revision, wallet_id, amount, posted_on, explanation_id)
SELECT %s, pupil_id, 0, wallet_id, -price, %s, explanation_id FROM due"""
# Any other posting: the latest revision of each child that is due or charged in the range, against what is due. One
# statement writes the reversal (n + 1) and the new charge (n + 2): the trigger checks them together.
_DIFFERENCE = """
WITH due (pupil_id, wallet_id, price, explanation_id) AS MATERIALIZED ({due}), latest AS (
    SELECT DISTINCT ON (pupil_id) pupil_id, revision, wallet_id, amount FROM wallets_charge
    WHERE service_day = %s AND pupil_id IN (
        SELECT pupil_id FROM due
        UNION SELECT pupil_id FROM wallets_charge WHERE service_day = %s AND wallet_id BETWEEN %s AND %s)
    ORDER BY pupil_id, revision DESC
), standing AS (
    SELECT COALESCE(due.pupil_id, latest.pupil_id) AS pupil_id, due.wallet_id, due.price, due.explanation_id,
        latest.revision, latest.wallet_id AS charged_wallet, latest.amount AS charged_amount,
        latest.revision %% 2 = 0 AS charged
    FROM due FULL JOIN latest ON latest.pupil_id = due.pupil_id
    WHERE due.pupil_id IS NULL AND latest.revision %% 2 = 0 AND latest.wallet_id BETWEEN %s AND %s
        OR due.pupil_id IS NOT NULL AND (latest.revision %% 2 = 0 AND latest.wallet_id = due.wallet_id
                                         AND latest.amount = -due.price) IS NOT TRUE
), written AS (
    INSERT INTO wallets_charge (service_day, pupil_id, revision, wallet_id, amount, posted_on, explanation_id)
    SELECT %s::date, s.pupil_id, s.revision + 1, s.charged_wallet, -s.charged_amount, %s::date,
        COALESCE(why.explanation_id, %s)
    FROM standing s LEFT JOIN unnest(%s::int[], %s::int[]) AS why (pupil_id, explanation_id) USING (pupil_id)
    WHERE s.charged
    UNION ALL
    SELECT %s, pupil_id, COALESCE(revision + CASE WHEN charged THEN 2 ELSE 1 END, 0), wallet_id, -price, %s, explanation_id
    FROM standing WHERE price IS NOT NULL
    RETURNING revision
)
SELECT count(*) FILTER (WHERE revision %% 2 = 0), count(*) FILTER (WHERE revision %% 2 = 1) FROM written"""


def open_wallets(*, households: Iterable[Household], now: dt.datetime) -> int:
    """A wallet for each household that has none; returns how many were opened. Safe to call twice, and at once."""
    _aware(now)
    wanted = [household.pk for household in households]
    before = Wallet.objects.filter(household_id__in=wanted).count()
    Wallet.objects.bulk_create(
        (Wallet(household_id=key, opened_at=now) for key in sorted(set(wanted))), ignore_conflicts=True
    )
    return Wallet.objects.filter(household_id__in=wanted).count() - before


def credit(
    *,
    wallet: Wallet,
    amount: Decimal,
    cause: str,
    value_day: dt.date,
    now: dt.datetime,
    pupil: Pupil | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
    by: User | None = None,
) -> Entry:
    """Money that has arrived for this wallet. ``cause`` names the payment, for example ``receipt:<body>:<receipt id>``."""
    return _post(
        Entry(
            wallet=wallet,
            kind=Entry.Kind.TOP_UP,
            amount=_above_zero(amount),
            cause=cause,
            value_day=value_day,
            pupil=pupil,
            reason=reason,
            details=details or {},
            recorded_at=_aware(now),
            recorded_by=by,
        )
    )


def reverse(*, entry: Entry, reason: str, by: User | None, now: dt.datetime) -> Entry:
    """Undo a movement by an exact one of the opposite sign: once, and never a reversal. The reason is for the family too.
    Nobody ordered it (``by`` None) when a bank has taken the money back."""
    if entry.kind == Entry.Kind.REVERSAL:
        raise NotReversible
    return _post(
        Entry(
            wallet_id=entry.wallet_id,
            kind=Entry.Kind.REVERSAL,
            amount=-entry.amount,
            cause=f"reversal:{entry.pk}",
            value_day=_day(now),
            pupil_id=entry.pupil_id,
            reverses=entry,
            reason=reason,
            recorded_at=_aware(now),
            recorded_by=by,
        ),
        compare=("wallet_id", "kind", "amount", "reverses_id"),
    )


def adjust(
    *,
    wallet: Wallet,
    amount: Decimal,
    key: str,
    reason: str,
    by: User,
    now: dt.datetime,
    pupil: Pupil | None = None,
) -> Entry:
    """A correction decided by a person, up or down, with its reason. ``key``: the form it came from, so that a replay is one."""
    return _post(
        Entry(
            wallet=wallet,
            kind=Entry.Kind.ADJUSTMENT,
            amount=_not_zero(amount),
            cause=f"adjustment:{key}",
            value_day=_day(now),
            pupil=pupil,
            reason=reason,
            recorded_at=_aware(now),
            recorded_by=by,
        ),
        compare=("wallet_id", "kind", "amount", "pupil_id", "reason"),
    )


def refund(*, wallet: Wallet, amount: Decimal, key: str, reason: str, by: User, now: dt.datetime) -> Entry:
    """Credit that leaves for the family's bank account (or the solidarity fund): ``NotEnoughCredit`` below zero."""
    return _give_away(
        Entry(
            wallet=wallet,
            kind=Entry.Kind.REFUND,
            amount=-_above_zero(amount),
            cause=f"refund:{key}",
            value_day=_day(now),
            reason=reason,
            recorded_at=_aware(now),
            recorded_by=by,
        )
    )


def recredit(*, refund_entry: Entry, reason: str, by: User, now: dt.datetime) -> Entry:
    """A refund that came back: the same amount to the same wallet, once."""
    if refund_entry.kind != Entry.Kind.REFUND:
        raise NotReversible
    return _post(
        Entry(
            wallet_id=refund_entry.wallet_id,
            kind=Entry.Kind.RECREDIT,
            amount=-refund_entry.amount,
            cause=refund_entry.cause.replace("refund:", "recredit:", 1),
            value_day=_day(now),
            reason=reason,
            recorded_at=_aware(now),
            recorded_by=by,
        ),
        compare=("wallet_id", "kind", "amount"),
    )


def transfer(
    *, source: Wallet, target: Wallet, amount: Decimal, key: str, reason: str, by: User, now: dt.datetime
) -> tuple[Entry, Entry]:
    """Move credit between the wallets of brothers and sisters: both sides or none, never leaving a debt behind."""
    if source.pk == target.pk:
        raise BadAmount("Il borsellino che dà e quello che riceve sono lo stesso.")
    sides = [(source, -_above_zero(amount), "out"), (target, amount, "in")]
    with transaction.atomic():
        posted = {
            side: _give_away(_transfer_side(wallet, signed, f"transfer:{key}:{side}", reason, by, now))
            for wallet, signed, side in sorted(sides, key=lambda item: item[0].pk)
        }
    return posted["out"], posted["in"]


def _transfer_side(
    wallet: Wallet, amount: Decimal, cause: str, reason: str, by: User, now: dt.datetime
) -> Entry:
    return Entry(
        wallet=wallet,
        kind=Entry.Kind.TRANSFER,
        amount=amount,
        cause=cause,
        value_day=_day(now),
        reason=reason,
        recorded_at=_aware(now),
        recorded_by=by,
    )


def _give_away(entry: Entry) -> Entry:
    try:
        return _post(entry, compare=("wallet_id", "kind", "amount"))
    except IntegrityError as error:
        if _broken(error) == "refund_never_below_zero":
            raise NotEnoughCredit from error
        raise


def _post(
    entry: Entry,
    compare: Collection[str] = ("wallet_id", "kind", "amount", "value_day", "pupil_id"),
) -> Entry:
    """Insert and let the unique cause decide; on a repeated cause the stored movement must say the same in ``compare``."""
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError as error:
        stored = Entry.objects.filter(cause=entry.cause).first()
        if stored is None:
            raise
        if any(getattr(stored, name) != getattr(entry, name) for name in compare):
            raise CauseReused(entry.cause) from error
        return stored
    return entry


@dataclass(frozen=True)
class Posted:
    """What one posting did: charges written, charges reversed."""

    count: int
    reversed: int


@dataclass(frozen=True)
class Reasons:
    """The explanations (their ids) of what is taken back: by child, and for whoever has none of its own."""

    general: int
    of_pupil: Mapping[int, int]


@dataclass(frozen=True)
class NetCharges:
    """What is charged for a day after every reversal: how many children, how many euro."""

    count: int
    total: Decimal


def post_due(
    *,
    day: dt.date,
    wallets: tuple[int, int],
    due: QuerySet[Any, Any],
    posted_on: dt.date,
    reasons: Callable[[], Reasons],
) -> Posted:
    """Make the net charges of ``day`` on the wallets first..last (both included) equal to ``due``; again: posts nothing.

    ``due`` has pupil_id, wallet_id, price and explanation_id (fields or annotations), one row per pupil at most; other
    wallets and price zero are left out here. What was charged and is due no longer, or otherwise, is reversed, explained by
    ``reasons``, which are asked for only when there is something to compare with. One short transaction: five to ten
    thousand wallets at a time.
    """
    inner, asked = _compiled(due.filter(price__gt=0, wallet_id__gte=wallets[0], wallet_id__lte=wallets[1]))
    with transaction.atomic(savepoint=False):
        if _is_first(day, wallets, posted_on):
            posted = _written(_FIRST_POSTING.format(due=inner), [*asked, day, posted_on])
            if posted is not None:
                return posted
        why = reasons()
        difference = [*asked, day, day, *wallets, *wallets, day, posted_on, why.general]
        difference += [list(why.of_pupil), list(why.of_pupil.values()), day, posted_on]
        for _ in range(3):  # again only when another range moved the same child meanwhile
            _queue(day, wallets)
            posted = _written(_DIFFERENCE.format(due=inner), difference)
            if posted is not None:
                return posted
        raise Busy


def net_charges(*, day: dt.date) -> NetCharges:
    """The tally of a day: an even revision is a charge, an odd one takes it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(CASE WHEN revision %% 2 = 0 THEN 1 ELSE -1 END), 0), -COALESCE(sum(amount), 0)"
            " FROM wallets_charge WHERE service_day = %s",
            [day],
        )
        count, total = cursor.fetchone()
    return NetCharges(count=count, total=total.quantize(CENT))


def _compiled(due: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    rows = due.order_by().values_list("pupil_id", "wallet_id", "price", "explanation_id")
    try:
        return rows.query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::int, NULL::int, NULL::numeric, NULL::int WHERE false", ()


def _is_first(day: dt.date, wallets: tuple[int, int], posted_on: dt.date) -> bool:
    """True for one caller only among those whose ranges overlap; the others wait for it here, then compare."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_posting (service_day, wallets, posted_on) VALUES (%s, int4range(%s, %s, '[]'), %s)"
            " ON CONFLICT DO NOTHING",
            [day, *wallets, posted_on],
        )
        return bool(cursor.rowcount == 1)


def _queue(day: dt.date, wallets: tuple[int, int]) -> None:
    """Comparisons of the same range follow each other; each sees what the one before has committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"wallets.post_due {day} {wallets[0]}"]
        )


def _written(statement: str, parameters: list[Any]) -> Posted | None:
    """Run it; None when a child turned out to be charged by somebody else (nothing was written)."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return Posted(*cursor.fetchone()) if cursor.description else Posted(cursor.rowcount, 0)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation) and _broken(error).startswith("wallets_charge"):
            return None
        raise


def _broken(error: IntegrityError) -> str:
    """The name of the constraint that refused."""
    cause = error.__cause__
    return str(cause.diag.constraint_name) if isinstance(cause, psycopg.Error) else ""


def exact(amount: object) -> Decimal:
    """A Decimal of whole cents within the column's range. Floats and fractions of a cent are refused: numeric(9, 2) would
    round 4.355 silently."""
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise BadAmount("Un importo in euro è un numero decimale esatto.")
    if amount != amount.quantize(CENT):
        raise BadAmount("Un importo in euro ha al massimo due decimali.")
    if abs(amount) > LARGEST:
        raise BadAmount("Importo troppo grande.")
    return amount


def _not_zero(amount: Decimal) -> Decimal:
    if exact(amount) == 0:
        raise BadAmount("L'importo non può essere zero.")
    return amount


def _above_zero(amount: Decimal) -> Decimal:
    if exact(amount) <= 0:
        raise BadAmount("L'importo deve essere maggiore di zero.")
    return amount


def _aware(now: dt.datetime) -> dt.datetime:
    if now.tzinfo is None or now.utcoffset() is None:
        raise ValueError("a moment in the ledger carries its time zone")
    return now


def _day(now: dt.datetime) -> dt.date:
    """The date on the wall of the town hall at that moment."""
    return _aware(now).astimezone(ROME).date()
