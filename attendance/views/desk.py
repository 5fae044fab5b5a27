"""The office's desk: conflicts between family and school with their evidence, and children who eat without being enrolled."""

import datetime as dt
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from attendance import conflicts, extras, tasks
from attendance.models import ExtraMeal, Letter
from attendance.phase_forms import DecisionForm
from enrolments.errors import Refused
from enrolments.models import Pupil
from identity.access import roles
from identity.models import Role, User
from mensa import clock

#: Late notices older than this are past history.
LATELY = dt.timedelta(days=14)


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Each conflict with who said what and when; one click decides it and both sides are told."""
    today = clock.today()
    return render(
        request,
        "attendance/desk.html",
        {
            "conflicts": conflicts.desk(today=today),
            "late": conflicts.late_notices(today=today, since=today - LATELY),
            "unsent": Letter.objects.filter(state=Letter.State.GIVEN_UP, day__gte=today - LATELY).count(),
        },
    )


@roles(Role.OFFICE)
@require_POST
def decide(request: HttpRequest, code: str, day: str) -> HttpResponse:
    pupil, when = get_object_or_404(Pupil, code=code), _day(day)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, "Scegli se l'alunno c'era o non c'era; il motivo è al massimo di 170 caratteri."
        )
        return redirect("attendance:desk")
    try:
        changed = conflicts.resolve(
            pupil=pupil, day=when, **form.cleaned_data, by=cast(User, request.user), now=clock.now()
        )
        tasks.nudge()
        tasks.morning_soon()
        messages.success(request, _decided(changed, form.cleaned_data["absent"]))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:desk")


def _decided(changed: bool, absent: bool) -> str:
    if not changed:
        return "Era già deciso così: nessuno viene avvisato di nuovo."
    what = "assente, il pasto non si paga" if absent else "presente, il pasto si paga"
    return f"Deciso: {what}. La famiglia e la scuola ricevono un'e-mail."


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def unenrolled(request: HttpRequest) -> HttpResponse:
    """Children who have eaten without being enrolled, as the schools have declared them."""
    return render(request, "attendance/unenrolled.html", {"rows": extras.to_regularise()})


@roles(Role.OFFICE)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    meal = get_object_or_404(ExtraMeal, pk=pk, kind=ExtraMeal.Kind.UNENROLLED)
    if extras.settle(meal=meal, by=cast(User, request.user), now=clock.now()):
        messages.success(request, "Caso chiuso: non compare più nell'elenco.")
    else:
        messages.info(request, "Il caso era già chiuso.")
    return redirect("attendance:unenrolled")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
