"""The books, checked: every invariant of every app is a query that must find nothing. Exit 1 with the list otherwise."""

from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enrolments import pricing
from wallets import books

APPS = ("wallets", "attendance", "payments")


class Command(BaseCommand):
    help = "Controlla i conti: elenca ciò che non torna e termina con codice 1; in silenzio se torna tutto."

    def handle(self, *args: Any, **options: Any) -> None:
        checks = all_checks()
        findings = books.run(checks) + books.changed_days() + drifted_prices()
        for finding in findings:
            self.stderr.write(f"{finding.check}: {finding.sentence} Casi: {finding.count}.")
            for example in finding.examples:
                self.stderr.write(f"    {example}")
        if findings:
            raise CommandError(
                f"I conti non tornano: {len(findings)} controlli su {len(checks) + 2}.", returncode=1
            )
        if options["verbosity"] > 0:
            self.stdout.write(f"I conti tornano: {len(checks) + 2} controlli, nessun caso.")


def all_checks() -> list[books.Check]:
    return [check for app in APPS for check in _checks_of(app)]


def drifted_prices() -> list[books.Finding]:
    """The prices written ahead against the rule that writes them."""
    found = [f"alunno {drift.pupil_id} dal {drift.valid_from:%d/%m/%Y}" for drift in pricing.verify()]
    if not found:
        return []
    sentence = "Ogni prezzo scritto è quello che dà la regola."
    return [books.Finding("prezzi", sentence, len(found), tuple(found[: books.SHOWN]))]


def _checks_of(app: str) -> tuple[books.Check, ...]:
    """An app without a ``books`` module has nothing to check."""
    try:
        module = import_module(f"{app}.books")
    except ModuleNotFoundError as error:
        if error.name != f"{app}.books":
            raise
        return ()
    return tuple(module.CHECKS)
