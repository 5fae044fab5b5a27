"""Print the signed metadata, as the portal publishes them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.spid import keys, publishing
from identity.spid.service import Scheme


class Command(BaseCommand):
    help = "Stampa i metadata firmati, da consegnare ad AgID (SPID) o al Ministero (CIE)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cie", action="store_true", help="quelli per CIE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(publishing.signed_metadata(Scheme.CIE if options["cie"] else Scheme.SPID))
        except keys.KeyMissing as missing:
            raise CommandError(str(missing)) from missing
