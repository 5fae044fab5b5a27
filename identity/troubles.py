"""What the log says of an error: its kind, the rule of the database that it broke, and where in the code. Never its words:
PostgreSQL quotes the row that it refuses, a mail server the address, and both are people. Loaded with the settings.
"""

import logging
import traceback
from collections.abc import Iterator
from copy import copy
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def kind(error: BaseException) -> str:
    """ "IntegrityError (one_alert_per_crossing)"."""
    found = [getattr(one, "diag", None) for one in (error, error.__cause__)]
    rules = [name for diag in found if (name := getattr(diag, "constraint_name", None))]
    return f"{type(error).__name__} ({rules[0]})" if rules else type(error).__name__


def without_words(exc_info: ExcInfo) -> str:
    """A traceback as Python prints it, the causes first, but for the words of the errors."""
    parts = ["".join(traceback.format_tb(one.__traceback__)) + kind(one) for one in _chain(exc_info[1])]
    return "\n".join(reversed(parts))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class Formatter(logging.Formatter):
    """For every line, whoever writes it: Django of a page that failed, Celery of a task."""

    def format(self, record: logging.LogRecord) -> str:
        mine = copy(record)
        mine.exc_text = None  # another handler may have kept its own there
        if isinstance(mine.args, dict) and "exc" in mine.args:  # Celery's sentence holds the error's
            error = mine.exc_info[1] if mine.exc_info else None
            mine.args = {**mine.args, "exc": kind(error) if error else "…"}
        return super().format(mine)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is the library's
        return without_words(ei)  # type: ignore[arg-type]
