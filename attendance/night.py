"""The night. The database says what is owed, not the clock and not the queue: every service day whose hour has passed and
that is not closed, oldest first, and every closed day that a late fact concerns.

Three steps, each safe to repeat, by any number of workers, killed anywhere: ``freeze`` decides the day (freezing.py), ``post``
hands a range of wallets to the ledger in a short transaction of its own, ``close`` checks that what was due is what was posted.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from functools import partial
from time import perf_counter

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from psycopg.errors import LockNotAvailable

from attendance import changes
from attendance import hours as adopted
from attendance.calendar import each_day, national_holidays
from attendance.freezing import freeze
from attendance.models import CanteenPeriod, DayChunk, LateFact, Meal, ServiceDay
from attendance.rules import cutoff
from attendance.rules.service_days import everywhere_shut
from enrolments.models import SchoolYear
from wallets import ledger

__all__ = ["close", "due_days", "freeze", "mark_dirty", "plan", "post", "run", "run_day"]
log = structlog.get_logger(__name__)

#: The lock of migration 0002: shared by whoever changes a fact, taken alone by whoever makes the row of a day.
DAY_LOCK = 82700300
#: Who waits for that lock holds back whoever comes after: not for long. Rows are made a day ahead, there is time.
LOCK_WAIT = "3s"
#: A meal that changes wallet needs its reversal in one range before its charge in another: never more than this.
PASSES = 3


def plan(*, now: dt.datetime) -> int:
    """Make the row of every weekday of the canteen up to tomorrow; returns how many are new.

    Under the lock that every change of a fact shares (migration 0002): once the row is there, no change escapes it.
    """
    wanted = _canteen_days(now.astimezone(cutoff.ROME).date() + dt.timedelta(days=1))
    missing = sorted(wanted - set(ServiceDay.objects.values_list("day", flat=True)))
    if not missing:
        return 0
    try:
        _make_rows(missing)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        log.warning("night.plan_waits")  # a long change of facts is under way: the next sweep tries again
        return 0
    return len(missing)


@transaction.atomic
def _make_rows(days: list[dt.date]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DAY_LOCK])
    ServiceDay.objects.bulk_create([ServiceDay(day=day) for day in days], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")


def due_days(now: dt.datetime) -> list[dt.date]:
    """The days owed at this moment, oldest first. Days of a closed school year are left as they are: an adjustment mends them."""
    today = now.astimezone(cutoff.ROME).date()
    closed_year = SchoolYear.objects.filter(
        state=SchoolYear.State.CLOSED, valid_from__lte=OuterRef("day"), valid_to__gte=OuterRef("day")
    )
    late = LateFact.objects.filter(day=OuterRef("day"))
    rows = ServiceDay.objects.filter(day__lte=today).exclude(Exists(closed_year))
    owed = rows.filter(~Q(state=ServiceDay.State.CLOSED) | Exists(late))
    days = list(owed.order_by("day").values_list("day", flat=True))
    hours = adopted.on_days(days)
    return [day for day in days if cutoff.night_is_due(day, hours[day], now)]


def post(*, chunk_id: int, now: dt.datetime) -> bool:
    """Charge a range of wallets what is due to them. False: somebody else is at it, or it is done."""
    started = perf_counter()
    with transaction.atomic():
        rows = DayChunk.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
            "service_day"
        )
        chunk = rows.filter(pk=chunk_id, posted_at__isnull=True).first()
        if chunk is None:
            return False
        day, wallets = chunk.service_day.day, (chunk.first_wallet, chunk.last_wallet)
        ledger.post_due(  # Busy leaves the range to the next sweep
            day=day,
            wallets=wallets,
            due=Meal.objects.filter(day=day),
            posted_on=now.astimezone(cutoff.ROME).date(),
            reasons=partial(changes.reasons, day=day, wallets=wallets),
        )
        elapsed = round((perf_counter() - started) * 1000)
        DayChunk.objects.filter(pk=chunk.pk).update(posted_at=now, work_ms=F("work_ms") + elapsed)
    return True


def close(*, day: dt.date, now: dt.datetime) -> bool:
    """Close the day if every range is posted and the tally is exact. When it is not, the ranges are posted again."""
    with transaction.atomic():
        row = ServiceDay.objects.select_for_update(no_key=True).get(day=day)
        if row.state != ServiceDay.State.FROZEN or row.chunks.filter(posted_at__isnull=True).exists():
            return row.state == ServiceDay.State.CLOSED
        net = ledger.net_charges(day=day)
        row.posted_count, row.posted_total = net.count, net.total
        if (net.count, net.total) != (row.due_count, row.due_total):
            log.error("night.tally", day=day.isoformat(), due=row.due_count, posted=net.count)
            row.chunks.update(posted_at=None)
        elif not row.failed_count:
            row.state, row.closed_at = ServiceDay.State.CLOSED, now
        row.save(update_fields=["state", "closed_at", "posted_count", "posted_total"])
    return row.state == ServiceDay.State.CLOSED


def run_day(*, day: dt.date, now: dt.datetime) -> bool:
    """One day from the decision to the close, in this process; whether it is closed at the end."""
    frozen = freeze(day=day, now=now)
    for _ in range(PASSES):
        for chunk_id in unposted(frozen.service_day):
            post(chunk_id=chunk_id, now=now)
        if close(day=day, now=now) or not unposted(frozen.service_day):
            break
    return ServiceDay.objects.filter(day=day, state=ServiceDay.State.CLOSED).exists()


def run(*, now: dt.datetime) -> list[ServiceDay]:
    """Everything owed at this moment; returns the days worked on, as they stand afterwards."""
    plan(now=now)
    days = due_days(now)
    for day in days:
        run_day(day=day, now=now)
    return list(ServiceDay.objects.filter(day__in=days).order_by("day"))


def unposted(row: ServiceDay) -> list[int]:
    """The ranges still to post, in the order of the wallets."""
    return list(
        row.chunks.filter(posted_at__isnull=True).order_by("first_wallet").values_list("pk", flat=True)
    )


def mark_dirty(days: Iterable[dt.date], *, pupil_ids: Collection[int | None] = (None,), source: str) -> None:
    """Have these days weighed again, for everybody or for some. The triggers do it for every table; this is for a person."""
    LateFact.objects.bulk_create(
        [LateFact(day=day, pupil_id=pupil, source=source) for day in days for pupil in pupil_ids]
    )


def _canteen_days(last: dt.date) -> set[dt.date]:
    """Weekdays within the canteen's dates of any school, national holidays left out, up to ``last``."""
    found: set[dt.date] = set()
    for first, end in CanteenPeriod.objects.values_list("valid_from", "valid_to").distinct():
        until = min(end or last, last)
        if until >= first:
            holidays = national_holidays(first, until)
            found |= {day for day in each_day(first, until) if not everywhere_shut(day, holidays)}
    return found
