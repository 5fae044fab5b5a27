"""Build the demo town; started again it goes on from where it stopped, and finished it does nothing."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mensa.demo import people, town


class Command(BaseCommand):
    help = "Costruisce la cittadina di prova (solo in modalità demo): scuole, famiglie e due mesi di mensa."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            done = town.build(say=self._say)
        except town.NotADemo as refusal:
            raise CommandError(str(refusal)) from refusal
        if done:
            self._say(f"La cittadina è pronta ({time.monotonic() - started:.0f} s).")
        for line in people.lines():
            self.stdout.write(line)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
