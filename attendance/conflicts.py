"""The office's queue: days on which a parent had cancelled the meal in time and the school saw the child present.

Each is decided by one word of the office, with the evidence before its eyes; family and school are both told.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from attendance import corrections, letters, verdicts
from attendance.models import Absence, ClassRegister, Letter, Passage
from attendance.verdicts import DayVerdict
from enrolments.models import ClassGroup, Enrolment, Pupil
from identity.models import User

#: A conflict older than this is past the time for a dispute.
KEPT = dt.timedelta(days=60)


def waiting(*, today: dt.date) -> list[Absence]:
    """The parents' notices that wait for the office's word, oldest first."""
    decided = Absence.objects.filter(
        day=OuterRef("day"), pupil=OuterRef("pupil"), source=Absence.Source.OFFICE
    )
    rows = _contested(today - KEPT, today).filter(~Exists(decided))
    return list(rows.select_related("pupil", "marked_by").order_by("day", "pupil__sort_key")[:200])


def _contested(first: dt.date, last: dt.date) -> QuerySet[Absence]:
    """The notices given in time of children whom the school has seen present."""
    spoken = Absence.objects.filter(day=OuterRef("day"), pupil=OuterRef("pupil"))
    place = Enrolment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=OuterRef(OuterRef("day"))),
        valid_from__lte=OuterRef(OuterRef("day")),
        pupil=OuterRef(OuterRef("pupil")),
    )
    taken = ClassRegister.objects.filter(day=OuterRef("day"), class_group__in=place.values("class_group"))
    said_present = spoken.filter(source=Absence.Source.SCHOOL, absent=False)
    return Absence.objects.filter(
        Exists(taken) | Exists(said_present),
        ~Exists(spoken.filter(source=Absence.Source.SCHOOL, absent=True)),
        day__range=(first, last),
        source=Absence.Source.PARENT,
        absent=True,
        in_time=True,
    )


@dataclass(frozen=True)
class Step:
    """One thing that happened, as it was written down: when, who, what."""

    at: dt.datetime
    who: str
    what: str


@dataclass(frozen=True)
class Conflict:
    """A child on a day, with everything that was said of it, in order."""

    pupil: Pupil
    day: dt.date
    verdict: DayVerdict
    class_group: ClassGroup | None
    steps: list[Step] = field(default_factory=list)


def desk(*, today: dt.date) -> list[Conflict]:
    """The conflicts that wait, with their evidence: constant queries, whatever their number."""
    return _with_evidence(waiting(today=today))


def late_notices(*, today: dt.date, since: dt.date) -> list[Conflict]:
    """Cancelled too late by the family, and absent at the roll-call: nothing to decide, the office sees them."""
    seen = Absence.objects.filter(
        day=OuterRef("day"), pupil=OuterRef("pupil"), source=Absence.Source.SCHOOL, absent=True
    )
    rows = Absence.objects.filter(
        Exists(seen), day__range=(since, today), source=Absence.Source.PARENT, absent=True, in_time=False
    )
    return _with_evidence(list(rows.select_related("pupil").order_by("-day", "pupil__sort_key")[:100]))


def resolve(
    *, pupil: Pupil, day: dt.date, absent: bool, by: User, now: dt.datetime, reason: str = ""
) -> bool:
    """The office's word on a conflict, and a letter to the family and to the school. The same word again tells nobody."""
    note = reason.strip() or ("il bambino non c'era" if absent else "il bambino c'era e ha mangiato")
    with transaction.atomic():
        changed = corrections.correct(
            pupil=pupil, day=day, absent=absent, reason=f"Verifica dell'ufficio: {note}", by=by, now=now
        )
        if changed:
            _tell(pupil, day, absent=absent, now=now)
    return changed


def correct(
    *, pupil: Pupil, day: dt.date, absent: bool, reason: str, by: User, now: dt.datetime
) -> tuple[bool, bool]:
    """The office's word on any day, as ``corrections.correct``; where it settles a conflict, or thinks again about one, family
    and school get the desk's letter. Returns whether anything changed, and whether they are told."""
    with transaction.atomic():
        changed = corrections.correct(pupil=pupil, day=day, absent=absent, reason=reason, by=by, now=now)
        told = changed and _is_contested(pupil, day) and _tell(pupil, day, absent=absent, now=now)
    return changed, told


def _is_contested(pupil: Pupil, day: dt.date) -> bool:
    """Family and school disagree on the day, whatever the office has said of it."""
    return _contested(day, day).filter(pupil=pupil).exists()


def _tell(pupil: Pupil, day: dt.date, *, absent: bool, now: dt.datetime) -> bool:
    """False when the last letter said the same already: another reason for the same decision is no news. Whoever decides holds
    the office's word until the end of the transaction, so two at once write one letter."""
    known = Letter.objects.filter(kind=Letter.Kind.CONFLICT, day=day, pupil=pupil).order_by("-pk").first()
    if known is not None and known.facts["absent"] is absent:
        return False
    place = Enrolment.objects.on(day).filter(pupil=pupil).select_related("class_group__school").first()
    school = place.class_group.school if place else None
    said = Absence.objects.get(day=day, pupil=pupil, source=Absence.Source.OFFICE)
    letters.write(
        kind=Letter.Kind.CONFLICT,
        cause=f"conflict:{day}:{pupil.pk}:{said.events.count()}",  # type: ignore[attr-defined]
        day=day,
        to=[*letters.guardians_of(pupil, now=now), *(letters.secretaries_of(school) if school else [])],
        school=school,
        pupil=pupil,
        facts={"absent": absent, "class": place.class_group.label if place else ""},
        now=now,
    )
    return True


def _with_evidence(words: list[Absence]) -> list[Conflict]:
    pupils = {word.pupil_id: word.pupil for word in words}
    days = {word.day for word in words}
    found = verdicts.of_pupils(pupils=pupils.values(), days=days)
    groups = ClassGroup.objects.select_related("school").in_bulk(
        {found[word.pupil_id, word.day].class_id for word in words} - {None}
    )
    evidence = _Evidence(pupils, days)
    return [
        Conflict(
            word.pupil,
            word.day,
            verdict := found[word.pupil_id, word.day],
            groups.get(verdict.class_id or 0),
            evidence.steps(word.pupil_id, word.day, verdict.class_id),
        )
        for word in words
    ]


class _Evidence:
    """Every version of every word, the roll-calls and the passages of these children on these days: three queries."""

    def __init__(self, pupil_ids: Collection[int], days: Collection[dt.date]) -> None:
        self.said: dict[tuple[int, dt.date], list[Step]] = defaultdict(list)
        history = apps.get_model("attendance", "AbsenceEvent")
        events = history._default_manager.filter(pupil_id__in=pupil_ids, day__in=days)
        for event in events.select_related("marked_by").order_by("pgh_id"):
            self.said[event.pupil_id, event.day].append(_word_step(event))
        for row in Passage.objects.filter(pupil_id__in=pupil_ids, day__in=days).select_related("recorded_by"):
            self.said[row.pupil_id, row.day].append(_passage_step(row))
        taken = ClassRegister.objects.filter(day__in=days).select_related("confirmed_by")
        self.taken = {(row.class_group_id, row.day): row for row in taken}

    def steps(self, pupil_id: int, day: dt.date, class_id: int | None) -> list[Step]:
        steps = list(self.said[pupil_id, day])
        register = self.taken.get((class_id or 0, day))
        if register is not None:
            what = "appello della classe confermato: chi non è segnato assente è stato visto presente"
            steps.append(Step(register.confirmed_at, str(register.confirmed_by), what))
        return sorted(steps, key=lambda step: step.at)


def _word_step(event: Any) -> Step:
    whose = Absence.Source(event.source)
    what = {
        (Absence.Source.PARENT, True): "la famiglia disdice il pasto",
        (Absence.Source.PARENT, False): "la famiglia ritira la disdetta",
        (Absence.Source.SCHOOL, True): "la scuola lo segna assente",
        (Absence.Source.SCHOOL, False): "la scuola lo segna presente",
        (Absence.Source.OFFICE, True): "l'ufficio lo dichiara assente",
        (Absence.Source.OFFICE, False): "l'ufficio lo dichiara presente",
    }[whose, event.absent]
    late = " (oltre l'orario)" if not event.in_time else ""
    note = f": «{event.note}»" if event.note else ""
    return Step(event.marked_at, str(event.marked_by), f"{what}{late}{note}")


def _passage_step(row: Passage) -> Step:
    home = ", rimandato a casa dalla scuola" if row.sent_home else ""
    undone = ", poi annullata" if row.undone_at else ""
    what = f"{row.get_kind_display()} alle {row.hour:%H:%M}{home}{undone}"
    return Step(row.recorded_at, str(row.recorded_by), what)
