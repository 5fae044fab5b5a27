"""The secretary's morning: the classes of today, the roll-call of one."""

import datetime as dt
from itertools import groupby
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance import registers
from attendance.forms import RegisterForm
from attendance.registers import Sheet
from enrolments.errors import Refused
from enrolments.models import ClassGroup, School
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@roles(Role.SECRETARY)
@never_cache
@require_safe
def school(request: HttpRequest) -> HttpResponse:
    """Every class of the secretary's schools: to do, confirmed, or not confirmed after the deadline."""
    now = clock.now()
    schools = School.objects.of_staff(cast(User, request.user))
    classes = registers.today(schools=schools, day=now.date(), now=now)
    return render(
        request,
        "attendance/school.html",
        {
            "day": now.date(),
            "schools": [
                (where, list(rows))
                for where, rows in groupby(classes, key=lambda row: row.class_group.school)
            ],
            "to_do": sum(row.state in {"to_do", "overdue"} for row in classes),
            "overdue": sum(row.state == "overdue" for row in classes),
            "confirmed": sum(row.state == "confirmed" for row in classes),
        },
    )


@roles(Role.SECRETARY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, class_id: int, day: str) -> HttpResponse:
    """The roll-call of a class: ticked is absent."""
    group = get_object_or_404(
        ClassGroup.objects.filter(
            school__in=School.objects.of_staff(cast(User, request.user))
        ).select_related("school"),
        pk=class_id,
    )
    when, now = _day(day), clock.now()
    sheet = registers.read(class_group=group, day=when)
    if request.method == "POST":
        return _confirm(request, sheet, now)
    return render(request, "attendance/register.html", _page(sheet, now))


def _confirm(request: HttpRequest, sheet: Sheet, now: dt.datetime) -> HttpResponse:
    form = RegisterForm(request.POST, pupil_ids=[line.pupil.pk for line in sheet.lines])
    if not form.is_valid():
        messages.error(request, "L'elenco è cambiato: controlla le assenze e conferma di nuovo.")
        return redirect("attendance:register", sheet.class_group.pk, sheet.day.isoformat())
    try:
        registers.confirm(
            class_group=sheet.class_group,
            day=sheet.day,
            absent_pupils=form.cleaned_data["absent"],
            by=cast(User, request.user),
            now=now,
            seen=form.cleaned_data["seen"],
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("attendance:register", sheet.class_group.pk, sheet.day.isoformat())
    absent = len(form.cleaned_data["absent"])
    who = "nessun assente" if not absent else "un assente" if absent == 1 else f"{absent} assenti"
    messages.success(request, f"Appello della {sheet.class_group.label} confermato: {who}.")
    return redirect("attendance:school")


def _page(sheet: Sheet, now: dt.datetime) -> dict[str, Any]:
    return {
        "sheet": sheet,
        "group": sheet.class_group,
        "may_confirm": sheet.may_confirm(now),
        "is_today": sheet.day == now.date(),
        "stamp": registers.stamp(sheet.register),
    }


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
