"""Write the invented list of applications: `manage.py sample_applications --out docs/esempi`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from enrolments.sample import files


class Command(BaseCommand):
    help = "Scrive l'elenco di domande inventato (CSV, XLSX, esito atteso)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=Path("docs/esempi"), help="cartella dei file")

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        for path in files.write(out):
            self.stdout.write(f"scritto {path}")
