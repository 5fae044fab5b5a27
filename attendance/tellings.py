"""Both parents are told when one of them marks an absence or takes it back, and when the school records a passage that changes the
meal: a letter owed to each, written in the transaction of the fact.
"""

import datetime as dt
from collections.abc import Collection

from attendance import letters
from attendance.models import AbsenceReceipt, Letter, Passage
from attendance.verdicts import DayVerdict
from enrolments.models import Pupil


def of_notice(*, pupil: Pupil, days: Collection[dt.date], receipt: AbsenceReceipt, now: dt.datetime) -> int:
    """The days a parent has just changed. ``receipt``: of one of the words, it tells this change from every other."""
    return letters.write(
        kind=Letter.Kind.ABSENCE,
        cause=f"absence:{receipt.pk}",
        day=min(days),
        to=letters.guardians_of(pupil, now=now),
        pupil=pupil,
        facts={"days": sorted(day.isoformat() for day in days)},
        now=now,
    )


def of_passage(*, passage: Passage, before: DayVerdict, after: DayVerdict, now: dt.datetime) -> int:
    """Only when the meal or the debit is another: who comes in late and was expected is no news. What was told before is looked at
    when the letter leaves."""
    if (before.eats, before.charged) == (after.eats, after.charged):
        return 0
    number = passage.events.count()  # type: ignore[attr-defined]
    return letters.write(
        kind=Letter.Kind.PASSAGE,
        cause=f"passage:{passage.pk}:{number}",
        day=passage.day,
        to=letters.guardians_of(passage.pupil, now=now),
        pupil=passage.pupil,
        facts={
            "passage": passage.pk,
            "before": [before.eats, before.charged],
            "eats": after.eats,
            "charged": after.charged,
        },
        now=now,
    )
