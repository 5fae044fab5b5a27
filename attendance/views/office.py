"""The office: corrections for a child, the last nights."""

import datetime as dt
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance import conflicts, nights, tasks, verdicts
from attendance.calendar import each_day
from attendance.forms import CorrectionForm
from attendance.models import Absence
from enrolments.errors import Refused
from enrolments.models import Pupil
from identity.access import roles
from identity.models import Role, User
from mensa import clock

PAGE = 20


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pupils(request: HttpRequest) -> HttpResponse:
    """What waits for the office's word, and the search for a child whose presence must be corrected.

    The search is a POST: a surname has no place in an address.
    """
    query = " ".join(request.POST.get("q", "").split())[:60]
    rows = Pupil.objects.none()
    if query:
        rows = Pupil.objects.filter(
            Q(last_name__istartswith=query) | Q(first_name__istartswith=query) | Q(code__iexact=query)
        ).order_by("sort_key", "pk")
    waiting = conflicts.waiting(today=clock.today())
    return render(
        request, "attendance/pupils.html", {"query": query, "pupils": rows[:50], "conflicts": waiting}
    )


@roles(Role.OFFICE, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, code: str) -> HttpResponse:
    """What was said of the child in the last days, and a word of the office's own."""
    pupil, now = get_object_or_404(Pupil, code=code), clock.now()
    form = CorrectionForm(request.POST or None, initial={"day": request.GET.get("giorno")})
    if request.method == "POST" and form.is_valid():
        try:
            changed, told = conflicts.correct(
                pupil=pupil, **form.cleaned_data, by=cast(User, request.user), now=now
            )
            tasks.nudge()
            tasks.morning_soon()
            messages.success(request, _corrected(changed, told))
            return redirect("attendance:correct", pupil.code)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    status = 422 if form.errors else 200
    return render(request, "attendance/correct.html", {**_days(pupil, now), "form": form}, status=status)


def _corrected(changed: bool, told: bool) -> str:
    if not changed:
        return "La correzione era già registrata: niente è cambiato."
    said = "Correzione registrata: se il giorno era già addebitato, lo storno arriva tra pochi minuti."
    return f"{said} La famiglia e la scuola ricevono un'e-mail." if told else said


def _days(pupil: Pupil, now: dt.datetime) -> dict[str, Any]:
    days = list(each_day(now.date() - dt.timedelta(days=30), now.date()))
    found = verdicts.of_pupils(pupils=[pupil], days=days)
    return {
        "pupil": pupil,
        "days": [found[pupil.pk, day] for day in reversed(days) if found[pupil.pk, day].verdict],
        "sources": Absence.Source,
    }


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def nights_list(request: HttpRequest) -> HttpResponse:
    """The last nights, newest first, and who could not be charged."""
    now = clock.now()
    page = Paginator(nights.days(now), PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "attendance/nights.html",
        {
            "page": page,
            "rows": [nights.row(day, now) for day in page],
            "failures": nights.failures(),
            "overdue": nights.overdue(now),
        },
    )
