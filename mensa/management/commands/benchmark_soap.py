"""Measure how soon the pagoPA node is answered, alone and while the night is charged beside it. See docs/scale.md."""

import math
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from mensa.benchmark import nights, population
from mensa.benchmark.caller import PRIMITIVES, Caller, issue, percentile_95, portal
from mensa.benchmark.crew import Worker

#: What pagoPA is promised: nineteen answers in twenty within a second.
PROMISED = 1.0
NOTICES = 20_000


class Command(BaseCommand):
    help = "Misura i tempi di risposta al nodo pagoPA, da solo e durante la notte degli addebiti."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pupils", type=int, default=20_000)
        parser.add_argument("--rounds", type=int, default=3, help="misure senza e con la notte, alternate")
        parser.add_argument("--nights", type=int, default=3, help="notti di seguito in ogni misura")
        parser.add_argument("--callers", type=int, default=2, help="chiamate del nodo allo stesso momento")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Serve PostgreSQL.")
        database = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            Benchmark(self, database, options).run()
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


class Benchmark:
    def __init__(self, command: Command, database: str, options: dict[str, Any]) -> None:
        self.say = command.stdout.write
        self.database = database
        self.pupils, self.rounds, self.nights = options["pupils"], options["rounds"], options["nights"]
        self.callers = options["callers"]
        self.times: dict[str, dict[str, list[float]]] = {
            way: {name: [] for name in PRIMITIVES} for way in ("alone", "night")
        }
        self.wrong = 0

    def run(self) -> None:
        population.build(self.pupils)
        families = max(1, math.ceil(self.pupils * population.FAMILIES / population.CHILDREN))
        numbers = issue(NOTICES, families)
        crew = [Worker(self.database), Worker(self.database)]
        try:
            with portal(self.database) as address:
                self._measure(Caller(address, numbers, self.callers), crew)
        finally:
            for worker in crew:
                worker.dismiss()
        nights.check_books()
        self._report()

    def _measure(self, caller: Caller, crew: list[Worker]) -> None:
        """The same span of time alone and with the nights, in turn; the first night warms everything up."""
        days = iter(population.service_days(1 + self.rounds * self.nights))
        with caller.calling():
            nights.run_night(next(days), crew)
        for _ in range(self.rounds):
            these = [next(days) for _ in range(self.nights)]
            for day in these:
                population.mark_absences(day, self.pupils)
            began = time.perf_counter()
            with caller.calling():
                for day in these:
                    nights.run_night(day, crew)
            span = time.perf_counter() - began
            self._keep(caller, "night")
            with caller.calling():
                time.sleep(span)
            self._keep(caller, "alone")

    def _keep(self, caller: Caller, way: str) -> None:
        self.wrong += caller.wrong
        for name, times in caller.times.items():
            self.times[way][name] += times

    def _report(self) -> None:
        self.say(
            f"{self.pupils} alunni, {self.callers} chiamate insieme, {self.wrong} risposte diverse da OK"
        )
        for name in PRIMITIVES:
            self.say(f"{name}: {_measured(self.times['alone'][name], self.times['night'][name])}")


def _measured(alone: list[float], night: list[float]) -> str:
    """Seconds of each call, without and with the night."""
    usual, busy = percentile_95(alone), percentile_95(night)
    counts = f"{len(alone)}+{len(night)} chiamate"
    if usual is None or busy is None:
        return f"non misurato ({counts}: troppo poche)"
    kept = "entro" if busy < PROMISED else "OLTRE"
    return (
        f"95% entro {usual * 1000:.0f} ms da solo, {busy * 1000:.0f} ms con la notte"
        f" ({busy / usual:.2f}x; {kept} il secondo promesso; {counts})"
    )
