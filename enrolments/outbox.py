"""The one way in which owed mails leave.

A row says that a mail is owed. A round claims some rows (so that two workers send one; the claim of a worker that has died runs
out), composes, sends outside any transaction and writes on each row what became of it. What cannot be composed is found out and
left alone: it keeps no other waiting. A row with several readers remembers which of them it has reached, and the next try goes to
the others. Who sends describes itself in a ``Sender``; the tables stay each with its theme.
"""

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from smtplib import SMTPConnectError, SMTPException, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any, Generic, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.crypto import salted_hmac

from enrolments.models import Owed

log = structlog.get_logger(__name__)
Row = TypeVar("Row", bound=Owed)

#: Rows claimed together: at ten seconds of silence for each mail, well within the shortest patience.
BATCH = 25
#: Rows of one round.
LIMIT = 500
#: No round lasts longer (settings.CELERY_TASK_TIME_LIMIT).
LONGEST_ROUND = dt.timedelta(minutes=15)
#: A round stops by itself well before it would be stopped (settings.CELERY_TASK_SOFT_TIME_LIMIT).
STOP_AFTER = dt.timedelta(minutes=11)
#: After so many mails in a row without an answer the server is down: the others are not even tried.
SILENCES = 2
#: An address refused so many times is wrong; the first time it may be the server's bad hour.
REFUSALS = 3


class Outcome(Enum):
    SENT = "sent"
    NOT_NEEDED = "not needed"  # nothing to say any more, or nobody to write to
    LATER = "later"  # the server did not take it: tried again after the patience
    UNWRITTEN = "unwritten"  # it could not be composed: tried again too, the trouble may be mended
    GIVEN_UP = "given up"  # tried enough, or refused for good: a person's turn


_TRIED_AGAIN = {Outcome.LATER, Outcome.UNWRITTEN}


@dataclass(frozen=True)
class Fate:
    """What became of a mail; ``problem``: the kind of error, never its text, which may hold an address."""

    outcome: Outcome
    problem: str = ""


@dataclass(frozen=True)
class Envelope(Generic[Row]):
    """Rows that leave together, a message for each reader. Without messages there is nothing to say. ``about``: which news of the
    row this is, where one row has several: who has read the first has not read the second."""

    rows: Sequence[Row]
    messages: Sequence[EmailMessage] = ()
    about: str = ""


@dataclass(frozen=True)
class Round:
    """``taken``: rows that were tried; ``left``: envelopes of which at least one message left; ``silent``: the mail server does not
    answer, and another round now would only ask it again."""

    taken: int
    left: int
    silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Sender(Generic[Row]):
    """A kind of owed mail.

    ``owed``: the rows still to be told at a moment, in order, rows of one parcel side by side. ``compose``: their envelopes, for
    all of them at once; when it raises each parcel is composed alone. ``mark``: the columns that say on a row what became of it.
    ``parcel``: rows with the same value leave together. ``most_tries``: None where ``owed`` alone says until when.
    """

    name: str
    owed: Callable[[dt.datetime], QuerySet[Row]]
    compose: Callable[[list[Row], dt.datetime], Iterable[Envelope[Row]]]
    mark: Callable[[Row, Fate, dt.datetime], dict[str, Any]]
    patience: dt.timedelta
    most_tries: int | None = None
    parcel: str = "pk"
    related: tuple[str, ...] = ()
    batch: int = BATCH


def carry(sender: Sender[Row], *, now: dt.datetime, limit: int = LIMIT) -> Round:
    """Send what is owed, a batch at a time, until nothing is left, the limit is reached, the time is over or the server falls
    silent."""
    taken = left = 0
    line = _Line()
    while taken < limit and not line.is_over:  # a claim is as old as it is, not as its round
        rows = claim(sender, now=now + line.age, limit=min(sender.batch, limit - taken))
        if not rows:
            break
        tried, gone = _deliver(sender, rows, line, now)
        taken, left = taken + tried, left + gone
    return Round(taken, left, line.is_down)


def _deliver(sender: Sender[Row], rows: list[Row], line: "_Line", now: dt.datetime) -> tuple[int, int]:
    """The mails of the rows in hand: how many rows were tried, how many envelopes left. When the round stops, or is stopped, those
    whose turn has not come are given back; the one that was being sent may have left, and waits for the patience."""
    waiting = deque(_envelopes(sender, rows, now))
    left = 0
    try:
        while waiting and not line.is_over:
            left += _do(sender, waiting.popleft(), line, now)
    finally:
        untried = [row for envelope in waiting for row in envelope.rows]
        _give_back(sender, untried, now)
    return len(rows) - len(untried), left


def _give_back(sender: Sender[Row], rows: list[Row], now: dt.datetime) -> None:
    """In nobody's hands again, as if they had not been claimed: a claim is no try."""
    if rows:
        table = sender.owed(now).model._default_manager
        ours = table.filter(pk__in=[row.pk for row in rows], claimed_at=rows[0].claimed_at)
        ours.update(claimed_at=None, tries=F("tries") - 1)


def free(sender: Sender[Row], now: dt.datetime) -> QuerySet[Row]:
    """Owed and in nobody's hands: a claim is good for the patience. One of a round that began after this one holds too; one from
    far ahead is of a clock that was moved."""
    in_hand = Q(claimed_at__gt=now - sender.patience, claimed_at__lte=now + LONGEST_ROUND)
    return sender.owed(now).exclude(in_hand)


@transaction.atomic
def claim(sender: Sender[Row], *, now: dt.datetime, limit: int) -> list[Row]:
    """Up to ``limit`` rows, now ours. One worker at a time claims, so that a parcel is never shared out; a row that somebody
    is changing is left for the next round. The last parcel is left whole for the next batch; one larger than the limit is taken
    whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"outbox:{sender.name}"])
    rows = free(sender, now).select_for_update(of=("self",), skip_locked=True)
    found = list(rows.values_list("pk", sender.parcel)[: limit + 1])
    if len(found) > limit:
        whole = [one for one in found if one[1] != found[-1][1]]
        found = whole or list(rows.filter(**{sender.parcel: found[0][1]}).values_list("pk", sender.parcel))
    keys = [pk for pk, _ in found]
    table = sender.owed(now).model._default_manager
    table.filter(pk__in=keys).update(claimed_at=now, tries=F("tries") + 1)
    ours = table.filter(pk__in=keys)
    by_key = {row.pk: row for row in (ours.select_related(*sender.related) if sender.related else ours)}
    return [by_key[pk] for pk in keys]


def _envelopes(sender: Sender[Row], rows: list[Row], now: dt.datetime) -> list[Envelope[Row]]:
    """All at once; when one of them cannot be composed, parcel by parcel, and only that one is put aside."""
    try:
        return list(sender.compose(rows, now))
    except SoftTimeLimitExceeded:  # the whole round has run out of time: the claims run out too
        raise
    except Exception:  # whose fault it is shows below
        parcels = _parcels(sender, rows)
        if len(parcels) > 1:
            return [envelope for parcel in parcels for envelope in _envelopes(sender, parcel, now)]
        log.exception("mail.not_composed", sender=sender.name, rows=[row.pk for row in rows])
    _close(sender, rows, Fate(Outcome.UNWRITTEN), now)
    return []


def _parcels(sender: Sender[Row], rows: list[Row]) -> list[list[Row]]:
    def parcel(row: Row) -> Any:
        return getattr(row, sender.parcel)

    return [list(group) for _, group in groupby(rows, key=parcel)]


def _do(sender: Sender[Row], envelope: Envelope[Row], line: "_Line", now: dt.datetime) -> bool:
    """One envelope, to the readers whom no earlier try has reached: True when something left."""
    known = set.intersection(*(set(row.reached.split()) for row in envelope.rows))
    due = {mark: one for one in envelope.messages if (mark := _reader(one, envelope.about)) not in known}
    problems = line.post(due)
    for row in envelope.rows:
        row.reached = " ".join(sorted({*row.reached.split(), *(due.keys() - problems.keys())}))
    if problems:
        _say(sender, envelope, list(problems.values()))
    _close(sender, envelope.rows, _fate(envelope, list(problems.values())), now)
    return len(problems) < len(due)


def _reader(message: EmailMessage, about: str) -> str:
    """Who gets which news, in a way that tells nobody the address."""
    return salted_hmac("outbox", "\n".join([about, *message.to])).hexdigest()[:16]


def _fate(envelope: Envelope[Row], problems: list[Exception]) -> Fate:
    if not envelope.messages:
        return Fate(Outcome.NOT_NEEDED)
    if not problems:
        return Fate(Outcome.SENT)
    refused = all(_is_for_good(problem) for problem in problems)
    return Fate(Outcome.GIVEN_UP if refused else Outcome.LATER, type(problems[0]).__name__)


def _say(sender: Sender[Row], envelope: Envelope[Row], problems: list[Exception]) -> None:
    log.warning(
        "mail.not_sent",
        sender=sender.name,
        rows=[row.pk for row in envelope.rows],
        readers=len(envelope.messages),
        not_reached=len(problems),
        problem=type(problems[0]).__name__,
    )


def _close(sender: Sender[Row], rows: Sequence[Row], fate: Fate, now: dt.datetime) -> None:
    """Only while the claim is ours: who took it over has the last word. Whom the row has reached it forgets once it is over."""
    table = sender.owed(now).model._default_manager
    for row in rows:
        final = _weighed(sender, row, fate)
        reached = row.reached if final.outcome in _TRIED_AGAIN else ""
        ours = table.filter(pk=row.pk, claimed_at=row.claimed_at)
        ours.update(reached=reached, **sender.mark(row, final, now))


def _weighed(sender: Sender[Row], row: Row, fate: Fate) -> Fate:
    """A person's turn has come when there were tries enough; an address that is refused needs fewer. Nobody's, when another reader
    has been reached."""
    if fate.outcome in {Outcome.SENT, Outcome.NOT_NEEDED}:
        return fate
    refused = fate.outcome is Outcome.GIVEN_UP
    most = REFUSALS if refused else sender.most_tries
    if most is not None and row.tries >= most:
        return Fate(Outcome.SENT if row.reached else Outcome.GIVEN_UP, fate.problem)
    return Fate(Outcome.LATER, fate.problem) if refused else fate


@dataclass
class _Line:
    """The mail server as this round has found it, and how long the round has lasted."""

    silences: int = field(default=0)
    began_ns: int = field(default_factory=time.monotonic_ns)

    @property
    def age(self) -> dt.timedelta:
        return dt.timedelta(seconds=(time.monotonic_ns() - self.began_ns) // 10**9)

    @property
    def is_down(self) -> bool:
        return self.silences >= SILENCES

    @property
    def is_over(self) -> bool:
        return self.is_down or self.age >= STOP_AFTER

    def post(self, messages: dict[str, EmailMessage]) -> dict[str, Exception]:
        """The readers whom it did not reach, and why."""
        found = {mark: _send(message) for mark, message in messages.items()}
        problems = {mark: problem for mark, problem in found.items() if problem is not None}
        if messages:
            silent = len(problems) == len(messages) and all(map(_is_silence, problems.values()))
            self.silences = self.silences + 1 if silent else 0
        return problems


def _send(message: EmailMessage) -> Exception | None:
    try:
        message.send()
    except SoftTimeLimitExceeded:
        raise
    except Exception as problem:  # a header or an address that cannot be is this message's trouble alone
        return problem
    return None


def _is_silence(problem: Exception) -> bool:
    if isinstance(problem, SMTPException):
        return isinstance(problem, SMTPServerDisconnected | SMTPConnectError)
    return isinstance(problem, OSError)


def _is_for_good(problem: Exception) -> bool:
    """The server knows no such address (5xx), it is not busy (4xx)."""
    if not isinstance(problem, SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in problem.recipients.values())
