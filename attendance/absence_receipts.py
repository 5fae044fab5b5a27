"""The receipt of each word of a parent: evidence, only ever added. One per day and word, in the transaction that writes the word.

Numbers of a year have no gaps: whoever issues one waits for whoever is issuing, for the length of a short transaction. The
last receipt of a child's day is the one that holds; what came before it was taken back.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection, models

from attendance.models import AbsencePattern, AbsenceReceipt
from attendance.rules.cutoff import ROME
from enrolments.models import Pupil
from enrolments.rules.names import CODE_ALPHABET
from identity.models import User

#: Who numbers receipts takes it for the rest of the transaction.
NUMBER_LOCK = 82700301
CODE_LENGTH = 12
Word = AbsenceReceipt.Word


@dataclass(frozen=True)
class Standing:
    """What a receipt is worth now. ``later``: the receipt of the word that came after it, if any."""

    receipt: AbsenceReceipt
    later: AbsenceReceipt | None

    @property
    def holds(self) -> bool:
        return self.later is None

    @property
    def word(self) -> str:
        if self.holds:
            return "valida"
        return "superata" if self.receipt.word == Word.BACK else "ritirata"

    @property
    def sentence(self) -> str:
        """For everybody: no name in it."""
        if self.later is None:
            return HOLDING[Word(self.receipt.word)]
        return f"Dopo questa ricevuta {LATER[Word(self.later.word)]}: vale l'ultima indicazione."


HOLDING = {
    Word.ABSENT: "L'assenza è stata segnata in tempo e vale: nessun pasto da preparare.",
    Word.LATE: "L'avviso è arrivato oltre l'orario: resta come prova, il pasto non si disdice più.",
    Word.BACK: "L'assenza è stata annullata: il pasto c'è.",
}
LATER = {
    Word.ABSENT: "un genitore ha segnato l'assenza",
    Word.LATE: "un genitore ha segnato l'assenza, oltre l'orario",
    Word.BACK: "un genitore ha annullato l'assenza",
}


def issue(
    *,
    pupil: Pupil,
    said: Collection[tuple[dt.date, Word]],
    by: User,
    now: dt.datetime,
    pattern: AbsencePattern | None = None,
) -> list[AbsenceReceipt]:
    """One receipt for each (day, word), in the order of the days. Call it inside the transaction that wrote the words."""
    if not said:
        return []
    year = now.astimezone(ROME).year
    last = _last_number(year)
    rows = [
        _signed(
            AbsenceReceipt(
                year=year,
                number=number,
                code=_code(),
                pupil=pupil,
                day=day,
                word=word,
                spoken_by=by,
                spoken_at=now,
                pattern=pattern,
            )
        )
        for number, (day, word) in enumerate(sorted(said), start=last + 1)
    ]
    return AbsenceReceipt.objects.bulk_create(rows)


def _last_number(year: int) -> int:
    """Alone from here to the end of the transaction: the lock first, then a fresh look."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER_LOCK])
    found = AbsenceReceipt.objects.filter(year=year).aggregate(last=models.Max("number"))
    return found["last"] or 0


def _code() -> str:
    """55 bits of chance: whoever tries codes at random finds none."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _signed(receipt: AbsenceReceipt) -> AbsenceReceipt:
    receipt.digest = digest_of(receipt)
    return receipt


def digest_of(receipt: AbsenceReceipt) -> str:
    """The hash of what the receipt says: a paper that differs in one letter has another."""
    content = (
        receipt.label,
        receipt.code,
        receipt.pupil.code,
        receipt.day.isoformat(),
        receipt.word,
        receipt.spoken_at.astimezone(dt.UTC).isoformat(),
        str(receipt.spoken_by_id),
    )
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def is_intact(receipt: AbsenceReceipt) -> bool:
    return receipt.digest == digest_of(receipt)


def standing(receipt: AbsenceReceipt) -> Standing:
    """Whether it is the last word on its day; the next one after it otherwise."""
    rows = AbsenceReceipt.objects.filter(day=receipt.day, pupil=receipt.pupil_id, pk__gt=receipt.pk)
    return Standing(receipt, rows.select_related("spoken_by").order_by("pk").first())


def last_of(
    *, pupil_ids: Iterable[int], days: Iterable[dt.date]
) -> dict[tuple[int, dt.date], AbsenceReceipt]:
    """(pupil, day) -> the receipt that holds, in one query."""
    rows = AbsenceReceipt.objects.filter(pupil__in=list(pupil_ids), day__in=list(days)).order_by("pk")
    return {(row.pupil_id, row.day): row for row in rows}


def found(typed: str) -> AbsenceReceipt | None:
    """The receipt with this code, typed with or without its hyphens, in capitals or not."""
    code = "".join(char for char in typed.upper() if char.isalnum())
    return AbsenceReceipt.objects.filter(code=code).select_related("pupil").first()
