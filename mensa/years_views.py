"""The office's page for the change of school year."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from enrolments.errors import Refused
from enrolments.forms import CloseYearForm
from enrolments.models import SchoolYear
from identity.access import roles
from identity.models import Role, User
from mensa import clock, years


@roles(Role.OFFICE, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Who moves where and who leaves; the year's label typed by hand closes it. The auditor reads the same page."""
    year = years.to_close(clock.today())
    if year is None:
        return render(request, "mensa/years.html", _context())
    form = CloseYearForm(request.POST or None, year=year)
    if request.method == "POST" and form.is_valid():
        try:
            done = years.close(year=year, by=cast(User, request.user), now=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request,
                f"Anno {year} chiuso. Passano al {done.next_label}: {done.moving}. Finiscono il percorso: {done.leaving}.",
            )
            return redirect("mensa:years")
    context = _context() | {"year": year, "form": form, "preview": years.preview(year=year, now=clock.now())}
    return render(request, "mensa/years.html", context, status=422 if form.errors else 200)


def _context() -> dict[str, object]:
    return {
        "year": None,
        "credit": years.left_credit(clock.today()),
        "years": SchoolYear.objects.order_by("-valid_from"),
    }
