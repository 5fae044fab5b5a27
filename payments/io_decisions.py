"""What the office has decided, or is about to, of which a family should hear in the app IO: applications, reductions, withdrawals, diets.

The sentences are the same for every reason: which diet, which reduction and why is read in the portal, behind SPID.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from enrolments import guardianship
from enrolments.dated import DatedQuerySet
from enrolments.models import (
    Application,
    Diet,
    DietRequest,
    Enrolment,
    Exemption,
    Guardian,
    IseeDeclaration,
    Level,
    Pupil,
    SchoolYear,
)
from enrolments.years import LAST_GRADE
from payments import io_history
from payments.io_history import LOOK_BACK, ONE_DAY
from payments.models import IoMessage, Notice
from payments.rules import io_texts
from payments.rules.io_texts import Words

BENEFIT_AHEAD = dt.timedelta(days=15)  # time to get the new papers
DIET_AHEAD = dt.timedelta(days=5)
Event = IoMessage.Event
Found = tuple[Guardian, str, str, Words, Notice | None]


# -- applications -----------------------------------------------------------------------------------------------------
def opening(now: dt.datetime) -> Iterator[Found]:
    """To whoever has a child in the canteen when the office opens the applications of the next year."""
    today = now.date()
    opened = SchoolYear.objects.filter(applications_from__range=(today - LOOK_BACK, today))
    for year in opened.filter(Q(applications_until__isnull=True) | Q(applications_until__gte=today)):
        words = io_texts.opening(year=year.label, until=year.applications_until, site=settings.BASE_URL)
        for guardian in guardianship.guardians_of(_who_may_apply(year, today), since=today):
            yield guardian, Event.OPENING, str(year.pk), words, None


def _who_may_apply(year: SchoolYear, today: dt.date) -> QuerySet[Pupil]:
    """The pupils of the year before, as it stands today or ended, less those whose schools here end with it."""
    before = SchoolYear.objects.filter(valid_to__lt=year.valid_from).order_by("-valid_to").first()
    if before is None:
        return Pupil.objects.none()
    rows = Enrolment.objects.on(min(today, before.valid_to))
    last = {
        "class_group__school__level": Level.SECONDARIA,
        "class_group__grade": LAST_GRADE[Level.SECONDARIA],
    }
    return Pupil.objects.filter(pk__in=rows.exclude(**last).values("pupil"))


def enrolled(now: dt.datetime) -> Iterator[Found]:
    for one in _applied(now).select_related("household__applicant", "year").order_by("pk"):
        words = io_texts.enrolled(year=one.year.label, site=settings.BASE_URL)
        yield one.household.applicant, Event.ENROLLED, str(one.pk), words, None


def _applied(now: dt.datetime) -> QuerySet[Application]:
    return Application.objects.filter(batch__applied_at__gte=now - LOOK_BACK)


def withdrawn(now: dt.datetime) -> Iterator[Found]:
    """To who applied, when a child is in no class any more; a change of class is no withdrawal."""
    for row in [*io_history.shortened(Enrolment.objects.all()), *io_history.dropped(Enrolment.objects.all())]:
        if not _goes_on(row):
            words = io_texts.withdrawn(first=_first_without(row), site=settings.BASE_URL)
            families = guardianship.households_of([row.pupil_id], since=now.date())
            for household in families.select_related("applicant"):
                yield household.applicant, Event.WITHDRAWN, _cause(row), words, None


def _goes_on(row: Any) -> bool:
    """In another class of the same year; what was left before a row that was taken back has its own last day."""
    year = SchoolYear.objects.filter(classes=row.class_group_id).first()
    if year is None:  # taken back together with its class: a mistake undone, nobody's withdrawal
        return True
    first = year.valid_from if _is_gone(row) else _first_without(row)
    return Enrolment.objects.overlapping(first, year.valid_to).filter(pupil=row.pupil_id).exists()


# -- reductions -------------------------------------------------------------------------------------------------------
def reductions(now: dt.datetime) -> Iterator[Found]:
    """That one may ask for them: once a year, with the first enrolment, to who has not declared anything yet."""
    declared = IseeDeclaration.objects.overlapping(now.date(), dt.date.max).values("household")
    words = io_texts.reductions(site=settings.BASE_URL)
    rows = _applied(now).exclude(household__in=declared).values_list("household", "year").distinct()
    for household, year in rows.order_by("year", "household"):
        for guardian in _members_of(household):
            yield guardian, Event.REDUCTIONS, str(year), words, None


def benefits(now: dt.datetime) -> Iterator[Found]:
    """An exemption granted, an ISEE recorded."""
    words = io_texts.benefit(site=settings.BASE_URL)
    granted = io_history.begun(Exemption.objects.all(), "pupil", "kind", "act", "pgh_created_at")
    for exemption in granted.order_by("pk"):
        for guardian in guardianship.guardians_of([exemption.pupil_id], since=now.date()):
            yield guardian, Event.BENEFIT, f"pupil:{exemption.pk}", words, None
    declared = io_history.begun(IseeDeclaration.objects.all(), "household", "filed_on", "protocol")
    for declaration in declared.order_by("pk"):
        for guardian in _members_of(declaration.household_id):
            yield guardian, Event.BENEFIT, f"family:{declaration.pk}", words, None


def benefits_ending(now: dt.datetime) -> Iterator[Found]:
    """Soon, or because the office has said so; nothing takes their place."""
    exemptions = Exemption.objects.all()
    for row in _ending(exemptions, "pupil", now.date(), BENEFIT_AHEAD):
        for guardian in guardianship.guardians_of([row.pupil_id], since=now.date()):
            yield _benefit_ends(guardian, f"pupil:{_cause(row)}", _first_without(row))
    soon = _in_few_days(IseeDeclaration.objects.all(), now.date(), BENEFIT_AHEAD)
    for declaration in _not_followed(soon, "household").order_by("pk"):
        for guardian in _members_of(declaration.household_id):
            yield _benefit_ends(guardian, f"family:{_cause(declaration)}", _first_without(declaration))


def _benefit_ends(guardian: Guardian, cause: str, first: dt.date) -> Found:
    return (
        guardian,
        Event.BENEFIT_ENDS,
        cause,
        io_texts.benefit_ends(first=first, site=settings.BASE_URL),
        None,
    )


# -- diets --------------------------------------------------------------------------------------------------------------
def diets(now: dt.datetime) -> Iterator[Found]:
    """To whoever asked, while the child is theirs, and to nobody else: that a child has a diet is a fact about its health."""
    decided = DietRequest.objects.filter(decided_at__gte=now - LOOK_BACK)
    for request in decided.select_related("requested_by").order_by("pk"):
        accepted = request.state == DietRequest.State.ACCEPTED
        words = io_texts.diet_decided(accepted=accepted, site=settings.BASE_URL)
        event = Event.DIET_ACCEPTED if accepted else Event.DIET_REJECTED
        for guardian in _who_asked(request, now.date()):
            yield guardian, event, str(request.pk), words, None


def diets_dropped(now: dt.datetime) -> Iterator[Found]:
    """A request taken back: to whoever had made it, also where the other parent took it back."""
    taken_back = DietRequest.objects.filter(state=DietRequest.State.WITHDRAWN, told_at__gte=now - LOOK_BACK)
    words = io_texts.diet_dropped(site=settings.BASE_URL)
    for request in taken_back.select_related("requested_by").order_by("pk"):
        for guardian in _who_asked(request, now.date()):
            yield guardian, Event.DIET_DROPPED, str(request.pk), words, None


def diets_ending(now: dt.datetime) -> Iterator[Found]:
    """To both parents, as the mail about certificates: from that day the kitchen prepares the ordinary meal."""
    for row in _ending(Diet.objects.all(), "pupil", now.date(), DIET_AHEAD):
        words = io_texts.diet_ends(first=_first_without(row), site=settings.BASE_URL)
        for guardian in guardianship.guardians_of([row.pupil_id], since=now.date()):
            yield guardian, Event.DIET_ENDS, _cause(row), words, None


# -- rows that end ------------------------------------------------------------------------------------------------------
def _ending(rows: DatedQuerySet[Any], of: str, today: dt.date, ahead: dt.timedelta) -> Iterator[Any]:
    """Those that end in a few days, or were cut short or taken back lately, and that nothing follows."""
    ids = {
        *_in_few_days(rows, today, ahead).values_list("pk", flat=True),
        *io_history.shortened(rows).values_list("pk", flat=True),
    }
    yield from _not_followed(rows.filter(pk__in=ids), of).order_by("pk")
    for row in io_history.dropped(rows):
        day = _first_without(row)
        if not rows.on(day).filter(**{f"{of}_id": getattr(row, f"{of}_id")}).exists():
            yield row


def _in_few_days(rows: DatedQuerySet[Any], today: dt.date, ahead: dt.timedelta) -> DatedQuerySet[Any]:
    return rows.filter(valid_to__range=(today, today + ahead))


def _not_followed(rows: DatedQuerySet[Any], of: str) -> DatedQuerySet[Any]:
    following = rows.model._default_manager.filter(
        **{of: OuterRef(of), "valid_from": OuterRef("valid_to") + ONE_DAY}
    )
    return rows.exclude(Exists(following))


def _first_without(row: Any) -> dt.date:
    """The day after the last one; of a row taken back, the day on which it would have begun."""
    day: dt.date = row.valid_from if _is_gone(row) else row.valid_to + ONE_DAY
    return day


def _is_gone(row: Any) -> bool:
    return hasattr(row, "pgh_label")


def _cause(row: Any) -> str:
    """A row and the day from which it does not hold: put off and cut again, it is said again."""
    return f"{row.id}:{_first_without(row):%Y%m%d}"


# -- whom ---------------------------------------------------------------------------------------------------------------
def _members_of(household: int) -> QuerySet[Guardian]:
    return Guardian.objects.filter(memberships__household=household).order_by("pk")


def _who_asked(request: DietRequest, day: dt.date) -> QuerySet[Guardian]:
    theirs = guardianship.guardians_of([request.pupil_id], since=day)
    return Guardian.objects.of_user(request.requested_by).filter(pk__in=theirs.values("pk"))
