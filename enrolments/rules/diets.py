"""When a diet is not safe to serve: pure dates."""

import datetime as dt
import re

ONE_DAY = dt.timedelta(days=1)
#: What the kitchen knows: letters, a dash, a number. A word could say an illness or a belief.
NEUTRAL_CODE = re.compile(r"[A-Z]{1,3}-[0-9]{2,4}")


def expires_on(certificate_until: dt.date, *, keep_until: dt.date | None) -> dt.date:
    """The first day on which a diet without a valid certificate puts the meal on hold: never an ordinary meal instead.

    ``keep_until``: the last day of the school year when the rule keeps the diet until then; None: on hold the day after.
    """
    return max(certificate_until, keep_until or certificate_until) + ONE_DAY


def served_from(*, ready_from: dt.date, last_confirmed_on: dt.date, kitchen_was_last: bool) -> dt.date:
    """The first meal after both have confirmed. The kitchen knows whether it is ready today; when the dietician comes last
    the kitchen hears of it for the day after."""
    earliest = last_confirmed_on if kitchen_was_last else last_confirmed_on + ONE_DAY
    return max(ready_from, earliest)


def reminder_is_due(certificate_until: dt.date, *, today: dt.date, days: int) -> bool:
    return today >= certificate_until - days * ONE_DAY
