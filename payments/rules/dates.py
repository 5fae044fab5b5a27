"""Which dates from outside can be true. One rule for receipts, reports, journals and what is typed: a day beyond the calendar's
end breaks every later computation of everybody. Pure."""

import datetime as dt

CREDIBLE_YEARS = range(2000, 2101)


def is_credible(day: dt.date) -> bool:
    """Also a moment, which is a day."""
    return day.year in CREDIBLE_YEARS
