"""A parent: the diets of a child, a new request, who has seen the family's data."""

import datetime as dt
import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enrolments import diet_rules, diets, seen
from enrolments.diet_forms import RequestForm
from enrolments.errors import Refused
from enrolments.models import Diet, DietConfirmation, DietHold, DietRequest, Pupil
from enrolments.rules import documents
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@roles(Role.PARENT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def diets_of(request: HttpRequest, code: str) -> HttpResponse:
    """The child's diets as they stand, the requests and their answers, and the form of a new one."""
    user = cast(User, request.user)
    pupil = get_object_or_404(Pupil.objects.of_parent(user), code=code)
    form = RequestForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            diets.ask(pupil=pupil, asked=_asked(form), by=user, now=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Richiesta inviata: l'ufficio la valuta e ti avvisa per e-mail.")
            return redirect("enrolments:diets", code)
    page = {**_page(pupil, clock.now()), "form": form}
    return render(request, "enrolments/diets.html", page, status=422 if form.errors else 200)


def _asked(form: RequestForm) -> diets.Asked:
    data = form.cleaned_data
    file = data["certificate"]
    return diets.Asked(
        kind=data["kind"],
        reason=data["reason"],
        first_day=data["first_day"],
        last_day=data["last_day"],
        certificate=file.read(documents.LARGEST + 1) if file else b"",
        certificate_until=data["certificate_until"] if file else None,
    )


def _page(pupil: Pupil, now: dt.datetime) -> dict[str, Any]:
    today = now.date()
    return {
        "pupil": pupil,
        "today": today,
        "diets": Diet.objects.overlapping(today, dt.date.max).filter(pupil=pupil).order_by("valid_from"),
        "hold": DietHold.objects.on(today).filter(pupil=pupil).first(),
        "confirmation": DietConfirmation.objects.waiting().filter(pupil=pupil).first(),
        "requests": pupil.diet_requests.select_related("requested_by").order_by("-pk")[:20],
        "waiting": DietRequest.objects.waiting().filter(pupil=pupil).exists(),
        "rules": diet_rules.on(today),
    }


@roles(Role.PARENT)
@require_POST
def withdraw(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    user = cast(User, request.user)
    mine = get_object_or_404(DietRequest.objects.of_parent(user).select_related("pupil"), token=token)
    try:
        diets.withdraw(request=mine, by=user, now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Richiesta ritirata: puoi farne un'altra quando vuoi.")
    return redirect("enrolments:diets", mine.pupil.code)


@roles(Role.PARENT)
@never_cache
@require_safe
def who_has_seen(request: HttpRequest) -> HttpResponse:
    """Which office has opened the family's reserved data, and when."""
    views = seen.of_parent(user=cast(User, request.user))
    return render(request, "enrolments/seen.html", {"views": views, "limit": seen.LIMIT})
