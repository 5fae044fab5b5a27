"""The list of applications: checked without writing, then families, children, enrolments and wallets in one transaction."""

import datetime as dt
from dataclasses import dataclass
from typing import IO

from django.db import transaction

from enrolments import applications
from enrolments.models import ApplicationBatch, Household, SchoolYear
from identity.models import User
from wallets import ledger


@dataclass(frozen=True)
class Loaded:
    """What applying a list has done."""

    households: list[Household]
    wallets_opened: int


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
    return Loaded(households=households, wallets_opened=opened)
