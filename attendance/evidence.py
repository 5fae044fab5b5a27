"""What is known of a child on a charged day, gathered for a dispute: verdict, phase, words, receipts, roll-call, charge.

Plain pairs of title and text, kept with the dispute as they were when it was opened. Staff is named by role, never by name.
"""

import datetime as dt

from attendance import verdicts
from attendance.models import Absence, AbsenceReceipt, ClassRegister, Meal
from attendance.rules import verdict as rule
from attendance.rules.cutoff import ROME
from attendance.verdicts import DayVerdict
from enrolments.models import Pupil
from identity.models import Role
from wallets.models import Charge

Fact = dict[str, str]
#: The phase of the school, in the words of a parent.
WHO_SAYS = {
    rule.Phase.SCHOOL: "la scuola",
    rule.Phase.BOTH: "i genitori e la scuola",
    rule.Phase.PARENTS: "i genitori",
}


def gather(*, pupil: Pupil, day: dt.date, charge: Charge) -> list[Fact]:
    """In the order in which a person would ask."""
    found = verdicts.of_pupils(pupils=[pupil], days=[day])[pupil.pk, day]
    return [
        _fact("Esito del giorno", found.sentence),
        *_at_charge(charge, found),
        *_phase(found),
        *(_word(word) for word in found.words.values()),
        *_receipts(pupil, day),
        *_roll_call(found),
        _fact("Addebito", f"registrato il {charge.posted_on:%d/%m/%Y}"),
    ]


def _fact(title: str, text: str) -> Fact:
    return {"title": title, "text": text}


def _at_charge(charge: Charge, found: DayVerdict) -> list[Fact]:
    """The rule that charged the meal, when it is not the one that would decide now."""
    rows = Meal.objects.filter(day=charge.service_day, wallet=charge.wallet_id, pupil=charge.pupil_id)
    code = rows.values_list("verdict", flat=True).first()
    sentences = {one.code: one.sentence for one in rule.ALL}
    if code is None or code == found.code or code not in sentences:
        return []
    return [_fact("Esito all'addebito", sentences[code])]


def _phase(found: DayVerdict) -> list[Fact]:
    return [_fact("Chi segna le assenze", WHO_SAYS[found.phase])] if found.phase else []


def _word(word: Absence) -> Fact:
    said = "assente" if word.absent else "presente"
    late = "" if word.in_time else ", oltre l'orario"
    who = str(word.marked_by) if word.marked_by.role == Role.PARENT else word.get_source_display()
    note = f": {word.note}" if word.note else ""
    return _fact(
        f"Detto da: {word.get_source_display()}", f"{said}{late} ({who}, {_moment(word.marked_at)}){note}"
    )


def _receipts(pupil: Pupil, day: dt.date) -> list[Fact]:
    rows = AbsenceReceipt.objects.filter(pupil=pupil, day=day).order_by("pk")
    return [
        _fact(f"Ricevuta n. {row.label}", f"{row.get_word_display()}, {_moment(row.spoken_at)}")
        for row in rows
    ]


def _roll_call(found: DayVerdict) -> list[Fact]:
    register = ClassRegister.objects.filter(class_group=found.class_id, day=found.day).first()
    if register is None:
        asked = found.phase != rule.Phase.PARENTS
        return [_fact("Appello", "non confermato dalla scuola" if asked else "non richiesto alla scuola")]
    return [_fact("Appello", f"confermato dalla scuola, {_moment(register.confirmed_at)}")]


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(ROME):%d/%m/%Y alle %H:%M:%S}"
