"""Run what the night owes, here and now: the same steps as the workers', for a cron or a person."""

from typing import Any

from django.core.management.base import BaseCommand

from attendance import night
from mensa import clock


class Command(BaseCommand):
    help = "Addebita tutti i giorni di servizio dovuti e non ancora chiusi."

    def handle(self, *args: Any, **options: Any) -> None:
        days = night.run(now=clock.now())
        for row in days:
            self.stdout.write(
                f"{row.day:%d/%m/%Y} {row.get_state_display()}: {row.due_count} pasti dovuti, "
                f"{row.posted_count} addebitati, {row.failed_count} senza prezzo"
            )
        if not days:
            self.stdout.write("Niente da addebitare.")
        if any(row.state != row.State.CLOSED for row in days):
            raise SystemExit(1)
