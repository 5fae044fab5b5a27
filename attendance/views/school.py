"""The secretary's morning: the classes of today, the roll-call of one, late entries and early exits."""

import datetime as dt
from itertools import groupby
from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import passages, phases, registers, tasks
from attendance.errors import NobodyAbsent
from attendance.models import Passage
from attendance.registers import ClassToday, Form, Sheet
from attendance.school_forms import PassageForm, RollForm
from enrolments.errors import Refused
from enrolments.models import ClassGroup, Pupil, School
from identity.access import roles
from identity.models import Role, User
from mensa import clock

#: The page's script asks with this header and gets an address instead of a redirect, so that no message is lost on the way.
BY_SCRIPT = "X-Appello"


@roles(Role.SECRETARY, Role.AUDITOR)
@never_cache
@require_safe
def school(request: HttpRequest) -> HttpResponse:
    """Every class of the secretary's schools: to do, confirmed, or not confirmed after the deadline. The
    auditor reads the counts of every school, and goes no further: the roll-call has names."""
    now, user = clock.now(), cast(User, request.user)
    found = School.objects.all() if user.role == Role.AUDITOR else School.objects.of_staff(user)
    schools = list(found.order_by("name"))
    classes = registers.today(schools=schools, day=now.date(), now=now)
    standing = phases.of_schools([one.pk for one in schools], now.date())
    return render(
        request,
        "attendance/school.html",
        {
            "day": now.date(),
            "schools": [
                (where, standing[where.pk], list(rows))
                for where, rows in groupby(classes, key=lambda row: row.class_group.school)
            ],
            "numbers": _numbers(classes),
            "checked_at": now,
        },
    )


def _numbers(classes: list[ClassToday]) -> dict[str, int]:
    """How many classes stand where, and how many meals are expected."""
    states = [row.state for row in classes]
    return {
        "to_do": states.count(registers.State.TO_DO) + states.count(registers.State.OVERDUE),
        "overdue": states.count(registers.State.OVERDUE),
        "confirmed": states.count(registers.State.CONFIRMED),
        "optional": states.count(registers.State.OPTIONAL),
        "eating": sum(row.eating for row in classes),
        "announced": sum(row.announced for row in classes if row.service.open),
    }


@roles(Role.SECRETARY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, class_id: int, day: str) -> HttpResponse:
    """The roll-call of a class: ticked is absent."""
    group, when, now = own_class(request, class_id), _day(day), clock.now()
    sheet = registers.read(class_group=group, day=when)
    if request.method == "POST":
        return _confirm(request, sheet, now)
    return render(request, "attendance/register.html", _page(request, sheet, now))


def _confirm(request: HttpRequest, sheet: Sheet, now: dt.datetime) -> HttpResponse:
    form = RollForm(request.POST, pupil_ids=[line.pupil.pk for line in sheet.lines])
    here = reverse("attendance:register", args=[sheet.class_group.pk, sheet.day.isoformat()])
    if not form.is_valid():
        messages.error(request, "L'elenco è cambiato: controlla le assenze e conferma di nuovo.")
        return _go(request, here)
    data = form.cleaned_data
    try:
        registers.confirm(
            class_group=sheet.class_group,
            day=sheet.day,
            absent_pupils=data["absent"],
            by=cast(User, request.user),
            now=now,
            seen=data["seen"],
            form=Form(data["key"], data["turn"] or 0),
            sure=data["sure"],
        )
    except NobodyAbsent as question:
        messages.warning(request, str(question))
        return _go(request, f"{here}?tutti=1")
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _go(request, here)
    tasks.morning_soon()
    messages.success(request, f"Appello della {sheet.class_group.label} confermato: {_who(data['absent'])}.")
    return _go(request, reverse("attendance:school"))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Where to go next: a redirect, or its address for the page's script."""
    return JsonResponse({"go": address}) if BY_SCRIPT in request.headers else redirect(address)


def _who(absent: list[int]) -> str:
    return "nessun assente" if not absent else "un assente" if len(absent) == 1 else f"{len(absent)} assenti"


@roles(Role.SECRETARY)
@never_cache
@require_safe
def news(request: HttpRequest, class_id: int, day: str) -> HttpResponse:
    """What has changed since the page was opened: absences announced by the families, and who has confirmed. Ids only."""
    sheet = registers.read(class_group=own_class(request, class_id), day=_day(day))
    return JsonResponse(
        {
            "announced": [line.pupil.pk for line in sheet.lines if line.announced and not line.passages],
            "seen": registers.stamp(sheet.register),
            "key": sheet.register.form_key if sheet.register else "",
        }
    )


@roles(Role.SECRETARY)
@require_POST
def passage(request: HttpRequest, class_id: int, day: str) -> HttpResponse:
    """A late entry with a meal, or an early exit."""
    group, when, now = own_class(request, class_id), _day(day), clock.now()
    sheet = registers.read(class_group=group, day=when)
    form = PassageForm(request.POST, pupils=_choices(sheet), now=now)
    if not form.is_valid():
        page = {**_page(request, sheet, now), "passage_form": form}
        return render(request, "attendance/register.html", page, status=422)
    data = dict(form.cleaned_data)
    pupil = get_object_or_404(Pupil, pk=data.pop("pupil"))
    try:
        row = passages.record(
            pupil=pupil,
            class_group=group,
            day=when,
            kind=Passage.Kind(data.pop("kind")),
            by=cast(User, request.user),
            now=now,
            **data,
        )
        messages.success(request, f"Registrato: {pupil}, {row.get_kind_display()} alle {row.hour:%H:%M}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:register", group.pk, when.isoformat())


@roles(Role.SECRETARY)
@require_POST
def passage_undo(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Passage.objects.filter(class_group__school__in=School.objects.of_staff(cast(User, request.user)))
    row = get_object_or_404(rows, pk=pk)
    try:
        passages.undo(passage=row, by=cast(User, request.user), now=clock.now())
        messages.success(request, "Annullato: l'alunno resta presente, se non c'è spuntalo nell'appello.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:register", row.class_group_id, row.day.isoformat())


def own_class(request: HttpRequest, class_id: int) -> ClassGroup:
    """A class of the secretary's schools; any other does not exist."""
    schools = School.objects.of_staff(cast(User, request.user))
    return get_object_or_404(
        ClassGroup.objects.filter(school__in=schools).select_related("school"), pk=class_id
    )


def _page(request: HttpRequest, sheet: Sheet, now: dt.datetime) -> dict[str, Any]:
    may_confirm = sheet.may_confirm(now)
    return {
        "sheet": sheet,
        "group": sheet.class_group,
        "may_confirm": may_confirm,
        "is_today": sheet.day == now.date(),
        "stamp": registers.stamp(sheet.register),
        "key": str(uuid4()),
        "last_key": sheet.register.form_key if sheet.register else "",
        "standing": phases.of_school(sheet.class_group.school, sheet.day),
        "passages": [row for line in sheet.lines for row in line.passages],
        "passage_form": PassageForm(pupils=_choices(sheet), now=now),
        "may_move": sheet.service.open and sheet.day == now.date(),
        "asks_everybody": may_confirm and "tutti" in request.GET,
    }


def _choices(sheet: Sheet) -> list[tuple[int, str]]:
    return [(line.pupil.pk, str(line.pupil)) for line in sheet.lines if not line.suspended]


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
