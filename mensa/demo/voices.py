"""What two parents have said beyond the absence of a day: a weekday for many weeks, and a charge that they dispute."""

import datetime as dt

from django.db import transaction

from attendance import disputes, patterns
from attendance.models import Absence, AbsencePattern
from enrolments.models import Enrolment, Pupil
from mensa.demo import facts, parents
from wallets.models import Charge, Wallet

TODAY = facts.START.date()
#: In this school the parents alone say who is absent: who forgets it pays, and may dispute.
SCHOOL = "BADEMO03"
WEDNESDAY, UNTIL = 2, dt.date(2026, 12, 22)
DISPUTED, DISPUTED_AT = dt.date(2026, 11, 19), facts.at(dt.date(2026, 11, 22), 18, 5)
WORDS = "Giovedì era a casa con la febbre e non l'abbiamo segnato: a scuola lo sanno."


def are_heard() -> bool:
    return AbsencePattern.objects.exists()


@transaction.atomic
def hear() -> None:
    swims, *others = _children()
    every_wednesday(swims)
    charged = Charge.objects.filter(service_day=DISPUTED, pupil__in=others, amount__lt=0)
    charge = charged.select_related("pupil").order_by("pupil__fiscal_code").first()
    if charge is not None:
        dispute(charge.pupil)


def every_wednesday(pupil: Pupil) -> None:
    """The swimming course: from tomorrow on, this morning's numbers stay as they are."""
    now = facts.at(TODAY, 8, 5)
    by = parents.first_of(pupil, now=now)
    patterns.say(pupil=pupil, weekday=WEDNESDAY, first=TODAY, last=UNTIL, by=by, now=now)


def dispute(pupil: Pupil) -> None:
    by = parents.first_of(pupil, now=DISPUTED_AT)
    wallets = Wallet.objects.of_parent(by)
    disputes.open_dispute(pupil=pupil, day=DISPUTED, wallets=wallets, words=WORDS, by=by, now=DISPUTED_AT)


def _children() -> list[Pupil]:
    """Some children of the school of whom nothing else was said lately."""
    spoken = Absence.objects.filter(day__gte=DISPUTED).values("pupil")
    rows = Enrolment.objects.on(TODAY).filter(class_group__school__code=SCHOOL).exclude(pupil__in=spoken)
    ordered = [row.pupil for row in rows.select_related("pupil").order_by("pupil__fiscal_code")]
    return facts.dice("voci").sample(ordered, min(4, len(ordered)))
