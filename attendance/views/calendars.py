"""The office writes a year's calendar: the regional file, next year's draft."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance import regional, tasks, year_draft
from attendance.calendar_forms import CalendarFileForm, ProposalForm
from attendance.models import CalendarImport
from enrolments.errors import Refused
from enrolments.models import SchoolYear
from identity.access import roles
from identity.models import Role, User
from mensa import clock

PAGE = 20


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The form and the files loaded so far; the file is stored and shown, nothing of it is written yet."""
    form = CalendarFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = regional.check(
                data=form.cleaned_data["file"].read(),
                name=form.cleaned_data["file"].name,
                year=form.cleaned_data["year"],
                by=cast(User, request.user),
                now=clock.now(),
            )
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("attendance:calendar_import", row.pk)
    rows = CalendarImport.objects.select_related("year", "uploaded_by").defer("content")
    context = {"form": form, "rows": rows.order_by("-uploaded_at", "-pk")[:PAGE]}
    return render(request, "attendance/calendar_imports.html", context, status=422 if form.errors else 200)


@roles(Role.OFFICE)
@require_safe
def example(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(regional.example(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="calendario-regionale.csv"'
    return answer


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checked(request: HttpRequest, pk: int) -> HttpResponse:
    """The report of a file against the calendar as it is now; applied by the button, as often as one likes."""
    calendar = get_object_or_404(CalendarImport.objects.select_related("year", "uploaded_by"), pk=pk)
    if request.method == "POST":
        return _apply(request, calendar)
    context = {"calendar": calendar, "report": regional.report(calendar=calendar)}
    return render(request, "attendance/calendar_import.html", context)


def _apply(request: HttpRequest, calendar: CalendarImport) -> HttpResponse:
    try:
        written = regional.apply(calendar=calendar, by=cast(User, request.user), now=clock.now())
        tasks.nudge()
        messages.success(
            request, f"Calendario applicato: {written} voci nuove." if written else "Era già tutto scritto."
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:calendar_import", calendar.pk)


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest) -> HttpResponse:
    """Next year as this one would have it: the office ticks, corrects the dates, confirms."""
    year = _drafted_from(clock.today())
    if year is None:
        return render(request, "attendance/calendar_draft.html", {"year": None})
    found = year_draft.propose(year=year)
    data = request.POST if request.method == "POST" else None
    forms = [ProposalForm(data, proposal=one) for one in found.proposals if not one.known]
    problem = ""
    valid = [form.is_valid() for form in forms]  # every row says what is wrong with it
    if data is not None and all(valid):
        try:
            return _confirm(request, year, forms)
        except Refused as refusal:
            problem = str(refusal)
    context = {
        "year": year,
        "draft": found,
        "forms": forms,
        "known": [one for one in found.proposals if one.known],
        "problem": problem,
    }
    wrong = bool(problem) or any(form.errors for form in forms)
    return render(request, "attendance/calendar_draft.html", context, status=422 if wrong else 200)


def _confirm(request: HttpRequest, year: SchoolYear, forms: list[ProposalForm]) -> HttpResponse:
    chosen: list[Any] = [one for one in (form.chosen() for form in forms) if one]
    written = year_draft.confirm(year=year, chosen=chosen, by=cast(User, request.user), now=clock.now())
    tasks.nudge()
    messages.success(request, f"Calendario dell'anno prossimo: {written} voci scritte.")
    return redirect("attendance:calendar_draft")


def _drafted_from(today: Any) -> SchoolYear | None:
    """The year we are in; in summer, the last one that has begun."""
    return SchoolYear.objects.filter(valid_from__lte=today).order_by("-valid_from").first()
