"""The hours adopted by the office, read from the dated rows; where there is none, the defaults of the rules."""

import datetime as dt
from collections.abc import Iterable

from attendance.models import AttendanceRules
from attendance.rules.cutoff import DEFAULT_HOURS, Hours


def on(day: dt.date) -> Hours:
    return on_days([day])[day]


def on_days(days: Iterable[dt.date]) -> dict[dt.date, Hours]:
    """The hours in force on each of these days, in one query."""
    wanted = sorted(set(days))
    if not wanted:
        return {}
    rows = list(AttendanceRules.objects.overlapping(wanted[0], wanted[-1]))
    return {day: next((_hours(row) for row in rows if _holds(row, day)), DEFAULT_HOURS) for day in wanted}


def _holds(row: AttendanceRules, day: dt.date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)


def _hours(row: AttendanceRules) -> Hours:
    return Hours(
        parent_cutoff=row.parent_cutoff,
        register_deadline=row.register_deadline,
        kitchen_sheet_at=row.kitchen_sheet_at,
        night_at=row.night_at,
        caterer_notice_hours=row.caterer_notice_hours,
        dispute_until_day=row.dispute_until_day,
        dispute_longest_days=row.dispute_longest_days,
        dispute_answer_days=row.dispute_answer_days,
        first_reminder_at=row.first_reminder_at,
        second_reminder_at=row.second_reminder_at,
        nobody_absent_from=row.nobody_absent_from,
        sent_home_is_charged=row.sent_home_is_charged,
        pupils_per_free_teacher=row.pupils_per_free_teacher,
        phase_first_notice_days=row.phase_first_notice_days,
        phase_second_notice_days=row.phase_second_notice_days,
    )
