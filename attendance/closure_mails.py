"""The messages about closures: a few at a time, what each is told worked out for all of them at once.

No name and no day in a subject. A server that does not answer is tried again, five times over some hours; then a person is told.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from attendance import closure_notices, closure_scope, kitchen
from attendance.calendar import each_day
from attendance.kitchen import ClassLine
from attendance.models import Closure, ClosureMail, ClosureNotice
from attendance.rules.cutoff import ROME
from enrolments import outbox, rounds
from enrolments.models import HelpDesk, School
from enrolments.outbox import Envelope, Fate, Outcome, Round, Sender

#: A claim that has not become a message in this time was a worker that died, or a server that did not answer.
PATIENCE = dt.timedelta(minutes=20)
#: Days of packed lunches spelled out class by class; a longer trip refers to the kitchen's own page.
PACKED_DAYS = 5
SUBJECTS = {
    ClosureNotice.Event.DECLARED: "Mensa scolastica: cambia il calendario",
    ClosureNotice.Event.REVOKED: "Mensa scolastica: la mensa c'è di nuovo",
}


@dataclass(frozen=True)
class Line:
    """A closure as one reader is told of it: ``who`` are the own children, or the classes."""

    who: str
    closure: Closure


@dataclass(frozen=True)
class Packed:
    """The packed lunches of a class on a day; ``diets``: code and number, never a reason."""

    day: dt.date
    line: ClassLine
    diets: list[tuple[str, int]]


def send_some(*, now: dt.datetime, limit: int = 50) -> Round:
    """Address what is new, then send up to ``limit`` messages."""
    rounds.each(
        closure_notices.unaddressed(),
        lambda notice: closure_notices.address(notice=notice, now=now),
        said="closure.not_addressed",
    )
    return outbox.carry(SENDER, now=now, limit=limit)


def waiting(now: dt.datetime) -> bool:
    """Is there anything to do at this moment?"""
    return outbox.free(SENDER, now).exists() or closure_notices.unaddressed().exists()


def _owed(now: dt.datetime) -> QuerySet[ClosureMail]:
    return ClosureMail.objects.filter(state=ClosureMail.State.WAITING).order_by("pk")


def _compose(mails: list[ClosureMail], now: dt.datetime) -> list[Envelope[ClosureMail]]:
    by_notice: dict[ClosureNotice, list[ClosureMail]] = defaultdict(list)
    for mail in mails:
        by_notice[mail.notice].append(mail)
    return [one for notice, own in by_notice.items() for one in _of_notice(notice, own, now)]


def _of_notice(
    notice: ClosureNotice, mails: list[ClosureMail], now: dt.datetime
) -> Iterable[Envelope[ClosureMail]]:
    """What each is told is worked out for all of them at once: constant queries."""
    closures = _worth_telling(notice)
    readers = [mail.guardian_id for mail in mails if mail.guardian_id]
    family = _lines_of_guardians(notice, closures, readers, now.astimezone(ROME).date())
    for mail in mails:
        lines = family.get(mail.guardian_id, []) if mail.guardian_id else _lines(closures)
        if not lines:
            yield Envelope([mail])
            continue
        body = (
            _family_body(notice, lines) if mail.guardian_id else _caterer_body(notice, closures, lines, now)
        )
        yield Envelope([mail], [EmailMessage(_subject(notice), body, None, [mail.email])])


def _mark(mail: ClosureMail, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    if fate.outcome is Outcome.SENT:
        return {"state": ClosureMail.State.SENT, "sent_at": now}
    if fate.outcome is Outcome.NOT_NEEDED:
        return {"state": ClosureMail.State.DROPPED}
    return {"state": ClosureMail.State.FAILED} if fate.outcome is Outcome.GIVEN_UP else {}


SENDER: Sender[ClosureMail] = Sender(
    name="closures",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=PATIENCE,
    most_tries=5,
    related=("notice", "caterer"),
    batch=50,
)


def _worth_telling(notice: ClosureNotice) -> list[Closure]:
    """A closure revoked before its message left is not told at all."""
    rows = closure_notices.closures_of(notice)
    if notice.event == ClosureNotice.Event.REVOKED:
        return rows
    return [row for row in rows if row.revoked_at is None]


def _lines_of_guardians(
    notice: ClosureNotice, closures: list[Closure], guardian_ids: list[int], today: dt.date
) -> dict[int, list[Line]]:
    if notice.event == ClosureNotice.Event.REVOKED:
        scopes = {row: set(closure_scope.classes_of(row)) for row in closures}
    else:
        scopes = closure_scope.touched(closures)
    by_pk = {row.pk: row for row in closures}
    found = closure_notices.by_closure(closure_notices.concerned(scopes, today, set(guardian_ids)))
    return {
        guardian: [Line(_and(names), by_pk[pk]) for pk, names in of_closure.items()]
        for guardian, of_closure in found.items()
    }


def _lines(closures: Iterable[Closure]) -> list[Line]:
    return [Line(closure_scope.scope_words(row), row) for row in closures]


def _family_body(notice: ClosureNotice, lines: list[Line]) -> str:
    return render_to_string(
        "email/attendance/closure_family.txt",
        {
            "lines": lines,
            "revoked": notice.event == ClosureNotice.Event.REVOKED,
            "help_desk": HelpDesk.objects.first() or HelpDesk(),
            "url": settings.BASE_URL + reverse("mensa:family"),
        },
    )


def _caterer_body(notice: ClosureNotice, closures: list[Closure], lines: list[Line], now: dt.datetime) -> str:
    return render_to_string(
        "email/attendance/closure_caterer.txt",
        {
            "notice": notice,
            "lines": lines,
            "packed": _packed(closures, now) if notice.event == ClosureNotice.Event.DECLARED else [],
            "revoked": notice.event == ClosureNotice.Event.REVOKED,
            "help_desk": HelpDesk.objects.first() or HelpDesk(),
        },
    )


def _packed(closures: list[Closure], now: dt.datetime) -> list[Packed]:
    """The packed lunches, class by class with their diet codes, for the days to come."""
    ids = {pk for row in closures if row.meal == Closure.Meal.PACKED for pk in closure_scope.classes_of(row)}
    if not ids:
        return []
    schools = School.objects.filter(classes__in=ids).distinct()
    first, last = min(row.first_day for row in closures), max(row.last_day for row in closures)
    days = [day for day in each_day(first, last) if day >= now.date()][:PACKED_DAYS]
    return [
        Packed(day, line, sorted((code, count) for code, count in line.counts.items() if code))
        for day in days
        for school in kitchen.sheet(day=day, schools=schools, now=now).schools
        for line in school.lines
        if line.service.packed and line.class_group.pk in ids and line.total
    ]


def _subject(notice: ClosureNotice) -> str:
    return SUBJECTS[ClosureNotice.Event(notice.event)]


def _and(names: list[str]) -> str:
    """ "Luca", "Luca e Sofia", "Luca, Sofia e Marta"."""
    return " e ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
