"""The list of applications: checked without writing, then families, children, enrolments and wallets in one transaction."""

import datetime as dt
from dataclasses import dataclass
from typing import IO

from django.db import transaction

from enrolments import applications
from enrolments.models import Application, ApplicationBatch, SchoolYear
from identity.models import User
from wallets import ledger


@dataclass(frozen=True)
class Loaded:
    """What applying a list has done."""

    families: int
    wallets_opened: int

    @property
    def sentence(self) -> str:
        families = "una famiglia" if self.families == 1 else f"{self.families} famiglie"
        if not self.wallets_opened:
            return f"Elenco applicato: {families}; i borsellini c'erano già."
        if self.wallets_opened == 1:
            return f"Elenco applicato: {families}, un borsellino aperto adesso."
        return f"Elenco applicato: {families}, {self.wallets_opened} borsellini aperti adesso."


@dataclass(frozen=True)
class Outcome:
    """What a list that was applied has left in the archive."""

    children: int
    families: int


def check(
    *, file: IO[bytes] | bytes, name: str, year: SchoolYear, by: User, now: dt.datetime
) -> ApplicationBatch:
    """The dry run: every row is read and judged, nothing is written but the report."""
    return applications.check(file=file, name=name, year=year, by=by, now=now)


@transaction.atomic
def apply(*, batch: ApplicationBatch, by: User, now: dt.datetime) -> Loaded:
    """Each family has its wallet there and then: both or neither. The same list again opens and changes nothing."""
    households = applications.apply(batch=batch, by=by, now=now)
    opened = ledger.open_wallets(households=households, now=now)
    return Loaded(families=len(households), wallets_opened=opened)


def outcome(batch: ApplicationBatch) -> Outcome:
    """The applications that this list brought; a row that was there already belongs to the list that brought it first."""
    rows = Application.objects.filter(batch=batch)
    return Outcome(
        children=rows.count(), families=rows.values("household").order_by("household").distinct().count()
    )
