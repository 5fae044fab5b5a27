"""The parents' notices: a day or a range, taken back before the cut-off. Between two parents the last in time wins."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from attendance import absence_receipts, tellings, words
from attendance.calendar import each_day
from attendance.errors import BadRange, NoServiceDay, TooLate
from attendance.models import Absence, AbsencePattern, AbsenceReceipt
from attendance.rules.cutoff import ROME
from attendance.rules.cutoff import parent_in_time as in_time
from attendance.rules.service_days import WEEKDAYS
from attendance.verdicts import DayVerdict, Look
from enrolments.models import Pupil
from identity.models import User

__all__ = ["Marked", "days_between", "in_time", "mark", "marked_sentence", "withdraw", "withdrawn_sentence"]

#: A range longer than a school year is a slip of the finger.
LONGEST_RANGE = 310
Word = AbsenceReceipt.Word
Days = tuple[dt.date, ...]


@dataclass(frozen=True)
class Marked:
    """What became of the days asked for: changed, already so, too late, without a meal. ``receipts``: of the words written."""

    changed: Days
    already: Days
    late: Days
    idle: Days
    receipts: tuple[AbsenceReceipt, ...] = ()


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """The days of a range as a person types it; ``BadRange`` says what is wrong with it."""
    if last < first:
        raise BadRange("L'ultimo giorno viene prima del primo: controlla le due date.")
    if (last - first).days >= LONGEST_RANGE:
        raise BadRange("Il periodo è troppo lungo: scegli al massimo un anno scolastico.")
    return list(each_day(first, last))


def mark(
    *,
    pupil: Pupil,
    days: Iterable[dt.date],
    by: User,
    now: dt.datetime,
    note: str = "",
    pattern: AbsencePattern | None = None,
    look: Look | None = None,
    tell: bool = False,
) -> Marked:
    """A parent says that the child will not eat. Only service days are taken; when today's cut-off has passed the later
    days are marked all the same, and today is kept as a late notice: evidence for the office, no debit spared. Each word
    written has its receipt. ``pattern``: the weekday said once, whose hour is the one that counts for the cut-off. ``look``:
    the facts of these days, when whoever asks has just read them. ``tell``: both parents get a mail about what has changed.

    Refused with ``TooLate`` or ``NoServiceDay`` when no day can be marked.
    """
    asked = _ask(pupil, days, pattern.said_at if pattern else now, look)
    late = asked.late_today(now)
    with transaction.atomic():
        changed = _say(asked.open, pupil, by=by, now=now, note=note, in_time=True)
        too_late = _say(late, pupil, by=by, now=now, note=note, in_time=False)
        said = [(day, Word.ABSENT) for day in changed] + [(day, Word.LATE) for day in too_late]
        receipts = absence_receipts.issue(pupil=pupil, said=said, by=by, now=now, pattern=pattern)
        if tell and changed:
            tellings.of_notice(pupil=pupil, days=changed, receipt=receipts[0], now=now)
    return asked.outcome(changed, receipts)


def withdraw(
    *,
    pupil: Pupil,
    days: Iterable[dt.date],
    by: User,
    now: dt.datetime,
    look: Look | None = None,
    tell: bool = False,
) -> Marked:
    """A parent takes the notice back before the cut-off: the meal is there again. After it nothing changes any more."""
    asked = _ask(pupil, days, now, look)
    with transaction.atomic():
        taken = words.take_back(_keys(asked.open, pupil), source=Absence.Source.PARENT, by=by, now=now)
        changed = {day for day, _ in taken}
        said = [(day, Word.BACK) for day in changed]
        receipts = absence_receipts.issue(pupil=pupil, said=said, by=by, now=now)
        if tell and changed:
            tellings.of_notice(pupil=pupil, days=changed, receipt=receipts[0], now=now)
    return asked.outcome(changed, receipts)


def _say(
    rows: list[DayVerdict], pupil: Pupil, *, by: User, now: dt.datetime, note: str, in_time: bool
) -> set[dt.date]:
    keys = _keys(rows, pupil)
    source = Absence.Source.PARENT
    said = words.say(keys, source=source, absent=True, in_time=in_time, by=by, now=now, note=note)
    return {day for day, _ in said}


def _keys(rows: list[DayVerdict], pupil: Pupil) -> list[words.Key]:
    return [(row.day, pupil.pk) for row in rows]


@dataclass(frozen=True)
class _Asked:
    """The days asked for, sorted by what can be done with them."""

    open: list[DayVerdict]
    late: list[DayVerdict]
    idle: list[DayVerdict]
    today: dt.date

    def late_today(self, now: dt.datetime) -> list[DayVerdict]:
        return [row for row in self.late if row.day == now.astimezone(ROME).date()]

    def outcome(self, changed: set[dt.date], receipts: list[AbsenceReceipt]) -> Marked:
        if not self.open:
            raise self._refusal()
        return Marked(
            changed=tuple(row.day for row in self.open if row.day in changed),
            already=tuple(row.day for row in self.open if row.day not in changed),
            late=tuple(row.day for row in self.late),
            idle=tuple(row.day for row in self.idle),
            receipts=tuple(receipts),
        )

    def _refusal(self) -> TooLate | NoServiceDay:
        if self.late and self.late[-1].day < self.today:
            return TooLate(
                f"{_name(self.late[-1].day).capitalize()} è già passato e non si può più cambiare. "
                "Se l'addebito non torna, contestalo dall'estratto conto."
            )
        if self.late:
            hour = self.late[-1].hours.parent_cutoff
            return TooLate(
                f"Sono passate le {hour:%H:%M}: per {_name(self.late[-1].day)} non si può più cambiare. "
                "I giorni successivi restano aperti."
            )
        if len(self.idle) == 1:
            return NoServiceDay(
                f"Per {_name(self.idle[0].day)} non c'è un pasto: {_lower(self.idle[0].sentence)}"
            )
        return NoServiceDay("Nei giorni scelti non c'è mensa: scegli almeno un giorno di mensa.")


def _ask(pupil: Pupil, days: Iterable[dt.date], now: dt.datetime, look: Look | None) -> _Asked:
    wanted = sorted(set(days))
    look = look or Look([pupil.pk], wanted)
    rows = [look.verdict(pupil.pk, day) for day in wanted]
    return _Asked(
        open=[row for row in rows if row.open_at(now)],
        late=[row for row in rows if row.verdict and not row.open_at(now)],
        idle=[row for row in rows if row.verdict is None],
        today=now.astimezone(ROME).date(),
    )


def marked_sentence(marked: Marked) -> str:
    """What is said to a parent after marking."""
    done = marked.changed or marked.already
    head = "Assenza segnata" if marked.changed else "L'assenza era già segnata"
    return " ".join([f"{head} per {_list(done)}.", *_receipts(marked), *_rest(marked)])


def withdrawn_sentence(marked: Marked) -> str:
    """What is said to a parent after taking back."""
    if not marked.changed:
        return " ".join(["Nessuna assenza da annullare nei giorni scelti.", *_rest(marked)])
    return " ".join(
        [
            f"Assenza annullata per {_list(marked.changed)}: il pasto c'è di nuovo.",
            *_receipts(marked),
            *_rest(marked),
        ]
    )


def _receipts(marked: Marked) -> list[str]:
    """ "Ricevuta n. 12/2026.", "Ricevute dal n. 12/2026 al n. 16/2026." """
    if not marked.receipts:
        return []
    first, last = marked.receipts[0], marked.receipts[-1]
    return [
        f"Ricevuta n. {first.label}."
        if first is last
        else f"Ricevute dal n. {first.label} al n. {last.label}."
    ]


def _rest(marked: Marked) -> list[str]:
    said = []
    if marked.late:
        said.append(
            f"Per {_list(marked.late)} l'orario è passato e il pasto resta: i giorni successivi restano aperti."
        )
    if marked.idle and len(marked.changed) + len(marked.already) + len(marked.late) > 0:
        skipped = len(marked.idle)
        said.append(
            "Un giorno senza mensa è stato saltato."
            if skipped == 1
            else f"{skipped} giorni senza mensa saltati."
        )
    return said


def _list(days: Days) -> str:
    """ "martedì 24/11", "martedì 24/11 e mercoledì 25/11", "5 giorni, da lunedì 23/11 a venerdì 27/11"."""
    if len(days) == 1:
        return _name(days[0])
    if len(days) == 2:
        return f"{_name(days[0])} e {_name(days[1])}"
    return f"{len(days)} giorni, da {_name(days[0])} a {_name(days[-1])}"


def _name(day: dt.date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day:%d/%m}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
