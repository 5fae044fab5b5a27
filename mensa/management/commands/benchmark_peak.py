"""Measure the last minutes before the cut-off. See docs/scale.md for how to read it."""

import os
import tempfile
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from mensa.benchmark import parents, peak, population
from mensa.benchmark.taps import Answer

#: 20 families have 27 children (population.py).
CHILDREN_PER_FAMILY = population.CHILDREN / population.FAMILIES


class Command(BaseCommand):
    help = "Misura la punta delle assenze attorno all'orario limite, su un portale e un database a perdere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--families", type=int, default=600)
        parser.add_argument("--rate", type=float, default=25, help="richieste al secondo")
        parser.add_argument("--seconds", type=float, default=300)
        parser.add_argument("--idle", type=int, default=100, help="richieste a riposo, una alla volta")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Serve PostgreSQL.")
        database = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with tempfile.TemporaryDirectory(prefix="mensa-punta-") as folder:
                self._measure(database, Path(folder), options)
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)

    def _measure(self, database: str, folder: Path, options: dict[str, Any]) -> None:
        population.build(round(options["families"] * CHILDREN_PER_FAMILY))
        families = parents.sign_in()
        self.stdout.write(f"{len(families)} famiglie, {options['rate']:g} richieste al secondo")
        found = peak.run(
            families=families,
            database_url=f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{database}",
            folder=folder,
            rate=options["rate"],
            seconds=options["seconds"],
            idle=options["idle"],
        )
        self._report(found)
        if found.errors or found.wrongs:
            raise CommandError(
                "; ".join([*found.wrongs, *(f"{n} {what}" for what, n in Counter(found.errors).items())])
            )

    def _report(self, found: peak.Peak) -> None:
        for title, taps in (("a riposo", found.idle), ("nella punta", found.crowd)):
            middle, high = peak.percentile(taps, 50), peak.percentile(taps, 95)
            slowest = max(tap.took for tap in taps) * 1000
            self.stdout.write(
                f"{title}: {len(taps)} richieste, metà entro {middle:.0f} ms, 95 su 100 entro {high:.0f} ms,"
                f" la più lenta {slowest:.0f} ms"
            )
        self.stdout.write(f"95 su 100, punta contro riposo: {found.ratio:.2f}x (obiettivo: 3x)")
        self.stdout.write(
            f"accettate {found.count(Answer.ACCEPTED)}, rifiutate {found.count(Answer.REFUSED)}, errori {len(found.errors)}"
        )
        if not found.wrongs:
            self.stdout.write("ogni sì e ogni no è esatto sull'ora del server, ogni ricevuta corrisponde")
