"""Closures: seen before they are declared, applied once, undone exactly once. Before the debit nobody is charged; after it the
night gives everything back (and takes it again if the closure is revoked)."""

import datetime as dt
from collections.abc import Collection

from django.db import connection, transaction

from attendance import closure_notices
from attendance.closure_preview import Preview, preview, preview_revocation, refuse_bad_range
from attendance.closure_scope import scope_words
from attendance.errors import NotDeclared
from attendance.models import Closure, ClosureAnnouncement, ClosureNotice
from enrolments.models import ClassGroup, School, SchoolYear
from identity.models import User

__all__ = [
    "Preview",
    "declare",
    "lock",
    "preview",
    "preview_revocation",
    "revoke",
    "revoke_all",
    "scope_words",
    "tell",
]


@transaction.atomic
def declare(
    *,
    first_day: dt.date,
    last_day: dt.date,
    reason: str,
    by: User,
    now: dt.datetime,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    act: str = "",
    meal: str = Closure.Meal.NONE,
    tell: bool = False,
) -> Closure:
    """Write the closure: of a class, of a school or (neither) of the town. The same one again is the one already there;
    families need to do nothing. ``tell``: families and caterers get a message."""
    refuse_bad_range(first_day, last_day)
    if school and class_group:
        raise NotDeclared("Scegli una scuola oppure una classe, non entrambe.")
    if reason not in Closure.Reason.values or meal not in Closure.Meal.values:
        raise NotDeclared("Scegli il motivo della chiusura e che cosa si mangia.")
    if _year_is_closed(first_day, last_day):
        raise NotDeclared("Questi giorni sono di un anno scolastico chiuso: non si può più cambiare.")
    asked = {
        "school": school,
        "class_group": class_group,
        "first_day": first_day,
        "last_day": last_day,
        "reason": reason,
        "meal": meal,
        "act": act.strip(),
    }
    lock()
    closure = Closure.objects.filter(revoked_at__isnull=True, **asked).first()
    if closure is None:
        closure = Closure.objects.create(**asked, declared_by=by, declared_at=now)
    if tell:
        _announce([closure], by, now)
    return closure


@transaction.atomic
def tell(*, closures: Collection[Closure], by: User, now: dt.datetime) -> ClosureNotice | None:
    """Announce closures in force, once; None when they were announced already or are revoked."""
    lock()
    rows = Closure.objects.filter(pk__in=[row.pk for row in closures], revoked_at__isnull=True)
    return _announce(list(rows.select_related("school", "class_group").order_by("pk")), by, now)


@transaction.atomic
def revoke(*, closure: Closure, by: User, now: dt.datetime) -> Closure:
    """Undo a closure, once: the row stays, with who and when. Repeating it changes nothing. Who was told of it is told again."""
    return revoke_all(closures=[closure], by=by, now=now)[0]


@transaction.atomic
def revoke_all(*, closures: Collection[Closure], by: User, now: dt.datetime) -> list[Closure]:
    """Undo closures together: all of them or none, and one message to each of those concerned."""
    rows = list(
        Closure.objects.select_for_update(of=("self",))
        .select_related("school", "class_group__school")
        .filter(pk__in=[row.pk for row in closures])
        .order_by("pk")
    )
    standing = [row for row in rows if row.revoked_at is None]
    if any(_year_is_closed(row.first_day, row.last_day) for row in standing):
        raise NotDeclared("L'anno scolastico è chiuso: la chiusura non si può più revocare.")
    told = [row for row in standing if _is_announced(row)]
    effect = preview_revocation(closures=told, now=now) if told else None
    for row in standing:
        row.revoked_at, row.revoked_by = now, by
        row.save(update_fields=["revoked_at", "revoked_by"])
    if effect:
        closure_notices.announce(
            closures=told, event=ClosureNotice.Event.REVOKED, effect=effect, by=by, now=now
        )
    return rows


def lock() -> None:
    """Until the end of the transaction nobody else declares: two clerks at once write one closure."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('attendance.closures'))")


def _announce(closures: list[Closure], by: User, now: dt.datetime) -> ClosureNotice | None:
    """The numbers are what the closures take away, which is what giving them back would restore."""
    news = [row for row in closures if not _is_announced(row)]
    if not news:
        return None
    effect = preview_revocation(closures=news, now=now)
    return closure_notices.announce(
        closures=news, event=ClosureNotice.Event.DECLARED, effect=effect, by=by, now=now
    )


def _is_announced(closure: Closure) -> bool:
    rows = ClosureAnnouncement.objects.filter(closure=closure, event=ClosureNotice.Event.DECLARED)
    return rows.exists()


def _year_is_closed(first: dt.date, last: dt.date) -> bool:
    return SchoolYear.objects.overlapping(first, last).filter(state=SchoolYear.State.CLOSED).exists()
