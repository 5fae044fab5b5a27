"""What each letter says when it leaves: read from the facts of that moment. A letter that no longer holds is not sent.

Subjects carry no name and no day; the school's letters carry no child's name and no money.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from attendance import registers, verdicts
from attendance.models import Absence, Letter, Passage, SchoolPhase
from attendance.registers import State
from attendance.rules import phase_words
from attendance.rules.cutoff import ROME
from attendance.rules.verdict import Phase
from enrolments.models import School


@dataclass(frozen=True)
class Text:
    subject: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def compose(letter: Letter, now: dt.datetime) -> Text | None:
    """The text of a letter; None when there is nothing to say any more."""
    return _BY_KIND[Letter.Kind(letter.kind)](letter, now)


def _roll_call(letter: Letter, now: dt.datetime) -> Text | None:
    """Which classes are still missing at this moment; on another day nobody is reminded."""
    if letter.day != now.astimezone(ROME).date() or letter.school is None:
        return None
    missing = missing_classes([letter.school], letter.day, now)
    if not missing:
        return None
    return Text(
        "Mensa scolastica: manca l'appello di qualche classe",
        "email/attendance/roll_call.txt",
        {
            "school": letter.school,
            "day": letter.day,
            "classes": [row.class_group.label for row in missing],
            "last": letter.facts["reminder"] == 2,
        },
    )


def missing_classes(schools: Iterable[School], day: dt.date, now: dt.datetime) -> list[registers.ClassToday]:
    """The classes that must have a roll-call on that day and have none yet."""
    rows = registers.today(schools=schools, day=day, now=now)
    return [row for row in rows if row.state in {State.TO_DO, State.OVERDUE}]


def missing_schools(schools: Iterable[School], day: dt.date, now: dt.datetime) -> list[School]:
    """The schools of those classes, each once."""
    return list(
        {
            row.class_group.school_id: row.class_group.school for row in missing_classes(schools, day, now)
        }.values()
    )


def _phase(letter: Letter, now: dt.datetime) -> Text | None:
    phase, begins = Phase(letter.facts["phase"]), dt.date.fromisoformat(letter.facts["from"])
    called_off = letter.facts["number"] == 0
    planned = SchoolPhase.objects.filter(school=letter.school, valid_from=begins, phase=phase.value).exists()
    if planned is called_off or (not called_off and begins <= now.astimezone(ROME).date()):
        return None
    return Text(
        "Mensa scolastica: cambia chi segna le assenze",
        "email/attendance/phase.txt",
        {
            "school": letter.school,
            "begins": begins,
            "sentence": phase_words.FROM_THEN[phase],
            "called_off": called_off,
            "tomorrow": letter.facts["number"] == 2,
        },
    )


def _seen_absent(letter: Letter, now: dt.datetime) -> Text | None:
    """The kind note: the school has not seen the child and the family had said nothing."""
    pupil = letter.pupil
    if pupil is None:
        return None
    found = verdicts.of_pupils(pupils=[pupil], days=[letter.day])[pupil.pk, letter.day]
    if found.verdict is None or not found.verdict.tell_parent:
        return None
    return Text(
        "Mensa scolastica: la scuola ha segnato un'assenza",
        "email/attendance/seen_absent.txt",
        {"pupil": pupil, "day": letter.day, "cutoff": found.hours.parent_cutoff},
    )


def _conflict(letter: Letter, now: dt.datetime) -> Text | None:
    """What the office has decided; the school reads the class, the family the child and what becomes of the meal."""
    word = Absence.objects.filter(day=letter.day, pupil=letter.pupil_id, source=Absence.Source.OFFICE).first()
    if word is None or word.absent is not letter.facts["absent"] or _is_overtaken(letter):
        return None
    to_school = letter.user_id is not None
    return Text(
        "Mensa scolastica: presenza verificata",
        f"email/attendance/conflict_{'school' if to_school else 'family'}.txt",
        {
            "pupil": letter.pupil,
            "day": letter.day,
            "absent": word.absent,
            "label": letter.facts["class"],
            "school": letter.school,
            "note": word.note,
        },
    )


def _is_overtaken(letter: Letter) -> bool:
    """The office has thought again meanwhile: the newer letter says how it ended."""
    newer = Letter.objects.filter(kind=letter.kind, day=letter.day, pupil=letter.pupil_id, pk__gt=letter.pk)
    return newer.filter(guardian=letter.guardian_id, user=letter.user_id).exists()


def _absence(letter: Letter, now: dt.datetime) -> Text | None:
    """What the parents say now of those days; a day changed again since then has a letter of its own."""
    words = Absence.objects.filter(
        pupil=letter.pupil_id,
        day__in=letter.facts["days"],
        source=Absence.Source.PARENT,
        marked_at__lte=letter.written_at,
    )
    said = list(words.select_related("marked_by").order_by("day"))
    if not said:
        return None
    return Text(
        "Mensa scolastica: assenza aggiornata",
        "email/attendance/absence.txt",
        {"pupil": letter.pupil, "words": said},
    )


def _passage(letter: Letter, now: dt.datetime) -> Text | None:
    """What has become of the meal, when it is not what this reader knows. Of a day's letters the newest speaks, for all of them."""
    if letter.pupil is None or _is_overtaken(letter):
        return None
    written = list(Letter.objects.filter(kind=letter.kind, day=letter.day, pupil=letter.pupil).order_by("pk"))
    told = [one for one in written if one.state == one.State.SENT and one.guardian_id == letter.guardian_id]
    known = _left(told[-1]) if told else written[0].facts.get("before")
    found = verdicts.of_pupils(pupils=[letter.pupil], days=[letter.day])[letter.pupil.pk, letter.day]
    rows = _news(written, told)
    if not rows or [found.eats, found.charged] != _left(letter) or _left(letter) == known:
        return None
    return Text(
        "Mensa scolastica: un'entrata o un'uscita cambia il pasto",
        "email/attendance/passage.txt",
        {"pupil": letter.pupil, "passages": rows, "eats": found.eats, "charged": found.charged},
    )


def _left(letter: Letter) -> list[bool]:
    """How the passage had left the meal and the debit."""
    return [letter.facts["eats"], letter.facts["charged"]]


def _news(written: list[Letter], told: list[Letter]) -> list[Passage]:
    """The passages written of since this reader was last told. One undone is worth a word only to who has heard of it."""
    last = told[-1].pk if told else 0
    since = {one.facts["passage"] for one in written if one.pk > last}
    heard = {one.facts["passage"] for one in written if one.pk <= last}
    rows = Passage.objects.filter(pk__in=since).order_by("hour")
    return [row for row in rows if row.undone_at is None or row.pk in heard]


_BY_KIND: dict[Letter.Kind, Callable[[Letter, dt.datetime], Text | None]] = {
    Letter.Kind.ROLL_CALL: _roll_call,
    Letter.Kind.PHASE: _phase,
    Letter.Kind.SEEN_ABSENT: _seen_absent,
    Letter.Kind.CONFLICT: _conflict,
    Letter.Kind.ABSENCE: _absence,
    Letter.Kind.PASSAGE: _passage,
}
