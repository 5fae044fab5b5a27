"""The kitchen's sheet of a day, to read and to print."""

import datetime as dt
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance import kitchen
from attendance.kitchen import SchoolSheet, Sheet
from enrolments.models import School
from identity.access import roles
from identity.models import Role, User
from mensa import clock

#: The forecast looks this far ahead.
HORIZON = dt.timedelta(days=14)


@roles(Role.KITCHEN, Role.OFFICE)
@never_cache
@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """Today, or a day to come (?giorno=2026-11-25) as a forecast."""
    now = clock.now()
    user = cast(User, request.user)
    schools = School.objects.of_staff(user) if user.role == Role.KITCHEN else School.objects.all()
    found = kitchen.sheet(day=_day(request, now.date()), schools=schools, now=now)
    return render(
        request,
        "attendance/kitchen.html",
        {
            "sheet": found,
            "schools": [_table(school, found) for school in found.schools],
            "today": now.date(),
            "tomorrow": _next_weekday(now.date()),
            "printed_at": now,
        },
    )


def _day(request: HttpRequest, today: dt.date) -> dt.date:
    try:
        asked = dt.date.fromisoformat(request.GET.get("giorno", ""))
    except ValueError:
        return today
    return asked if today - HORIZON <= asked <= today + HORIZON else today


def _next_weekday(today: dt.date) -> dt.date:
    following = today + dt.timedelta(days=1)
    while following.weekday() >= 5:
        following += dt.timedelta(days=1)
    return following


def _table(school: SchoolSheet, sheet: Sheet) -> dict[str, Any]:
    """The columns of a school's table: without diet, then each special diet of the day."""
    codes = [kitchen.ORDINARY, *sheet.diets]
    return {
        "school": school.school,
        "total": school.total,
        "numbers": [school.counts[code] for code in codes],
        "rows": [
            {"line": line, "numbers": [line.counts[code] for code in codes]}
            for line in school.lines
            if line.service.open or line.total
        ],
        "closed": [line for line in school.lines if not line.service.open],
    }
