"""The families: loaded from the office's list, twice (the rows with errors come back mended); then the separated parents."""

import datetime as dt
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from enrolments import families
from enrolments.families import WEEKDAYS, GuardianData
from enrolments.models import ApplicationBatch, Custody, Household, Pupil, SchoolYear
from enrolments.sample.people import fiscal_code
from mensa import intake
from mensa.demo import facts, people
from mensa.demo.plan import Scale, Step
from wallets import ledger

FILES = ("docs/esempi/domande-2026-27.csv", "docs/esempi/domande-2026-27-corrette.csv")
#: The other parent of a child of two homes: first name, surname, birth date, and the weekdays on which they pay.
OTHER_HOMES = (
    ("Bruno", "Prova", dt.date(1984, 3, 5), False, ("monday", "tuesday")),
    ("Sara", "Prova", dt.date(1987, 6, 17), True, ("wednesday", "thursday", "friday")),
    ("Ivo", "Prova", dt.date(1981, 11, 23), False, ("thursday", "friday")),
    ("Rita", "Prova", dt.date(1989, 1, 30), True, ("monday", "wednesday")),
)


def steps(scale: Scale) -> list[Step]:
    return [
        *(
            Step(_title(number), partial(_is_loaded, name), partial(load, name, scale))
            for number, name in enumerate(FILES)
        ),
        Step("Genitori separati…", _weeks_are_shared, share_weeks),
    ]


def _title(number: int) -> str:
    return "Le domande di iscrizione…" if number == 0 else "Le domande corrette…"


def _is_loaded(name: str) -> bool:
    applied = ApplicationBatch.objects.filter(state=ApplicationBatch.State.APPLIED)
    return applied.filter(file_name=Path(name).name).exists()


@transaction.atomic
def load(name: str, scale: Scale) -> None:
    """As the office does: check, look at the report, apply."""
    by, now = people.office(), facts.APPLICATIONS_LOADED
    year = SchoolYear.objects.get(label=facts.YEAR)
    batch = intake.check(file=_content(name, scale), name=Path(name).name, year=year, by=by, now=now)
    intake.apply(batch=batch, by=by, now=now)


def _content(name: str, scale: Scale) -> bytes:
    """The header and as many rows as are wanted."""
    lines = (Path(settings.BASE_DIR) / name).read_bytes().splitlines(keepends=True)
    return b"".join(lines[: scale.rows + 1 if scale.rows else None])


def _weeks_are_shared() -> bool:
    return Custody.objects.filter(friday=False).exists() or not _only_children()


@transaction.atomic
def share_weeks() -> None:
    """A child of two homes: each parent has a family, a wallet, some weekdays, and does not see the other's money."""
    for pupil, (first, last, born, female, days) in zip(_only_children(), OTHER_HOMES, strict=False):
        other = GuardianData(
            fiscal_code=fiscal_code(first, last, born, female=female, place="Z999"),
            first_name=first,
            last_name=last,
            email=f"{first.lower()}@posta.example",
            city="Bitritto",
        )
        by, now = people.office(), facts.APPLICATIONS_LOADED
        home = families.register_family(applicant=other, children=[], by=by, now=now)
        mine = Household.objects.get(custodies__pupil=pupil)
        rest = [day for day in WEEKDAYS if day not in days]
        families.split_custody(
            pupil=pupil, shares={mine: rest, home: days}, from_day=facts.YEAR_FIRST, by=by, now=now
        )
        ledger.open_wallets(households=[home], now=now)


def _only_children() -> list[Pupil]:
    """Children whose family has one parent and no other child, in an order that does not depend on keys."""
    alone = [
        household
        for household in Household.objects.prefetch_related("members", "custodies")
        if len(household.members.all()) == 1 and len(household.custodies.all()) == 1
    ]
    rows = Pupil.objects.filter(custodies__household__in=alone).order_by("fiscal_code")
    return list(rows[: len(OTHER_HOMES)])
