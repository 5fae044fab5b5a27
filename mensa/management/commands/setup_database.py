"""Bring the database to this release: migrations, then the rights of the roles. One process, because starting Django costs a second."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Applica le migrazioni e assegna i diritti ai ruoli del database (da eseguire come proprietario)."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
        call_command("grant_roles", stdout=self.stdout)
