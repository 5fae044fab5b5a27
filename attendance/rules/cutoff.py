"""Until when each role may still speak of a day: wall time of Europe/Rome, by the server's clock (domain.md section 2)."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
ONE_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in force on a day; the defaults are those of domain.md, used until the office adopts its own."""

    parent_cutoff: dt.time = dt.time(9, 0)
    register_deadline: dt.time = dt.time(9, 30)
    kitchen_sheet_at: dt.time = dt.time(9, 45)
    night_at: dt.time = dt.time(20, 0)
    caterer_notice_hours: int = 48
    dispute_until_day: int = 7
    dispute_longest_days: int = 60
    dispute_answer_days: int = 30
    first_reminder_at: dt.time = dt.time(9, 30)
    second_reminder_at: dt.time = dt.time(9, 40)
    nobody_absent_from: int = 80
    sent_home_is_charged: bool = False
    pupils_per_free_teacher: int = 15
    phase_first_notice_days: int = 14
    phase_second_notice_days: int = 1


DEFAULT_HOURS = Hours()


def at(day: dt.date, hour: dt.time) -> dt.datetime:
    """The instant when the clock on the wall of the town hall shows that hour; right on the days the hour changes."""
    return dt.datetime.combine(day, hour, tzinfo=ROME).astimezone(dt.UTC)


def parent_deadline(day: dt.date, hours: Hours) -> dt.datetime:
    """The first instant that is too late: the minute written in the rule is still good (09:00:59 yes, 09:01:00 no)."""
    return at(day, hours.parent_cutoff) + ONE_MINUTE


def parent_in_time(day: dt.date, hours: Hours, now: dt.datetime) -> bool:
    return now < parent_deadline(day, hours)


def register_deadline(day: dt.date, hours: Hours) -> dt.datetime:
    return at(day, hours.register_deadline) + ONE_MINUTE


def school_may_confirm(day: dt.date, hours: Hours, now: dt.datetime, *, confirmed: bool) -> bool:
    """On the day itself: a register can be changed until its deadline, one that is still missing until the debit.

    A late roll-call is worth more than none: the kitchen gets it as a variation.
    """
    if now.astimezone(ROME).date() != day:
        return False
    limit = register_deadline(day, hours) if confirmed else at(day, hours.night_at)
    return now < limit


def night_is_due(day: dt.date, hours: Hours, now: dt.datetime) -> bool:
    """The debit of a day is owed from its hour on; before it, never."""
    return now >= at(day, hours.night_at)
