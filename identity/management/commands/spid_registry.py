"""Refresh the registry of identity providers from SPID's published metadata, or from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from identity.models import ProviderKind
from identity.spid import idp_metadata, registry
from mensa import clock


class Command(BaseCommand):
    help = "Aggiorna l'elenco dei gestori di identità dai metadata pubblicati."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--file", type=Path, help="legge i metadata da un file invece che dal registro SPID"
        )
        parser.add_argument(
            "--tipo", choices=[kind.value for kind in ProviderKind], default=ProviderKind.SPID.value
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.outside_now()
        try:
            xml = options["file"].read_bytes() if options["file"] else self._fetch()
            result = registry.refresh(
                xml, kind=ProviderKind(options["tipo"]), now=now, whole=options["file"] is None
            )
        except (
            OSError,
            httpx.HTTPError,
            idp_metadata.MetadataUnreadable,
            registry.RefreshRefused,
        ) as failure:
            raise CommandError(f"Resta in uso l'elenco di prima. {failure}") from failure
        self.stdout.write(f"Nuovi {result.new}, aggiornati {result.updated}, ritirati {result.retired}.")
        for provider in registry.ending(now=now):
            self.stderr.write(
                f"Attenzione: un certificato di {provider.name} scade il {provider.certificates_end:%d/%m/%Y}."
            )

    def _fetch(self) -> bytes:
        answer = httpx.get(settings.SPID_REGISTRY_URL, timeout=30, follow_redirects=True)
        answer.raise_for_status()
        return answer.content
