"""Was every accept and every refuse right, by the clock of the server? Asked of the answers and of the rows they left."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count, Max, Q

from attendance import hours as adopted
from attendance.models import Absence, AbsenceReceipt
from attendance.rules import cutoff
from mensa.benchmark.taps import Answer, Tap

Word = AbsenceReceipt.Word


def deadline(day: dt.date) -> dt.datetime:
    """The first instant that is too late: 09:00:59.999 is good, 09:01:00 is not."""
    return cutoff.parent_deadline(day, adopted.on(day))


def wrongs(taps: Sequence[Tap], today: dt.date) -> list[str]:
    """Sentences about what is wrong; empty when all is exact."""
    end = deadline(today)
    return [*_answers(taps, today, end), *_rows(today, end), *_receipts(taps, today, end)]


def _answers(taps: Sequence[Tap], today: dt.date, end: dt.datetime) -> list[str]:
    """Accepted: asked before the end. Refused: answered after it. A day to come is never refused."""
    early = [
        tap for tap in taps if tap.day == today and tap.answer is Answer.REFUSED and tap.answered_at < end
    ]
    late = [tap for tap in taps if tap.day == today and tap.answer is Answer.ACCEPTED and tap.asked_at >= end]
    other = [tap for tap in taps if tap.day != today and tap.answer is Answer.REFUSED]
    return [
        f"{len(found)} {what}"
        for found, what in (
            (early, "rifiutati prima dell'orario"),
            (late, "accettati dopo l'orario"),
            (other, "rifiutati per un giorno ancora aperto"),
        )
        if found
    ]


def _rows(today: dt.date, end: dt.datetime) -> list[str]:
    """What was written: a word in time before the end, a late one after it."""
    words = Absence.objects.filter(day=today, source=Absence.Source.PARENT)
    receipts = AbsenceReceipt.objects.filter(day=today)
    counts = {
        "parole in tempo dopo l'orario": words.filter(in_time=True, marked_at__gte=end).count(),
        "parole in ritardo prima dell'orario": words.filter(in_time=False, marked_at__lt=end).count(),
        "ricevute valide dopo l'orario": receipts.exclude(word=Word.LATE).filter(spoken_at__gte=end).count(),
        "ricevute tardive prima dell'orario": receipts.filter(word=Word.LATE, spoken_at__lt=end).count(),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def _receipts(taps: Sequence[Tap], today: dt.date, end: dt.datetime) -> list[str]:
    """Each receipt that a card showed exists, with an hour between the tap and its answer; the numbers have no gaps."""
    rows = {row.label: row for row in AbsenceReceipt.objects.all()}
    shown = [tap for tap in taps if tap.receipt]
    wrong = [tap for tap in shown if not _fits(rows.get(tap.receipt), tap)]
    said = [f"{len(wrong)} ricevute che non corrispondono al tocco"] if wrong else []
    found = AbsenceReceipt.objects.aggregate(all=Count("pk"), last=Max("number"))
    if found["all"] != (found["last"] or 0):
        said.append("numeri di ricevuta con salti")
    kept = AbsenceReceipt.objects.filter(~Q(word=Word.LATE)).count()
    if kept != len({tap.receipt for tap in shown}):
        said.append(f"{kept} ricevute in tempo scritte, {len(shown)} mostrate")
    return said


def _fits(row: AbsenceReceipt | None, tap: Tap) -> bool:
    return row is not None and row.day == tap.day and tap.asked_at <= row.spoken_at <= tap.answered_at
