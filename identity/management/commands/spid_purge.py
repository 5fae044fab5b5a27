"""Delete from the register of SPID and CIE logins what is older than 24 months."""

from typing import Any

from django.core.management.base import BaseCommand

from identity.spid import exchanges
from mensa import clock


class Command(BaseCommand):
    help = "Cancella dal registro degli accessi SPID e CIE ciò che ha più di 24 mesi."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Cancellati {exchanges.purge(now=clock.outside_now())} accessi.")
