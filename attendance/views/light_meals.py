"""A parent and the light meals of a child."""

import datetime as dt
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance import hours as adopted
from attendance import light_meals
from enrolments import diet_rules
from enrolments.errors import Refused
from enrolments.models import Diet, Pupil
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@roles(Role.PARENT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def light_meals_of(request: HttpRequest, code: str) -> HttpResponse:
    """The next days with a meal, each with its button. POST: `day`, and `undo` to go back to the usual menu."""
    pupil = get_object_or_404(Pupil.objects.of_parent(cast(User, request.user)), code=code)
    now = clock.now()
    if request.method == "POST":
        return _act(request, pupil, now)
    return render(
        request,
        "attendance/light_meals.html",
        {
            "pupil": pupil,
            "days": light_meals.coming(pupil=pupil, now=now),
            "hours": adopted.on(now.date()),
            "limit": diet_rules.on(now.date()).light_meal_days,
            "diet": Diet.objects.on(now.date()).filter(pupil=pupil).first(),
        },
    )


def _act(request: HttpRequest, pupil: Pupil, now: dt.datetime) -> HttpResponse:
    undo = "undo" in request.POST
    try:
        day = dt.date.fromisoformat(request.POST.get("day", ""))
        act = light_meals.withdraw if undo else light_meals.ask
        act(pupil=pupil, days=[day], by=cast(User, request.user), now=now)
    except ValueError:
        messages.error(request, "Scegli il giorno dall'elenco.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        said = "Menu di sempre" if undo else "Pasto in bianco"
        messages.success(request, f"{said} per {pupil.first_name}, {light_meals.named(day)}.")
    return redirect("attendance:light_meals", pupil.code)
