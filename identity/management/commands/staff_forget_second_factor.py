"""For a member of staff who lost the phone: the next login asks to link another one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.staff import StaffRefused, forget_second_factor


class Command(BaseCommand):
    help = "Scollega il secondo fattore di una persona del personale (telefono perso)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="nome utente")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            forget_second_factor(username=options["username"])
        except StaffRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("Fatto: al prossimo accesso dovrà collegare una nuova app.")
