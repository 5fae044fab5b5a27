"""The books, checked: every invariant of every app is a query that must find nothing. Exit 1 with the list otherwise."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mensa import books, clock


class Command(BaseCommand):
    help = "Controlla i conti: elenca ciò che non torna e termina con codice 1; in silenzio se torna tutto."

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = books.check(now=clock.now())
        for finding in outcome.findings:
            self.stderr.write(f"{finding['check']}: {finding['sentence']} Casi: {finding['count']}.")
            for example in finding["examples"]:
                self.stderr.write(f"    {example}")
        if outcome.findings:
            raise CommandError(
                f"I conti non tornano: {len(outcome.findings)} controlli su {outcome.checks}.", returncode=1
            )
        if options["verbosity"] > 0:
            self.stdout.write(f"I conti tornano: {outcome.checks} controlli, nessun caso.")
