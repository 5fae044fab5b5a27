"""What the office has decided, or is about to, of which a family should hear in the app IO: applications, reductions, withdrawals, diets.

The sentences are the same for every reason: which diet, which reduction and why is read in the portal, behind SPID.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from enrolments import guardianship
from enrolments.dated import DatedQuerySet
from enrolments.models import (
    Application,
    Custody,
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
from payments.io_news import ONE_DAY, Found, News
from payments.models import IoMessage
from payments.rules import io_texts

BENEFIT_AHEAD = dt.timedelta(days=15)  # time to get the new papers
DIET_AHEAD = dt.timedelta(days=5)
Event = IoMessage.Event


# -- applications -----------------------------------------------------------------------------------------------------
def opening(news: News) -> Iterator[Found]:
    """To whoever has a child in the canteen when the office opens the applications of the next year."""
    opened = SchoolYear.objects.filter(applications_from__range=(news.since.date(), news.today))
    for year in opened.filter(Q(applications_until__isnull=True) | Q(applications_until__gte=news.today)):
        words = io_texts.opening(year=year.label, until=year.applications_until, site=settings.BASE_URL)
        whom = guardianship.guardians_of(_who_may_apply(year, news.today), since=news.today)
        yield Found(Event.OPENING, str(year.pk), words, whom, shared=True)


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


def enrolled(news: News) -> Iterator[Found]:
    """One message for the children of a family, with how many they are: another list with a sibling makes it one more."""
    lately = _applied(news).filter(household=OuterRef("household"), year=OuterRef("year"))
    families = Application.objects.filter(Exists(lately))
    counted = families.values("household", "year", "year__label")
    for row in counted.annotate(children=Count("pk")).order_by("household", "year"):
        words = io_texts.enrolled(year=row["year__label"], children=row["children"], site=settings.BASE_URL)
        cause = f"{row['household']}:{row['year']}:{row['children']}"
        yield Found(Event.ENROLLED, cause, words, applicant_of(row["household"]))


def _applied(news: News) -> QuerySet[Application]:
    return Application.objects.filter(batch__applied_at__gte=news.since)


# -- withdrawals ------------------------------------------------------------------------------------------------------
def withdrawn(news: News) -> Iterator[Found]:
    """To who applied, when a child is in no class any more; a change of class is no withdrawal.

    One message for the children who stop on one day, with how many they are: whoever follows later makes it one more.
    """
    rows = Enrolment.objects.all()
    lately = [*_ended(io_history.shortened(rows, news)), *_cancelled(io_history.dropped(rows, news))]
    days = {row.pupil_id: _first_without(row) for row in lately}
    of_family = Custody.objects.overlapping(news.today, dt.date.max).filter(pupil__in=days)
    pairs = {(family, days[pupil]) for family, pupil in of_family.values_list("household", "pupil")}
    for family, first in sorted(pairs):
        children = _how_many_stop(family, first, news.today)
        words = io_texts.withdrawn(first=first, children=children, site=settings.BASE_URL)
        cause = f"{family}:{first:%Y%m%d}:{children}"
        yield Found(Event.WITHDRAWN, cause, words, applicant_of(family))


def _how_many_stop(family: int, first: dt.date, today: dt.date) -> int:
    """Of the children that the family has or will have; whenever it was decided."""
    theirs = Custody.objects.overlapping(today, dt.date.max).filter(household=family).values("pupil")
    ended = _ended(Enrolment.objects.filter(valid_to=first - ONE_DAY, pupil__in=theirs))
    taken_back = io_history.taken_back(Enrolment.objects.all()).filter(valid_from=first, pupil__in=theirs)
    return len({row.pupil_id for row in [*ended, *_cancelled(taken_back)]})


def _ended(rows: DatedQuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Those that no other class of the same year follows."""
    later = Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_to"))
    year_ends = OuterRef("class_group__year__valid_to")
    following = Enrolment.objects.filter(later, pupil=OuterRef("pupil"), valid_from__lte=year_ends)
    return rows.exclude(Exists(following))


def _cancelled(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of pupils who are in no class of that year. What went together with its class was a mistake undone: nobody's withdrawal."""
    meanwhile = Q(valid_to__isnull=True) | Q(valid_to__gte=OuterRef("class_group__year__valid_from"))
    year_ends = OuterRef("class_group__year__valid_to")
    others = Enrolment.objects.filter(meanwhile, pupil=OuterRef("pupil"), valid_from__lte=year_ends)
    return rows.filter(class_group__year__isnull=False).exclude(Exists(others))


# -- reductions -------------------------------------------------------------------------------------------------------
def reductions(news: News) -> Iterator[Found]:
    """That one may ask for them: once a year, with the first enrolment, to who has not declared anything yet."""
    declared = IseeDeclaration.objects.overlapping(news.today, dt.date.max).values("household")
    rows = _applied(news).exclude(household__in=declared)
    words = io_texts.reductions(site=settings.BASE_URL)
    for year in rows.values_list("year", flat=True).distinct().order_by("year"):
        whom = Guardian.objects.filter(memberships__household__in=rows.filter(year=year).values("household"))
        yield Found(Event.REDUCTIONS, str(year), words, whom.distinct(), shared=True)


def benefits(news: News) -> Iterator[Found]:
    """An exemption granted, an ISEE recorded: the words are the same, so whatever is decided on one day is one message."""
    words = io_texts.benefit(site=settings.BASE_URL)
    granted = io_history.begun(Exemption.objects.all(), news, "pupil", "kind", "act", "pgh_created_at")
    declared = io_history.begun(IseeDeclaration.objects.all(), news, "household", "filed_on", "protocol")
    for day, whom in _by_day(_decided(granted, "pupil"), _decided(declared, "household"), news):
        yield Found(Event.BENEFIT, f"{day:%Y%m%d}", words, whom, shared=True)


def benefits_ending(news: News) -> Iterator[Found]:
    """Soon, or because the office has said so; nothing takes their place. One message for all that ends with one day."""
    exemptions = _ending(Exemption.objects.all(), "pupil", news, BENEFIT_AHEAD)
    soon = _in_few_days(IseeDeclaration.objects.all(), news.today, BENEFIT_AHEAD)
    ended = {(_first_without(row), row.pupil_id) for row in exemptions}
    expired = {(_first_without(row), row.household_id) for row in _not_followed(soon, "household")}
    for first, whom in _by_day(ended, expired, news):
        words = io_texts.benefit_ends(first=first, site=settings.BASE_URL)
        yield Found(Event.BENEFIT_ENDS, f"{first:%Y%m%d}", words, whom, shared=True)


def _decided(rows: DatedQuerySet[Any], of: str) -> set[tuple[dt.date, int]]:
    """The day on which each was written, by the calendar of the town hall, and whose it is."""
    return set(rows.annotate(day=TruncDate(io_history.written_at(rows))).values_list("day", of))


def _by_day(
    pupils: set[tuple[dt.date, int]], households: set[tuple[dt.date, int]], news: News
) -> Iterator[tuple[dt.date, QuerySet[Guardian]]]:
    """Each day with the parents of whose it is."""
    for day in sorted({day for day, _ in pupils | households}):
        of_pupils = guardianship.guardians_of({pk for on, pk in pupils if on == day}, since=news.today)
        of_families = {pk for on, pk in households if on == day}
        theirs = Q(pk__in=of_pupils.order_by().values("pk")) | Q(memberships__household__in=of_families)
        yield day, Guardian.objects.filter(theirs).distinct().order_by("pk")


# -- diets --------------------------------------------------------------------------------------------------------------
def diets(news: News) -> Iterator[Found]:
    """To whoever asked, while the child is theirs, and to nobody else: that a child has a diet is a fact about its health."""
    decided = DietRequest.objects.filter(decided_at__gte=news.since)
    for request in decided.select_related("requested_by").order_by("pk"):
        accepted = request.state == DietRequest.State.ACCEPTED
        words = io_texts.diet_decided(accepted=accepted, site=settings.BASE_URL)
        event = Event.DIET_ACCEPTED if accepted else Event.DIET_REJECTED
        yield Found(event, str(request.pk), words, _who_asked(request, news.today))


def diets_dropped(news: News) -> Iterator[Found]:
    """A request taken back: to whoever had made it, also where the other parent took it back."""
    taken_back = DietRequest.objects.filter(state=DietRequest.State.WITHDRAWN, told_at__gte=news.since)
    words = io_texts.diet_dropped(site=settings.BASE_URL)
    for request in taken_back.select_related("requested_by").order_by("pk"):
        yield Found(Event.DIET_DROPPED, str(request.pk), words, _who_asked(request, news.today))


def diets_ending(news: News) -> Iterator[Found]:
    """To both parents, as the mail about certificates: from that day the kitchen prepares the ordinary meal."""
    for row in _ending(Diet.objects.all(), "pupil", news, DIET_AHEAD):
        words = io_texts.diet_ends(first=_first_without(row), site=settings.BASE_URL)
        whom = guardianship.guardians_of([row.pupil_id], since=news.today)
        yield Found(Event.DIET_ENDS, _cause(row), words, whom)


# -- rows that end ------------------------------------------------------------------------------------------------------
def _ending(rows: DatedQuerySet[Any], of: str, news: News, ahead: dt.timedelta) -> Iterator[Any]:
    """Those that end in a few days, or were cut short or taken back lately, and that nothing follows."""
    ids = {
        *_in_few_days(rows, news.today, ahead).values_list("pk", flat=True),
        *io_history.shortened(rows, news).values_list("pk", flat=True),
    }
    yield from _not_followed(rows.filter(pk__in=ids), of).order_by("pk")
    for row in io_history.dropped(rows, news):
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
def applicant_of(household: int) -> QuerySet[Guardian]:
    return Guardian.objects.filter(applications_made=household)


def members_of(household: int) -> QuerySet[Guardian]:
    return Guardian.objects.filter(memberships__household=household).order_by("pk")


def _who_asked(request: DietRequest, day: dt.date) -> QuerySet[Guardian]:
    theirs = guardianship.guardians_of([request.pupil_id], since=day)
    return Guardian.objects.of_user(request.requested_by).filter(pk__in=theirs.values("pk"))
