"""Create the account of a member of staff; the password is asked twice and never shown."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.models import Role
from identity.staff import StaffRefused, create_staff_user


class Command(BaseCommand):
    help = "Crea l'utente di una persona del Comune, della scuola o della cucina."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="nome utente")
        parser.add_argument(
            "role", choices=[role.value for role in Role if role != Role.PARENT], help="ruolo"
        )
        parser.add_argument("--nome", default="")
        parser.add_argument("--cognome", default="")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Di nuovo: "):
            raise CommandError("Le due password sono diverse.")
        try:
            user = create_staff_user(
                username=options["username"],
                role=options["role"],
                password=password,
                first_name=options["nome"],
                last_name=options["cognome"],
                email=options["email"],
            )
        except StaffRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Creato {user.username} ({user.get_role_display()}).")
