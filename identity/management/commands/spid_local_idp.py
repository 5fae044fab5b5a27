"""Register the simulated identity provider. Demo only."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from identity.local_idp.registration import register
from mensa import clock


class Command(BaseCommand):
    help = "Registra il gestore di identità simulato (solo nella dimostrazione)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            provider = register(now=clock.outside_now())
        except ImproperlyConfigured as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Registrato {provider.name}: {provider.sso_url}")
