"""The nights of a synthetic town on a server that is going to be killed: `python -m tests.model.own_nights build|run|check`.

``run`` says each step on a line of its own, so that the test knows when to strike.
"""

import datetime as dt
import sys

PUPILS, DAYS = 270, 6


def _days() -> list[dt.date]:
    from mensa.benchmark import population

    return population.service_days(DAYS)


def build() -> None:
    from django.core.management import call_command

    from mensa.benchmark import population

    call_command("migrate", verbosity=0)
    population.build(PUPILS)
    for day in _days():
        population.mark_absences(day, PUPILS)


def run() -> None:
    from attendance import freezing, night
    from tests.cast import ROME

    freezing.CHUNK = 5
    for day in _days():
        now = dt.datetime.combine(day, dt.time(20, 5), tzinfo=ROME)
        night.plan(now=now)
        _say("decided")
        row = night.freeze(day=day, now=now).service_day
        for chunk in night.unposted(row):
            _say("posted")
            night.post(chunk_id=chunk, now=now)
        night.close(day=day, now=now)


def check() -> None:
    from tests.model.outcome import each_meal_once

    each_meal_once(_days(), PUPILS)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import django

    django.setup()
    {"build": build, "run": run, "check": check}[sys.argv[1]]()
