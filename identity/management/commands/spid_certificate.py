"""Make the town's SPID key and certificate (Avviso 29 v3), or the next pair, or put the next pair in use."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from identity.spid import keys, service
from mensa import clock


class Command(BaseCommand):
    help = "Crea la chiave e il certificato SPID del Comune."

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--prossimo", action="store_true", help="prepara la coppia che sostituirà quella in uso"
        )
        choice.add_argument("--sostituisci", action="store_true", help="mette in uso la coppia preparata")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sostituisci"]:
            self._promote()
            return
        if not settings.TOWN_IPA_CODE:
            raise CommandError("Manca TOWN_IPA_CODE: il certificato lo contiene.")
        try:
            path = keys.create(
                settings.SPID_KEYS_DIR,
                service.certificate_subject(),
                now=clock.outside_now(),
                following=options["prossimo"],
            )
        except FileExistsError as existing:
            raise CommandError(f"{existing.filename} esiste già: non viene sovrascritto.") from existing
        self.stdout.write(f"Scritto {path}. La chiave è accanto: va nel salvataggio cifrato, mai per posta.")

    def _promote(self) -> None:
        try:
            keys.promote(settings.SPID_KEYS_DIR)
        except keys.KeyMissing as missing:
            raise CommandError(
                "Non c'è una coppia preparata: prima «spid_certificate --prossimo»."
            ) from missing
        self.stdout.write("La nuova chiave è in uso. Pubblica di nuovo i metadata.")
