"""Closures: seen before they are declared, applied once, undone exactly once. Before the debit nobody is charged; after it the
night gives everything back (and takes it again if the closure is revoked)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction

from attendance import deciding
from attendance import hours as adopted
from attendance.calendar import Calendar, each_day
from attendance.errors import NotDeclared
from attendance.models import Closure, ServiceDay
from attendance.rules import cutoff
from enrolments.models import ClassGroup, School, SchoolYear
from identity.models import User

LONGEST = 120
_BY_WALLET = (
    "SELECT wallet_id, count(*), coalesce(sum(price), 0) FROM decided WHERE charged GROUP BY wallet_id"
)


@dataclass(frozen=True)
class Preview:
    """What a closure would do, before it is declared. ``euro``: what families will not pay or get back."""

    days: list[dt.date]
    meals: int
    families: int
    euro: Decimal
    already_debited: list[dt.date]
    notice_hours: int
    enough_notice: bool


def preview(
    *,
    first_day: dt.date,
    last_day: dt.date,
    now: dt.datetime,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    meal: str = Closure.Meal.NONE,
) -> Preview:
    """The meals, families and euro concerned; nothing is written. A packed lunch is eaten and charged: it moves no money."""
    _refuse_bad_range(first_day, last_day)
    calendar = Calendar(_class_ids(school, class_group, first_day, last_day), first_day, last_day)
    days = [
        day
        for day in each_day(first_day, last_day)
        if any(calendar.service(class_id, day).open for class_id in calendar.classes)
    ]
    meals, families, euro = 0, set[int](), Decimal("0.00")
    for day in days:
        count, wallets, total = _effect(day, calendar)
        meals, euro, families = meals + count, euro + total, families | wallets
    hours = adopted.on(days[0] if days else first_day)
    return Preview(
        days=days,
        meals=meals,
        families=len(families),
        euro=euro if meal == Closure.Meal.NONE else Decimal("0.00"),
        already_debited=_debited(days),
        notice_hours=hours.caterer_notice_hours,
        enough_notice=bool(days) and _is_in_time(days, hours, now),
    )


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
) -> Closure:
    """Write the closure: of a class, of a school or (neither) of the town. The same one again is the one already there;
    families need to do nothing."""
    _refuse_bad_range(first_day, last_day)
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
    with connection.cursor() as cursor:  # two clerks at once write one closure
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('attendance.closures'))")
    standing = Closure.objects.filter(revoked_at__isnull=True, **asked).first()
    return standing or Closure.objects.create(**asked, declared_by=by, declared_at=now)


@transaction.atomic
def revoke(*, closure: Closure, by: User, now: dt.datetime) -> Closure:
    """Undo a closure, once: the row stays, with who and when. Repeating it changes nothing."""
    row = Closure.objects.select_for_update(of=("self",)).get(pk=closure.pk)
    if row.revoked_at is None:
        if _year_is_closed(row.first_day, row.last_day):
            raise NotDeclared("L'anno scolastico è chiuso: la chiusura non si può più revocare.")
        row.revoked_at, row.revoked_by = now, by
        row.save(update_fields=["revoked_at", "revoked_by"])
    return row


def scope_words(closure: Closure) -> str:
    """Whom a closure concerns."""
    if closure.class_group:
        return f"Classe {closure.class_group.label}, {closure.class_group.school.name}"
    return closure.school.name if closure.school else "Tutte le scuole"


def _class_ids(
    school: School | None, class_group: ClassGroup | None, first: dt.date, last: dt.date
) -> list[int]:
    rows = ClassGroup.objects.filter(year__valid_from__lte=last, year__valid_to__gte=first)
    if class_group:
        rows = rows.filter(pk=class_group.pk)
    elif school:
        rows = rows.filter(school=school)
    return list(rows.values_list("pk", flat=True))


def _is_in_time(days: list[dt.date], hours: cutoff.Hours, now: dt.datetime) -> bool:
    """Whether the caterer can still cancel every meal; of a sheet already sealed there is nothing left to tell."""
    notice = [left for day in days if (left := _notice(day, hours, now)) > dt.timedelta(0)]
    return not notice or min(notice) >= dt.timedelta(hours=hours.caterer_notice_hours)


def _notice(day: dt.date, hours: cutoff.Hours, now: dt.datetime) -> dt.timedelta:
    """What is left to the caterer before the kitchen's sheet of that day."""
    return cutoff.at(day, hours.kitchen_sheet_at) - now


def _year_is_closed(first: dt.date, last: dt.date) -> bool:
    return SchoolYear.objects.overlapping(first, last).filter(state=SchoolYear.State.CLOSED).exists()


def _refuse_bad_range(first: dt.date, last: dt.date) -> None:
    if last < first:
        raise NotDeclared("L'ultimo giorno viene prima del primo: controlla le due date.")
    if (last - first).days >= LONGEST:
        raise NotDeclared(f"Una chiusura dura al massimo {LONGEST} giorni: controlla le due date.")


def _effect(day: dt.date, calendar: Calendar) -> tuple[int, set[int], Decimal]:
    """Meals, wallets and euro of a day for the classes of the calendar, by the night's own decision."""
    decision = deciding.of_day(day, calendar=calendar)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {decision.sql} {_BY_WALLET}",
            decision.params,
        )
        rows = cursor.fetchall()
    return (
        sum(count for _, count, _ in rows),
        {wallet for wallet, _, _ in rows if wallet},
        sum((total for _, _, total in rows), Decimal("0.00")),
    )


def _debited(days: list[dt.date]) -> list[dt.date]:
    rows = ServiceDay.objects.filter(day__in=days).exclude(state=ServiceDay.State.OPEN)
    return list(rows.order_by("day").values_list("day", flat=True))
