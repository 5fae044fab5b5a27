"""The school's morning: when a missing roll-call is recalled, how many teachers eat free, when a change of phase is told."""

import datetime as dt

from attendance.rules import cutoff
from attendance.rules.cutoff import Hours

#: A reminder that could not leave within the hour is of no use to anybody.
USEFUL = dt.timedelta(hours=1)


def free_teachers(pupils: int, hours: Hours) -> int:
    """One teacher for every 15 pupils begun, sitting by sitting; support teachers are counted apart."""
    return -(-pupils // hours.pupils_per_free_teacher)


def reminder_due(day: dt.date, hours: Hours, now: dt.datetime) -> int | None:
    """Which reminder of the missing roll-calls is due: 1, 2, or none.

    When both hours have gone by (the machine was off) only the second is sent.
    """
    second = cutoff.at(day, hours.second_reminder_at)
    if not cutoff.at(day, hours.first_reminder_at) <= now < second + USEFUL:
        return None
    return 2 if now >= second else 1


def phase_notice_due(begins: dt.date, today: dt.date, hours: Hours) -> int | None:
    """Which notice of a change of phase is due to the families: 1 (a fortnight before), 2 (the day before), or none."""
    left = (begins - today).days
    if left <= 0 or left > hours.phase_first_notice_days:
        return None
    return 2 if left <= hours.phase_second_notice_days else 1
