"""A round over many things: one that nobody foresaw is said in the log and keeps no other waiting."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

log = structlog.get_logger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")


def each(items: Iterable[Item], act: Callable[[Item], Result], *, said: str) -> list[Result]:
    """Do one after the other; returns what came of those that went well. ``said``: the event in the log.

    What ``act`` writes must be one transaction of its own: half a thing done would stay.
    """
    done = []
    for item in items:
        try:
            done.append(act(item))
        except SoftTimeLimitExceeded:  # the whole round has run out of time
            raise
        except Exception:  # whatever it is, it is this one's trouble alone
            log.exception(said, item=_name(item))
    return done


def steps(parts: Iterable[Callable[[], object]], *, said: str) -> None:
    """The parts of a round, in order; one that fails leaves the others to do theirs."""
    each(parts, lambda part: part(), said=said)


def at_once_or_each(
    items: Sequence[Item], act: Callable[[Sequence[Item]], Result], *, said: str
) -> list[Result]:
    """All together, with the few queries that takes; when that fails, one by one, so that only the culprit is left out."""
    try:
        return [act(items)]
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # found out below, one by one
        log.warning(said, exc_info=True, items=len(items))
    return each([[item] for item in items], act, said=said)


def _name(item: object) -> str:
    """A key or the name of a step: never who or what a row speaks of."""
    if isinstance(item, list | tuple) and len(item) == 1:
        return _name(item[0])
    step = getattr(item, "func", item)
    return str(getattr(item, "pk", None) or getattr(step, "__name__", type(item).__name__))
