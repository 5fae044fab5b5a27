"""The office's page of the books: the last check, what does not tally, a button to check now."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.access import roles
from identity.models import Role
from mensa import books, clock


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "mensa/books.html", {"outcome": books.last(), "checks": books.all_checks()})


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    outcome = books.check(now=clock.now())
    if outcome.findings:
        messages.error(request, "Qualcosa non torna: l'elenco è qui sotto.")
    else:
        messages.success(request, f"I conti tornano: {outcome.checks} controlli, nessun caso.")
    return redirect("mensa:books")
