"""Build the demo town: an ordered list of steps, each of which knows whether it has been done.

A step is one transaction or is safe to repeat, so that a builder killed anywhere goes on from there. Everything that a
person would do goes through the operation that person's page calls, at the hour that person would do it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from mensa import clock
from mensa.demo import beginning, desk, facts, families, history, parents_list, reporting, setting
from mensa.demo.plan import Scale, Step
from mensa.demo.top_ups import TopUps

#: Any number will do, as long as two builders of the same database use the same.
ONE_BUILDER = 20261124


class NotADemo(Exception):
    """The town is for demo and tests only."""

    def __str__(self) -> str:
        return "La cittadina di prova si costruisce solo in modalità demo: imposta MENSA_MODE=demo."


WHOLE_TOWN = Scale()


def build(*, say: Callable[[str], None], scale: Scale = WHOLE_TOWN) -> int:
    """Do what is still to be done and set the clock to the demo's first morning; returns how many steps were done now.

    A town that stands belongs to whoever plays in it: neither its days nor its clock are touched again.
    """
    if not (settings.DEMO or settings.TESTING):
        raise NotADemo
    with _alone():
        done = 0 if desk.is_complete() else _do(steps(scale), say)
        if done:
            clock.move_to(facts.START)
        return done + _do(parents_list.steps(), say)


def _do(wanted: list[Step], say: Callable[[str], None]) -> int:
    done = 0
    for step in wanted:
        if not step.is_done():
            if step.title:
                say(step.title)
            step.run()
            done += 1
    return done


def steps(scale: Scale) -> list[Step]:
    """The whole story, in order."""
    top_ups = TopUps()
    return [
        *setting.steps(),
        *families.steps(scale),
        *beginning.steps(top_ups),
        *history.steps(scale, top_ups),
        *reporting.steps(),
        *desk.steps(),
    ]


@contextmanager
def _alone() -> Iterator[None]:
    """A second builder waits for the first. A town that is lost with the machine is built again: no commit waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_BUILDER])
        cursor.execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_BUILDER])
