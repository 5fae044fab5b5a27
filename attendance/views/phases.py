"""The office plans who records absences, school by school, with the share of families that have already signed in."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance import hours as adopted
from attendance import letters, phases, readiness, tasks
from attendance.models import Letter, SchoolPhase
from attendance.phase_forms import PhaseForm
from attendance.rules import phase_words
from attendance.rules.verdict import Phase
from enrolments.errors import Refused
from enrolments.models import School
from identity.access import roles
from identity.models import Role
from mensa import clock

#: Families that have marked an absence in these days are counted as used to it.
LATELY = dt.timedelta(days=30)


@roles(Role.OFFICE, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """Where each school stands, how ready its families are, what is planned; and the form that plans a change."""
    now = clock.now()
    form = PhaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = phases.plan(
                school=data["school"],
                phase=Phase(data["phase"]),
                from_day=data["from_day"],
                act=data["act"],
                now=now,
            )
            tasks.nudge()
            tasks.morning_soon()
            messages.success(
                request, f"Pianificato: {row.school}, fase {row.phase} dal {row.valid_from:%d/%m/%Y}."
            )
            return redirect("attendance:phases")
        except Refused as refusal:
            form.add_error("from_day", str(refusal))
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/phases.html", {"form": form, **_page(now.date())}, status=status)


@roles(Role.OFFICE)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SchoolPhase.objects.select_related("school"), pk=pk)
    try:
        phases.cancel(row=row, now=clock.now())
        tasks.nudge()
        tasks.morning_soon()
        messages.success(
            request,
            "Cambio annullato: resta la fase di prima. Chi era stato avvisato riceve una nuova e-mail.",
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:phases")


def _page(today: dt.date) -> dict[str, Any]:
    schools = list(School.objects.filter(classes__isnull=False).distinct().order_by("name"))
    ids = [school.pk for school in schools]
    standing = phases.of_schools(ids, today)
    ready = readiness.of_schools(ids, today, since=today - LATELY)
    planned = SchoolPhase.objects.filter(valid_from__gt=today).select_related("school").order_by("valid_from")
    told = _told(list(planned))
    return {
        "rows": [
            {"school": school, "standing": standing[school.pk], "ready": ready[school.pk]}
            for school in schools
        ],
        "planned": [{"row": row, "told": told[row.pk]} for row in planned],
        "silent": letters.without_secretary(schools),
        "phases": [(phase.value, phase_words.SCHOOL[phase], phase_words.FAMILY[phase]) for phase in Phase],
        "hours": adopted.on(today),
        "goal": readiness.READY,
        "today": today,
    }


def _told(planned: list[SchoolPhase]) -> dict[int, int]:
    """Planned change -> how many families have had the mail."""
    causes = {row.pk: (phases.cause_of(row, 1), phases.cause_of(row, 2)) for row in planned}
    sent = Letter.objects.filter(kind=Letter.Kind.PHASE, state=Letter.State.SENT)
    known = list(sent.values_list("cause", flat=True)) if planned else []
    return {pk: sum(one.startswith(cause) for one in known) for pk, cause in causes.items()}
