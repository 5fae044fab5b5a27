"""What the demo needs before its first page: the tables, the rights, and the simulated identity provider at today's address."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from identity.models import IdentityProvider, ProviderKind, User


class Command(BaseCommand):
    help = (
        "Prepara il database della prova e registra il gestore di identità simulato (solo in modalità demo)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_a_real_town()
        call_command("setup_database", verbosity=options["verbosity"], stdout=self.stdout)
        _follow_the_port()
        call_command("spid_local_idp", stdout=self.stdout)


def _refuse_a_real_town() -> None:
    """DATABASE_URL may name any database: one with people in it, and none of the demo's, is somebody's."""
    if User._meta.db_table not in connection.introspection.table_names():
        return
    if User.objects.exists() and not User.objects.filter(email__endswith="@comune.example").exists():
        raise CommandError(
            "Questo database contiene i dati di un Comune: la prova ne vuole uno vuoto, o il suo di prima."
        )


def _follow_the_port() -> None:
    """The simulators may answer on another port than last time: the provider registered then is the same one."""
    registered = IdentityProvider.objects.filter(kind=ProviderKind.DEMO, code="simulazione")
    registered.update(entity_id=f"{settings.SIMULATORS_URL}/idp")
