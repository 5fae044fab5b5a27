"""The school declares a strike, an assembly, a trip: classes, days, meal; the effect; done."""

import datetime as dt
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance import closures, school_days, tasks
from attendance.calendar_forms import SchoolDayForm
from attendance.models import ClosureNotice
from enrolments.errors import Refused
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@roles(Role.SECRETARY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def school_days_page(request: HttpRequest) -> HttpResponse:
    """The form, what it would do, and what was declared lately, here and by the office."""
    now, user = clock.now(), cast(User, request.user)
    initial = {"first_day": request.GET.get("giorno")}
    form = SchoolDayForm(request.POST or None, user=user, day=now.date(), initial=initial)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("step") == "declare":
                return _declare(request, form.asked(), user, now)
            context["effect"] = school_days.preview(asked=form.asked(), by=user, now=now)
            context["asked"] = form.asked()
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context["declared"] = [(one, _who(one)) for one in school_days.declared(by=user, now=now)]
    office = school_days.by_the_office(by=user, now=now)
    context["by_the_office"] = [(row, closures.scope_words(row)) for row in office]
    status = 422 if request.method == "POST" and form.errors else 200
    return render(request, "attendance/school_days.html", context, status=status)


def _declare(request: HttpRequest, asked: school_days.Asked, user: User, now: dt.datetime) -> HttpResponse:
    school_days.declare(asked=asked, by=user, now=now)
    tasks.nudge()
    tasks.tell_of_closures_soon()
    messages.success(
        request, "Dichiarato. Le famiglie e il gestore ricevono un'e-mail: nessuno deve fare altro."
    )
    return redirect("attendance:school_days")


@roles(Role.SECRETARY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def school_day_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Taken back as long as the kitchen has not sealed its sheet; first the page says what comes back."""
    now, user = clock.now(), cast(User, request.user)
    notice = get_object_or_404(school_days.of_schools(user), pk=pk)
    one = school_days.declared_one(notice, now)
    if request.method == "POST":
        return _undo(request, notice, user, now)
    context: dict[str, Any] = {"one": one, "who": _who(one)}
    if one.may_undo:
        standing = [row for row in one.closures if row.revoked_at is None]
        effect = closures.preview_revocation(closures=standing, now=now)
        context["days"], context["meals"] = effect.days, effect.meals
    return render(request, "attendance/school_day_undo.html", context)


def _undo(request: HttpRequest, notice: ClosureNotice, user: User, now: dt.datetime) -> HttpResponse:
    try:
        school_days.withdraw(notice=notice, by=user, now=now)
        tasks.nudge()
        tasks.tell_of_closures_soon()
        messages.success(
            request, "Annullato: la mensa c'è di nuovo, e chi era stato avvisato riceve un'e-mail."
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:school_days")


def _who(one: school_days.Declared) -> str:
    return "; ".join(closures.scope_words(row) for row in one.closures)
