"""Who is to be told of a closure: the news is a row, written with the closure; its recipients are rows, written by the queue."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from attendance import closure_scope
from attendance.closure_preview import Preview
from attendance.models import Caterer, Closure, ClosureAnnouncement, ClosureMail, ClosureNotice
from attendance.rules.cutoff import ROME
from enrolments import guardianship
from enrolments.models import ClassGroup, Custody, Enrolment, Guardian, Pupil
from identity.models import User


@dataclass(frozen=True)
class Concerned:
    """A child whom a closure takes from the table, as a guardian of one of its households may be told."""

    guardian_id: int
    closure_id: int
    pupil_id: int
    first_name: str


@transaction.atomic
def announce(
    *, closures: Collection[Closure], event: str, effect: Preview, by: User, now: dt.datetime
) -> ClosureNotice:
    """The news, with the numbers that were shown. The database refuses to announce a closure twice."""
    notice = ClosureNotice.objects.create(
        event=event,
        made_by=by,
        made_at=now,
        meals=effect.meals,
        families=effect.families,
        euro=effect.euro,
        enough_notice=not effect.days or (effect.enough_notice and effect.still_to_cook),
    )
    ClosureAnnouncement.objects.bulk_create(
        ClosureAnnouncement(notice=notice, closure=closure, event=event) for closure in closures
    )
    return notice


@transaction.atomic
def address(*, notice: ClosureNotice, now: dt.datetime) -> int:
    """Write down the recipients, once: both households of each child concerned, and the caterers of the schools."""
    row = ClosureNotice.objects.select_for_update().get(pk=notice.pk)
    if row.addressed_at:
        return 0
    rows = closures_of(row)
    guardians, schools = _recipients(row, rows, now.astimezone(ROME).date())
    people = Guardian.objects.filter(pk__in=guardians).order_by("pk")
    mails = [ClosureMail(notice=row, guardian=one, email=one.email) for one in people]
    caterers = Caterer.objects.serving(schools) if schools else Caterer.objects.none()
    mails += [ClosureMail(notice=row, caterer=one, email=one.email) for one in caterers.order_by("pk")]
    for mail in mails:
        mail.state = ClosureMail.State.WAITING if mail.email else ClosureMail.State.NO_ADDRESS
    ClosureMail.objects.bulk_create(mails, batch_size=1000)
    row.addressed_at = now
    row.save(update_fields=["addressed_at"])
    return len(mails)


def closures_of(notice: ClosureNotice) -> list[Closure]:
    rows = Closure.objects.filter(announcements__notice=notice).select_related(
        "school", "class_group__school"
    )
    return list(rows.order_by("first_day", "pk"))


def concerned(
    scopes: dict[Closure, set[int]], today: dt.date, guardian_ids: Collection[int] | None = None
) -> list[Concerned]:
    """The children of the classes a closure touches, each once for every guardian of the households it has in those days; not
    for one from whom the child has gone since."""
    return [
        one for closure, ids in scopes.items() for one in _concerned_by(closure, ids, today, guardian_ids)
    ]


def _concerned_by(
    closure: Closure, ids: set[int], today: dt.date, guardian_ids: Collection[int] | None
) -> Iterable[Concerned]:
    days = (closure.first_day, closure.last_day)
    pupils = Enrolment.objects.overlapping(*days).filter(class_group_id__in=ids).values("pupil_id")
    rows = Custody.objects.overlapping(*days).filter(pupil_id__in=pupils)
    guardian = "household__members__guardian_id"
    if guardian_ids is not None:
        rows = rows.filter(**{f"{guardian}__in": guardian_ids})
    found = rows.exclude(**{f"{guardian}__isnull": True}).values_list(
        guardian, "pupil_id", "pupil__first_name", "pupil__birth_date"
    )
    theirs = guardianship.pairs(Pupil.objects.filter(pk__in=rows.values("pupil")), since=today)
    for guardian_id, pupil_id, first_name, _ in sorted(set(found), key=lambda row: (row[3], row[1])):
        if (guardian_id, pupil_id) in theirs and (guardian_ids is None or guardian_id in guardian_ids):
            yield Concerned(guardian_id, closure.pk, pupil_id, first_name)


def _recipients(notice: ClosureNotice, closures: list[Closure], today: dt.date) -> tuple[set[int], set[int]]:
    """Guardians and schools. A revocation goes to those who may have read of the closure, and to nobody else."""
    if notice.event == ClosureNotice.Event.REVOKED:
        return _who_was_told(closures, notice.made_at, today), _schools(
            pk for row in closures for pk in closure_scope.classes_of(row)
        )
    scopes = closure_scope.touched(row for row in closures if row.revoked_at is None)
    return {one.guardian_id for one in concerned(scopes, today)}, _schools(
        pk for ids in scopes.values() for pk in ids
    )


def _who_was_told(closures: list[Closure], before: dt.datetime, today: dt.date) -> set[int]:
    told = ClosureMail.objects.filter(
        notice__announcements__closure__in=closures,
        notice__event=ClosureNotice.Event.DECLARED,
        claimed_at__lte=before,
        guardian__isnull=False,
    )
    scopes = {row: set(closure_scope.classes_of(row)) for row in closures}
    guardians = set(told.values_list("guardian_id", flat=True))
    return {one.guardian_id for one in concerned(scopes, today, guardians)}


def _schools(class_ids: Iterable[int]) -> set[int]:
    return set(ClassGroup.objects.filter(pk__in=set(class_ids)).values_list("school_id", flat=True))


@dataclass(frozen=True)
class Told:
    """How far the messages of a notice are, for the page of the closure."""

    notice: ClosureNotice
    counts: dict[str, int]
    caterers: list[ClosureMail]

    @property
    def total(self) -> int:
        """Messages to send; who has no address is told otherwise."""
        return self.sent + self.failed + self.waiting

    @property
    def sent(self) -> int:
        return self.counts.get(ClosureMail.State.SENT, 0)

    @property
    def failed(self) -> int:
        return self.counts.get(ClosureMail.State.FAILED, 0)

    @property
    def waiting(self) -> int:
        return self.counts.get(ClosureMail.State.WAITING, 0)

    @property
    def no_address(self) -> int:
        return self.counts.get(ClosureMail.State.NO_ADDRESS, 0)

    @property
    def busy(self) -> bool:
        return self.notice.addressed_at is None or self.waiting > 0


def told(closure: Closure) -> list[Told]:
    """What was told of a closure, oldest first."""
    notices = ClosureNotice.objects.filter(announcements__closure=closure).select_related("made_by")
    return [how_far(notice) for notice in notices.order_by("pk")]


def how_far(notice: ClosureNotice) -> Told:
    rows = notice.mails.order_by().values_list("state").annotate(number=Count("pk"))
    caterers = notice.mails.filter(caterer__isnull=False).select_related("caterer").order_by("caterer__name")
    return Told(notice=notice, counts=dict(rows), caterers=list(caterers))


def to_reach_otherwise(notice: ClosureNotice) -> QuerySet[ClosureMail]:
    """Guardians without an address or whose message never left: a person tells them."""
    rows = notice.mails.filter(state__in=[ClosureMail.State.NO_ADDRESS, ClosureMail.State.FAILED])
    return rows.filter(guardian__isnull=False).select_related("guardian").order_by("guardian__sort_key")


def try_again(*, notice: ClosureNotice) -> int:
    """The messages that failed go back on the list, with the address as it is now; also who has got an address since."""
    again = Q(state__in=[ClosureMail.State.FAILED, ClosureMail.State.NO_ADDRESS])
    rows = list(notice.mails.filter(again).select_related("guardian", "caterer"))
    with_address = [row for row in rows if _address_now(row)]
    for row in with_address:
        ClosureMail.objects.filter(again, pk=row.pk).update(
            state=ClosureMail.State.WAITING, email=_address_now(row), tries=0, claimed_at=None
        )
    return len(with_address)


def _address_now(mail: ClosureMail) -> str:
    person = mail.guardian or mail.caterer
    return person.email if person else ""


def by_closure(rows: Iterable[Concerned]) -> dict[int, dict[int, list[str]]]:
    """Guardian -> closure -> first names of the own children concerned."""
    found: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.guardian_id][row.closure_id].append(row.first_name)
    return found


def unaddressed() -> QuerySet[ClosureNotice]:
    return ClosureNotice.objects.filter(addressed_at__isnull=True).order_by("pk")
