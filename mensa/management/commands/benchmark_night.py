"""Measure the night in one run, interleaved with its own baselines. See docs/scale.md for how to read it."""

import datetime as dt
import math
import time
from argparse import ArgumentParser
from statistics import median
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from mensa.benchmark import floor, nights, population
from mensa.benchmark.crew import Worker
from mensa.benchmark.meters import Meter, Reading


class Command(BaseCommand):
    help = "Misura la notte degli addebiti su una popolazione sintetica, contro il minimo possibile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pupils", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=3, help="misure per ciascun modo, alternate")
        parser.add_argument("--history", type=int, default=0, help="giorni già addebitati prima di misurare")
        parser.add_argument("--sample", type=int, default=2000, help="alunni per una transazione ciascuno")
        parser.add_argument("--no-top-ups", action="store_true", help="senza ricariche durante la notte")

    def handle(self, *args: Any, **options: Any) -> None:
        database = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            Benchmark(self, database, options).run()
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


class Benchmark:
    def __init__(self, command: Command, database: str, options: dict[str, Any]) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Serve PostgreSQL.")
        self.say = command.stdout.write
        self.pupils, self.rounds = options["pupils"], options["rounds"]
        self.history, self.sample = options["history"], options["sample"]
        self.live = not options["no_top_ups"]
        self.database = database
        self.floors: list[Reading] = []
        self.nights: dict[str, list[nights.Night]] = {"1": [], "2": [], "2+": []}

    def run(self) -> None:
        self._build()
        crew = [Worker(self.database), Worker(self.database)]
        payer = Worker(self.database)
        try:
            self._measure(crew, payer)
        finally:
            for worker in [*crew, payer]:
                worker.dismiss()
        nights.check_books()
        self._report()

    def _build(self) -> None:
        began = time.perf_counter()
        population.build(self.pupils)
        floor.prepare()
        self.families = max(1, math.ceil(self.pupils * population.FAMILIES / population.CHILDREN))
        self.say(
            f"{self.pupils} alunni, {self.families} famiglie, costruiti in {time.perf_counter() - began:.1f} s"
        )

    def _measure(self, crew: list[Worker], payer: Worker) -> None:
        """First night, history, then in turn: the floor, one worker, two workers, two workers with live top-ups."""
        ways = ["1", "2", "2+"] if self.live else ["1", "2"]
        days = iter(population.service_days(1 + self.history + self.rounds * len(ways)))
        self.first = self._night(next(days), crew[:1])
        for _ in range(self.history):
            self._night(next(days), crew)
        for _ in range(self.rounds):
            for way in ways:
                day = next(days)
                self._floor(day)
                team, wallet_owner = (crew[:1] if way == "1" else crew), payer if way == "2+" else None
                self.nights[way].append(self._night(day, team, wallet_owner))
        self.naive = floor.run_naive(day, min(self.sample, self.pupils))

    def _night(self, day: dt.date, crew: list[Worker], payer: Worker | None = None) -> nights.Night:
        population.mark_absences(day, self.pupils)
        night = nights.run_night(day, crew, payer, self.families)
        self.say(f"  {day} {night.workers} in corso: {night.reading.wall:.2f} s, {night.debits} addebiti")
        return night

    def _floor(self, day: dt.date) -> None:
        with Meter() as meter:
            self.floor_rows = floor.run_floor(day)
        self.floors.append(meter.reading)

    def _report(self) -> None:
        # Per row: the floor writes one row per child present, the night one debit.
        base_wall = median(one.wall for one in self.floors) / self.floor_rows
        base_cpu = median(one.cpu for one in self.floors) / self.floor_rows
        self.say(
            f"\nminimo: {1 / base_wall:,.0f} righe/s, WAL {self.floors[-1].wal / self.floor_rows:.0f} byte per riga"
        )
        for way, title in (("1", "1 lavoratore"), ("2", "2 lavoratori"), ("2+", "2 lavoratori e ricariche")):
            if self.nights[way]:
                self._report_way(title, self.nights[way], base_wall, base_cpu)
        one = median(night.reading.wall / night.debits for night in self.nights["1"])
        self.say(
            f"una transazione per alunno: {self.naive:,.0f} pasti/s; la notte è {1 / one / self.naive:,.0f} volte più veloce"
        )
        self.say(f"byte su disco per addebito (registro): {nights.stored_bytes_per_debit():.0f}")
        last = self.nights["1"][-1]
        if self.history:
            self.say(
                f"dopo {self.history} giorni di storia, contro la prima notte: CPU {_per_debit(last, 'cpu') / _per_debit(self.first, 'cpu'):.2f}x,"
                f" WAL {_per_debit(last, 'wal') / _per_debit(self.first, 'wal'):.2f}x"
            )
        self.say("saldi uguali alla somma dei movimenti, nessun addebito doppio")

    def _report_way(self, title: str, found: list[nights.Night], base_wall: float, base_cpu: float) -> None:
        wall = median(night.reading.wall for night in found)
        share = median(night.reading.wall / night.debits for night in found) / base_wall
        cpu = median(_per_debit(night, "cpu") for night in found) / base_cpu
        wal = median(_per_debit(night, "wal") for night in found)
        ledger = median((night.reading.wal - night.deciding_wal) / night.debits for night in found)
        self.say(
            f"{title}: {wall:.2f} s, {found[0].debits / wall:,.0f} pasti/s, {share:.2f}x il minimo (CPU {cpu:.2f}x), decisione "
            f"{median(night.freezing for night in found):.2f} s, WAL per addebito {ledger:.0f} byte di registro "
            f"({wal:.0f} con la decisione), blocco più lungo "
            f"{max(night.longest_ms for night in found)} ms, Python {max(night.reading.python_kb for night in found) // 1024} MB, "
            f"server {max(night.reading.backend_kb for night in found) // 1024} MB"
        )
        if top_ups := sum(night.top_ups for night in found):
            errors = [error for night in found for error in night.errors]
            self.say(
                f"  {top_ups} ricariche: la più lenta {max(night.worst_top_up for night in found) * 1000:.0f} ms, {len(errors)} errori {errors[:1]}"
            )


def _per_debit(night: nights.Night, name: str) -> float:
    return float(getattr(night.reading, name)) / night.debits
