"""The secretary's other tools: the sheet on paper, the meals of the staff, the list of an electronic register."""

import datetime as dt
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import electronic, extras, registers, tasks
from attendance.extras import AHEAD, ClassExtras
from attendance.models import ExtraMeal, RegisterImport
from attendance.school_forms import AbsenceListForm, ExtrasForm
from enrolments import sheets
from enrolments.errors import Refused
from enrolments.models import ClassGroup, School
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@roles(Role.SECRETARY)
@never_cache
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The roll-call to print: every class of the secretary's schools that eats on the day, or one (?classe=12)."""
    day = _day(request)
    groups = ClassGroup.objects.filter(
        school__in=_schools(request), year__valid_from__lte=day, year__valid_to__gte=day
    )
    if (asked := request.GET.get("classe", "")).isdecimal() and len(asked) < 10:
        groups = groups.filter(pk=int(asked))
    ordered = list(groups.select_related("school").order_by("school__name", "grade", "section"))
    found = registers.read_many(groups=ordered, day=day)
    return render(
        request,
        "attendance/paper.html",
        {
            "sheets": [sheet for sheet in found if sheet.lines and sheet.service.open],
            "day": day,
            "now": clock.now(),
        },
    )


@roles(Role.SECRETARY, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def extra_meals(request: HttpRequest) -> HttpResponse:
    """The meals of teachers, support teachers and children not enrolled, class by class. The auditor reads the numbers."""
    now, day = clock.now(), _day(request)
    rows = extras.of_day(schools=_schools(request), day=day, now=now)
    forms = [(row, _extras_form(request, row)) for row in rows]
    status = 200
    if request.method == "POST" and all(form.is_valid() for _, form in forms):
        changed, refusals = _declare(request, forms, day, now)
        for sentence in refusals:
            messages.error(request, sentence)
        if changed or not refusals:
            messages.success(
                request,
                "Pasti registrati: la cucina li vede." if changed else "Niente da cambiare: era già così.",
            )
        return redirect(f"{reverse('attendance:extra_meals')}?giorno={day.isoformat()}")
    if request.method == "POST":
        status = 422
    context = {"forms": forms, "day": day, "today": now.date(), "hours": extras.rules_of(day)}
    return render(request, "attendance/extra_meals.html", context, status=status)


def _extras_form(request: HttpRequest, row: ClassExtras) -> ExtrasForm:
    initial = {"staff": row.staff, "support": row.support, "unenrolled": row.unenrolled, "note": row.note}
    data = request.POST if request.method == "POST" else None
    return ExtrasForm(data, prefix=f"c{row.class_group.pk}", initial=initial)


def _declare(
    request: HttpRequest, forms: list[tuple[ClassExtras, ExtrasForm]], day: dt.date, now: dt.datetime
) -> tuple[int, list[str]]:
    changed, refusals = 0, []
    for row, form in forms:
        for kind, count in form.counts().items():
            note = form.cleaned_data["note"] if kind == ExtraMeal.Kind.UNENROLLED else ""
            try:
                changed += extras.declare(
                    class_group=row.class_group,
                    day=day,
                    kind=ExtraMeal.Kind(kind),
                    count=count,
                    note=note,
                    by=cast(User, request.user),
                    now=now,
                )
            except Refused as refusal:
                refusals.append(f"Classe {row.class_group.label}: {refusal}")
    return changed, refusals


@roles(Role.SECRETARY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def list_new(request: HttpRequest) -> HttpResponse:
    """Upload the absences of today out of an electronic register: they are checked, nothing is registered yet."""
    form = AbsenceListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            batch = electronic.check(
                data=upload.read(sheets.MAX_BYTES + 1),
                name=upload.name,
                schools=_schools(request),
                by=cast(User, request.user),
                now=clock.now(),
            )
            return redirect("attendance:absence_list", batch.pk)
        except Refused as refusal:
            form.add_error("file", str(refusal))
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/absence_list_new.html", {"form": form}, status=status)


@roles(Role.SECRETARY)
@never_cache
@require_safe
def list_checked(request: HttpRequest, pk: int) -> HttpResponse:
    """What the file would do, row by row and class by class; after it has been registered, what it has done."""
    batch, now = _own_list(request, pk), clock.now()
    context: dict[str, Any] = {"batch": batch, "applied": batch.state == RegisterImport.State.APPLIED}
    rows = electronic.rows(batch=batch, schools=_schools(request), now=now)
    context["rows"] = rows
    context["unnamed"] = [row for row in rows if row.absent is None and row.today.register is None]
    context["errors"] = sum(problem["error"] for problem in batch.problems)
    context["absent"] = sum(len(asked["pupils"]) for asked in batch.absent.values())
    context["is_today"] = batch.day == now.date()
    return render(request, "attendance/absence_list.html", context)


@roles(Role.SECRETARY)
@require_POST
def list_apply(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _own_list(request, pk)
    try:
        done = electronic.apply(
            batch=batch,
            schools=_schools(request),
            whole="whole" in request.POST,
            by=cast(User, request.user),
            now=clock.now(),
        )
        tasks.morning_soon()
        confirmed = sum(bool(row["done"]) for row in done.outcome)
        words = "classe confermata" if confirmed == 1 else "classi confermate"
        messages.success(request, f"Elenco registrato: {confirmed} {words}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:absence_list", batch.pk)


def _own_list(request: HttpRequest, pk: int) -> RegisterImport:
    """A list is seen by who has uploaded it."""
    return get_object_or_404(RegisterImport, pk=pk, uploaded_by=cast(User, request.user))


def _schools(request: HttpRequest) -> list[School]:
    """The secretary's own; the auditor's are all."""
    user = cast(User, request.user)
    found = School.objects.all() if user.role == Role.AUDITOR else School.objects.of_staff(user)
    return list(found.order_by("name"))


def _day(request: HttpRequest) -> dt.date:
    """The day asked for (?giorno=2026-11-25), within a fortnight; else today."""
    today = clock.today()
    try:
        asked = dt.date.fromisoformat(request.GET.get("giorno", ""))
    except ValueError:
        return today
    return asked if today - AHEAD <= asked <= today + AHEAD else today
