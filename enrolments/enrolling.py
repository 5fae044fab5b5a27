"""Who is in which class, from a day to a day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from enrolments import pricing, timeline
from enrolments.errors import Refused
from enrolments.models import ClassGroup, Enrolment, Pupil
from identity.models import User


class EnrolmentRefused(Refused):
    """An enrolment that cannot be made as asked."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A pupil in a class; without a last day, to the end of the class's school year."""

    pupil: Pupil
    class_group: ClassGroup
    first_day: dt.date
    last_day: dt.date | None = None


def enrol(
    *,
    pupil: Pupil,
    class_group: ClassGroup,
    first_day: dt.date,
    last_day: dt.date | None = None,
    by: User,
    now: dt.datetime,
) -> Enrolment:
    """Enrol a pupil. The same enrolment again changes nothing; another class on the same days is refused."""
    place = Place(pupil=pupil, class_group=class_group, first_day=first_day, last_day=last_day)
    enrol_many(places=[place], by=by, now=now)
    return Enrolment.objects.get(pupil=pupil, class_group=class_group, valid_from=first_day)


@transaction.atomic
def enrol_many(*, places: Sequence[Place], by: User, now: dt.datetime) -> int:
    """As many enrolments as the list has, in a constant number of queries; returns how many are new."""
    rows = [_row(place) for place in places]
    known = set(
        Enrolment.objects.filter(pupil__in={row.pupil_id for row in rows}).values_list(
            "pupil_id", "class_group_id", "valid_from"
        )
    )
    new = [row for row in rows if (row.pupil_id, row.class_group_id, row.valid_from) not in known]
    try:
        with transaction.atomic():
            Enrolment.objects.bulk_create(new)
    except IntegrityError as error:
        raise EnrolmentRefused(
            "Un alunno è già iscritto a una classe in quei giorni: per spostarlo usa il cambio di classe."
        ) from error
    pricing.refresh(pupil_ids={row.pupil_id for row in new})
    return len(new)


def _row(place: Place) -> Enrolment:
    year = place.class_group.year
    last = place.last_day or year.valid_to
    if not (year.valid_from <= place.first_day <= last <= year.valid_to):
        raise EnrolmentRefused(
            f"L'iscrizione va dal {year.valid_from:%d/%m/%Y} al {year.valid_to:%d/%m/%Y} al più: "
            f"sono i giorni dell'anno scolastico {year}."
        )
    return Enrolment(
        pupil=place.pupil, class_group=place.class_group, valid_from=place.first_day, valid_to=last
    )


@transaction.atomic
def change_class(
    *, pupil: Pupil, class_group: ClassGroup, from_day: dt.date, by: User, now: dt.datetime
) -> Enrolment:
    """From a day on the pupil is in another class of the same year; the day before belongs to the old one."""
    year = class_group.year
    rows = Enrolment.objects.filter(pupil=pupil, class_group__year=year)
    current = rows.select_for_update(of=("self",)).on(from_day).first()
    if current is None:
        raise EnrolmentRefused(f"{pupil} non è iscritto il {from_day:%d/%m/%Y}: serve una nuova iscrizione.")
    if current.class_group_id == class_group.pk:
        return current
    last_day = current.valid_to
    timeline.end(current, from_day - timeline.ONE_DAY)
    new = Enrolment.objects.create(
        pupil=pupil, class_group=class_group, valid_from=from_day, valid_to=last_day
    )
    pricing.refresh(pupil_ids=[pupil.pk])
    return new


@transaction.atomic
def set_last_day(*, enrolment: Enrolment, last_day: dt.date | None, by: User, now: dt.datetime) -> None:
    """Shorten an enrolment, or lengthen one that was shortened; no day means the end of the school year."""
    year = enrolment.class_group.year
    last = last_day or year.valid_to
    if not enrolment.valid_from <= last <= year.valid_to:
        raise EnrolmentRefused(
            f"L'ultimo giorno sta tra il {enrolment.valid_from:%d/%m/%Y} e il {year.valid_to:%d/%m/%Y}."
        )
    enrolment.valid_to = last
    try:
        with transaction.atomic():
            enrolment.save(update_fields=["valid_to"])
    except IntegrityError as error:
        raise EnrolmentRefused("In quei giorni l'alunno è già in un'altra classe.") from error
    pricing.refresh(pupil_ids=[enrolment.pupil_id])


@transaction.atomic
def withdraw(*, pupil: Pupil, last_day: dt.date, by: User, now: dt.datetime) -> None:
    """The pupil leaves after ``last_day``: enrolments end there and later ones disappear. Siblings move up in rank."""
    rows = Enrolment.objects.select_for_update().filter(pupil=pupil, valid_to__gt=last_day)
    for row in rows:
        timeline.end(row, last_day)
    pricing.refresh(pupil_ids=[pupil.pk])
