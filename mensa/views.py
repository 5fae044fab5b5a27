"""Home per role, the family's page, the office's page, help and health."""

from typing import cast

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance import phases
from identity.access import public, roles
from identity.models import Role, User
from mensa import clock, dashboard, office_numbers
from mensa.context import page_of

HOMES = {
    Role.PARENT: "mensa:family",
    Role.SECRETARY: "attendance:school",
    Role.KITCHEN: "attendance:kitchen",
    Role.OFFICE: "mensa:office",
    Role.ACCOUNTS: "mensa:office",
    Role.AUDITOR: "mensa:office",
}


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(HOMES[Role(request.user.role)])
    return render(request, "mensa/home.html")


@public
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "mensa/help.html", {"rules": dashboard.hours_on(clock.today())})


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "mensa/privacy.html")


@public
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "mensa/accessibility.html")


@public
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database and the cache answer, 503 when one does not. Says nothing else to the outside."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        cache.set("health", "ok", 5)
    except (DatabaseError, OSError):
        return JsonResponse({"stato": "fermo"}, status=503)
    return JsonResponse({"stato": "ok"})


@roles(Role.PARENT)
@never_cache
@require_safe
def family(request: HttpRequest) -> HttpResponse:
    families = dashboard.families(cast(User, request.user), now=clock.now())
    if not families:
        return redirect("identity:unknown")
    codes = {child.code for one in families for child in one.children}
    changes = phases.news_for(pupil_codes=codes, day=clock.today())
    return render(request, "mensa/family.html", {"families": families, "changes": changes})


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def office(request: HttpRequest) -> HttpResponse:
    rows = [
        (number, _link(request, number.page))
        for number in office_numbers.at(clock.now(), outside=clock.outside_now())
    ]
    alarms = [row for row in rows if row[0].alarm]
    numbers = [row for row in rows if not row[0].alarm]
    return render(request, "mensa/office.html", {"alarms": alarms, "numbers": numbers})


def _link(request: HttpRequest, name: str) -> str:
    """The address of a tool, empty for a role that its view would refuse."""
    url, allowed = page_of(name)
    return url if cast(User, request.user).role in allowed else ""
