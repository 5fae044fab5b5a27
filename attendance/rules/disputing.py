"""Until when a charge may be disputed, and by when the office answers (domain.md section 2)."""

import datetime as dt
from calendar import monthrange


def last_day(charged_on: dt.date, *, until_day: int, longest_days: int) -> dt.date:
    """The last day good for a dispute: that day of the month after the charge was recorded, never later than so many days.

    A charge recorded late (a presence found later) is disputed from the day it was recorded.
    """
    following = (charged_on.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    day = min(until_day, monthrange(following.year, following.month)[1])
    return min(following.replace(day=max(day, 1)), charged_on + dt.timedelta(days=longest_days))


def answer_by(opened_on: dt.date, *, answer_days: int) -> dt.date:
    """The last day for the office's answer."""
    return opened_on + dt.timedelta(days=answer_days)
