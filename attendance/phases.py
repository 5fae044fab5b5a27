"""Who records absences in a school, and from when it changes: planned by the office, told to the families in good time."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from attendance import hours as adopted
from attendance import letters
from attendance.calendar import DEFAULT_PHASE
from attendance.errors import BadRange
from attendance.models import Letter, SchoolPhase
from attendance.rules import phase_words
from attendance.rules.cutoff import ROME
from attendance.rules.morning import phase_notice_due
from attendance.rules.verdict import Phase
from enrolments import guardianship, rounds
from enrolments.models import Enrolment, Guardian, Pupil, School

ONE_DAY = dt.timedelta(days=1)
#: A change further away than this is not yet news for a family's page.
NEWS = dt.timedelta(days=45)


@dataclass(frozen=True)
class Standing:
    """A school on a day: the phase in force and the next change, if one is planned."""

    phase: Phase
    since: dt.date | None
    change: SchoolPhase | None
    today: dt.date

    @property
    def next_phase(self) -> Phase | None:
        return Phase(self.change.phase) if self.change else None

    @property
    def family_sentence(self) -> str:
        return phase_words.FAMILY[self.phase]

    @property
    def school_sentence(self) -> str:
        return phase_words.SCHOOL[self.phase]

    @property
    def is_news(self) -> bool:
        return self.change is not None and self.change.valid_from - self.today <= NEWS

    @property
    def change_for_families(self) -> str:
        return phase_words.FROM_THEN[self.next_phase] if self.next_phase else ""

    @property
    def change_for_school(self) -> str:
        return phase_words.SCHOOL_FROM_THEN[self.next_phase] if self.next_phase else ""


def of_schools(school_ids: Collection[int], day: dt.date) -> dict[int, Standing]:
    """School -> where it stands on that day: one query."""
    rows = SchoolPhase.objects.filter(school_id__in=school_ids).order_by("valid_from")
    known: dict[int, list[SchoolPhase]] = {pk: [] for pk in school_ids}
    for row in rows:
        known[row.school_id].append(row)
    return {pk: _standing(found, day) for pk, found in known.items()}


def of_school(school: School, day: dt.date) -> Standing:
    return of_schools([school.pk], day)[school.pk]


def _standing(rows: list[SchoolPhase], day: dt.date) -> Standing:
    current = next((row for row in rows if _holds(row, day)), None)
    phase = Phase(current.phase) if current else DEFAULT_PHASE
    ahead = (row for row in rows if row.valid_from > day and Phase(row.phase) is not phase)
    return Standing(phase, current.valid_from if current else None, next(ahead, None), day)


@dataclass(frozen=True)
class News:
    """What changes for some children of a family: who is not named keeps the phase of today."""

    school: School
    children: list[str]
    standing: Standing


def news_for(*, pupil_codes: Collection[str], day: dt.date) -> list[News]:
    """The changes to come in the schools of these children: two queries."""
    rows = Enrolment.objects.on(day).filter(pupil__code__in=pupil_codes)
    schools: dict[int, School] = {}
    children: dict[int, list[str]] = {}
    for row in rows.select_related("pupil", "class_group__school").order_by("pupil__birth_date", "pk"):
        schools[row.class_group.school_id] = row.class_group.school
        children.setdefault(row.class_group.school_id, []).append(row.pupil.first_name)
    standing = of_schools(list(schools), day) if schools else {}
    return [News(schools[pk], children[pk], found) for pk, found in standing.items() if found.is_news]


def plan(*, school: School, phase: Phase, from_day: dt.date, act: str, now: dt.datetime) -> SchoolPhase:
    """From that day on the school is in this phase, until the next change already planned. The same plan again changes nothing;
    the history of the row says who planned it.

    Only for days to come: what is past has been debited by the rule of its day.
    """
    if from_day <= now.astimezone(ROME).date():
        raise BadRange("Scegli un giorno da domani in poi: i giorni passati restano con la loro regola.")
    with transaction.atomic():
        School.objects.select_for_update().get(pk=school.pk)
        rows = list(SchoolPhase.objects.filter(school=school).order_by("valid_from"))
        same = next((row for row in rows if row.valid_from == from_day), None)
        if same is not None:
            return _change(same, phase, act)
        before = next((row for row in rows if _holds(row, from_day)), None)
        if (Phase(before.phase) if before else DEFAULT_PHASE) is phase:
            raise BadRange("In quel giorno la scuola è già in questa fase: non c'è niente da cambiare.")
        return _insert(school, rows, before, phase, from_day, act)


def _change(row: SchoolPhase, phase: Phase, act: str) -> SchoolPhase:
    if (row.phase, row.act) != (phase.value, act):
        row.phase, row.act = phase.value, act
        row.save(update_fields=["phase", "act"])
    return row


def _insert(
    school: School,
    rows: list[SchoolPhase],
    before: SchoolPhase | None,
    phase: Phase,
    from_day: dt.date,
    act: str,
) -> SchoolPhase:
    until = next((row.valid_from - ONE_DAY for row in rows if row.valid_from > from_day), None)
    if before is not None:
        before.valid_to = from_day - ONE_DAY
        before.save(update_fields=["valid_to"])
    return SchoolPhase.objects.create(
        school=school, phase=phase.value, valid_from=from_day, valid_to=until, act=act
    )


def cancel(*, row: SchoolPhase, now: dt.datetime) -> bool:
    """A planned change that will not happen: the phase before goes on. Families who were told are told again; once only."""
    today = now.astimezone(ROME).date()
    with transaction.atomic():
        School.objects.select_for_update().get(pk=row.school_id)
        current = SchoolPhase.objects.filter(pk=row.pk).first()
        if current is None:
            return False
        if current.valid_from <= today:
            raise BadRange("Questa fase è già cominciata: per cambiarla pianifica una fase nuova.")
        before = SchoolPhase.objects.filter(
            school=current.school_id, valid_to=current.valid_from - ONE_DAY
        ).first()
        _write(current, _told(current), number=0, now=now, today=today)
        current.delete()
        if before is not None:
            before.valid_to = current.valid_to
            before.save(update_fields=["valid_to"])
    return True


def write_letters(*, now: dt.datetime) -> int:
    """The notices due today to the families of the schools that are about to change phase."""
    today = now.astimezone(ROME).date()
    rules = adopted.on(today)
    rows = SchoolPhase.objects.filter(valid_from__gt=today).select_related("school").order_by("valid_from")
    standing = of_schools({row.school_id for row in rows}, today)

    def tell(row: SchoolPhase) -> int:
        number = phase_notice_due(row.valid_from, today, rules)
        if not number or standing[row.school_id].change != row or _is_written(row, number):
            return 0
        return _write(row, _families(row), number=number, now=now, today=today)

    return sum(rounds.each(rows, tell, said="phases.families_not_told"))


def cause_of(row: SchoolPhase, number: int) -> str:
    """The beginning of the cause of the letters of one notice; planned anew after it was called off, it is another one."""
    return f"phase:{row.pk}:{row.valid_from}:{row.phase}:{number}"


def _is_written(row: SchoolPhase, number: int) -> bool:
    """All the letters of a notice are written together: one of them tells of all."""
    return Letter.objects.filter(cause__startswith=f"{cause_of(row, number)}:").exists()


def _write(
    row: SchoolPhase, people: Iterable[Guardian], *, number: int, now: dt.datetime, today: dt.date
) -> int:
    """``number`` 0: the change is called off."""
    return letters.write(
        kind=Letter.Kind.PHASE,
        cause=cause_of(row, number),
        day=today,
        to=people,
        school=row.school,
        facts={"phase": row.phase, "from": row.valid_from.isoformat(), "number": number},
        now=now,
    )


def _families(row: SchoolPhase) -> QuerySet[Guardian]:
    """The guardians of who is enrolled in the school when the change begins, and can be written to."""
    rows = Enrolment.objects.on(row.valid_from).filter(class_group__school=row.school_id)
    pupils = Pupil.objects.filter(pk__in=rows.values("pupil"))
    return guardianship.guardians_of(pupils, since=row.valid_from).exclude(email="")


def _told(row: SchoolPhase) -> QuerySet[Guardian]:
    """Whom the change, and that there will be none, still concerns."""
    notices = Q(cause__startswith=f"{cause_of(row, 1)}:") | Q(cause__startswith=f"{cause_of(row, 2)}:")
    told = Letter.objects.filter(notices, state=Letter.State.SENT).values("guardian")
    return _families(row).filter(pk__in=told)


def _holds(row: SchoolPhase, day: dt.date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)
