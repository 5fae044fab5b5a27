"""What the demo needs before its first page: the tables, the rights, and the simulated identity provider at today's address."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from identity.models import IdentityProvider, ProviderKind


class Command(BaseCommand):
    help = (
        "Prepara il database della prova e registra il gestore di identità simulato (solo in modalità demo)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("setup_database", verbosity=options["verbosity"], stdout=self.stdout)
        _follow_the_port()
        call_command("spid_local_idp", stdout=self.stdout)


def _follow_the_port() -> None:
    """The simulators may answer on another port than last time: the provider registered then is the same one."""
    registered = IdentityProvider.objects.filter(kind=ProviderKind.DEMO, code="simulazione")
    registered.update(entity_id=f"{settings.SIMULATORS_URL}/idp")
