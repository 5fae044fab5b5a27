"""The calendar month by month: of a school or a class for the office and the school, of a child's class for the parent."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from attendance import class_month, feeds, grid
from attendance.models import CalendarFeed
from enrolments.models import ClassGroup, Enrolment, Pupil, School
from identity.access import roles
from identity.models import Role, User
from mensa import clock

RENEWED = "Indirizzo nuovo pronto: quello di prima non risponde più."


@dataclass(frozen=True)
class Subject:
    """What the page shows: a class, or a whole school. ``key`` stands in the address: "c12", "s3"."""

    school: School
    class_group: ClassGroup | None = None

    @property
    def key(self) -> str:
        return f"c{self.class_group.pk}" if self.class_group else f"s{self.school.pk}"

    @property
    def title(self) -> str:
        return f"{self.class_group.label}, {self.school.name}" if self.class_group else self.school.name

    def feed(self) -> CalendarFeed | None:
        if self.class_group:
            return feeds.standing(class_group=self.class_group)
        return feeds.standing(school=self.school)


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def office_calendar(request: HttpRequest) -> HttpResponse:
    """The auditor looks at the same months; a day declares a closure for the office only."""
    context = _page(request, School.objects.all())
    may_act = cast(User, request.user).role == Role.OFFICE
    day_url = reverse("attendance:closure_new") if may_act else ""
    context |= {"shell": "office.html", "day_url": day_url, "is_office": True, "may_act": may_act}
    return render(request, "attendance/calendar.html", context)


@roles(Role.SECRETARY)
@never_cache
@require_safe
def school_calendar(request: HttpRequest) -> HttpResponse:
    context = _page(request, School.objects.of_staff(cast(User, request.user)))
    context |= {
        "shell": "base.html",
        "day_url": reverse("attendance:school_days"),
        "is_office": False,
        "may_act": True,
    }
    return render(request, "attendance/calendar.html", context)


@roles(Role.PARENT)
@never_cache
@require_safe
def child_calendar(request: HttpRequest, code: str) -> HttpResponse:
    """The calendar of the class the child is in, in that month; and the parent's own feed."""
    user = cast(User, request.user)
    pupil = get_object_or_404(Pupil.objects.of_parent(user), code=code)
    first, today = month_asked(request), clock.today()
    group = _class_in(pupil, first)
    feed = feeds.standing(owner=user)
    context = {
        "pupil": pupil,
        "siblings": Pupil.objects.of_parent(user).order_by("birth_date", "pk"),
        "group": group,
        "first": first,
        "found": class_month.of_class(class_group=group, first=first, today=today) if group else None,
        **_address(request, feed),
        "words": class_month.WORDS,
    }
    return render(request, "attendance/child_calendar.html", context)


@roles(Role.OFFICE, Role.SECRETARY)
@require_POST
def feed_open(request: HttpRequest, key: str) -> HttpResponse:
    """An address for a school or a class; asked again it is the one there is."""
    subject, now = _subject(_schools(request), key), clock.now()
    if subject.class_group:
        feeds.open_feed(class_group=subject.class_group, now=now)
    else:
        feeds.open_feed(school=subject.school, now=now)
    messages.success(request, "Indirizzo pronto: si può dare a tutta la scuola, non contiene nomi di alunni.")
    return _back(request, key)


@roles(Role.OFFICE)
@require_POST
def feed_revoke(request: HttpRequest, key: str) -> HttpResponse:
    """The address answers no more; with what=renew another one takes its place at once."""
    feed, now = _subject(School.objects.all(), key).feed(), clock.now()
    if feed and request.POST.get("what") == "renew":
        feeds.renew_feed(feed=feed, now=now)
        messages.success(request, RENEWED)
    elif feed:
        feeds.revoke_feed(feed=feed, now=now)
        messages.success(request, "Indirizzo revocato: chi lo usava non riceve più il calendario.")
    return _back(request, key)


@roles(Role.PARENT)
@require_POST
def own_feed(request: HttpRequest, code: str) -> HttpResponse:
    """Make the parent's private address, change it for another, or take it away; a new one after that is another one."""
    user, now = cast(User, request.user), clock.now()
    get_object_or_404(Pupil.objects.of_parent(user), code=code)
    what, feed = request.POST.get("what"), feeds.standing(owner=user)
    if what == "revoke":
        if feed:
            feeds.revoke_feed(feed=feed, now=now)
        messages.success(request, "Indirizzo revocato: da ora non risponde più.")
    elif what == "renew" and feed:
        feeds.renew_feed(feed=feed, now=now)
        messages.success(request, RENEWED)
    else:
        feeds.open_feed(owner=user, now=now)
        messages.success(request, "Indirizzo pronto: copialo nel calendario del telefono. Tienilo per te.")
    return redirect("attendance:child_calendar", code)


def month_asked(request: HttpRequest) -> dt.date:
    """?mese=2026-11; anything else is the month of today."""
    today = clock.today()
    try:
        first = dt.date.fromisoformat(f"{request.GET.get('mese', '')}-01")
    except ValueError:
        return today.replace(day=1)
    return first if abs((first - today).days) < 1200 else today.replace(day=1)


def _address(request: HttpRequest, feed: CalendarFeed | None) -> dict[str, Any]:
    """The address, if there is one to show; ``feed_is_hidden``: there is one, and its key is gone."""
    token = feeds.token_of(feed) if feed else ""
    url = request.build_absolute_uri(reverse("attendance:feed", args=[token])) if token else ""
    return {"feed_url": url, "feed_is_hidden": feed is not None and not token}


def _page(request: HttpRequest, schools: "QuerySet[School]") -> dict[str, Any]:
    today, first = clock.today(), month_asked(request)
    classes = list(_classes(schools, first))
    key = request.GET.get("vista", "")
    subject = _subject(schools, key) if key else _first_of(schools)
    return {
        "first": first,
        "today": today,
        "subject": subject,
        "choices": [
            (school, list(groups)) for school, groups in groupby(classes, key=lambda group: group.school)
        ],
        "found": _found(subject, first, today) if subject else None,
        **_address(request, subject.feed() if subject else None),
        "words": class_month.WORDS,
    }


def _found(subject: Subject, first: dt.date, today: dt.date) -> class_month.CalendarMonth:
    if subject.class_group:
        return class_month.of_class(class_group=subject.class_group, first=first, today=today)
    return class_month.of_school(school=subject.school, first=first, today=today)


def _classes(schools: "QuerySet[School]", first: dt.date) -> "QuerySet[ClassGroup]":
    """The classes of the school year in which the month ends."""
    day = first.replace(day=28)
    rows = ClassGroup.objects.filter(school__in=schools, year__valid_from__lte=day, year__valid_to__gte=day)
    return rows.select_related("school").order_by("school__name", "school_id", "grade", "section")


def _first_of(schools: "QuerySet[School]") -> Subject | None:
    school = schools.order_by("name").first()
    return Subject(school) if school else None


def _subject(schools: "QuerySet[School]", key: str) -> Subject:
    """A school or a class among those this person may see; anything else is not found."""
    kind, number = key[:1], key[1:]
    if kind not in {"s", "c"} or not number.isdecimal() or len(number) > 9:
        raise Http404
    if kind == "s":
        return Subject(get_object_or_404(schools, pk=int(number)))
    rows = ClassGroup.objects.filter(school__in=schools).select_related("school")
    group = get_object_or_404(rows, pk=int(number))
    return Subject(group.school, group)


def _schools(request: HttpRequest) -> "QuerySet[School]":
    user = cast(User, request.user)
    return School.objects.all() if user.role == Role.OFFICE else School.objects.of_staff(user)


def _back(request: HttpRequest, key: str) -> HttpResponse:
    office = cast(User, request.user).role == Role.OFFICE
    page = "attendance:office_calendar" if office else "attendance:school_calendar"
    return redirect(f"{reverse(page)}?vista={key}")


def _class_in(pupil: Pupil, first: dt.date) -> ClassGroup | None:
    """The class at the end of the month, or the last one of the month for who has left."""
    last = grid.last_of(first)
    rows = Enrolment.objects.overlapping(first, last).filter(pupil=pupil).order_by("-valid_from")
    row = rows.select_related("class_group__school").first()
    return row.class_group if row else None
