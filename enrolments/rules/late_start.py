"""From when a child may eat whose application arrives after the school year has begun."""

import datetime as dt

from enrolments.rules import national_days


def first_day(asked_on: dt.date, year_begins: dt.date, working_days: int) -> dt.date:
    """The first day of the school year, or, once it has begun, the day after so many working days from the application."""
    if asked_on < year_begins:
        return year_begins
    day, left = asked_on, working_days
    while left >= 0:
        day += dt.timedelta(days=1)
        if is_working(day):
            left -= 1
    return day


def is_working(day: dt.date) -> bool:
    return day.weekday() < 5 and day not in national_days.of_year(day.year)
