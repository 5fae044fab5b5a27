"""The kitchen's pages for who signs in: the sheet of a day, who has seen it, what was delivered, what is to come."""

import datetime as dt
from collections.abc import Iterable
from typing import cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import (
    acknowledging,
    deliveries,
    forecast,
    held_meals,
    kitchen_day,
    sealing,
    sheet_page,
    sheet_pdf,
)
from attendance.kitchen_forms import DeliveryForm, SeenForm
from attendance.models import KitchenSheet
from enrolments.diet_readers import reads_codes
from enrolments.errors import Refused
from enrolments.models import School
from identity.access import roles
from identity.models import Role, User
from identity.pdf import PdfUnavailable
from mensa import clock
from wallets import csv_file

#: How far back and ahead a day can be asked for.
HORIZON = dt.timedelta(days=60)


@roles(Role.KITCHEN, Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """Today, a day gone by or a day to come (?giorno=2026-11-25)."""
    now, schools, diets = clock.now(), _schools(request), reads_codes(cast(User, request.user))
    asked = _day(request, now.date())
    following = forecast.next_days(after=now.date(), schools=schools)
    return render(
        request,
        "attendance/kitchen.html",
        {
            "day": kitchen_day.of(day=asked, schools=schools, now=now, diets=diets),
            "diets": diets,
            "missing": sealing.missing(now=now, schools=schools) if asked == now.date() else [],
            "is_today": asked == now.date(),
            "is_forecast": asked > now.date(),
            "following": following[0] if following else None,
            "held": held_meals.of_day(day=asked, schools=schools) if diets else [],
            "printed_at": now,
        },
    )


@roles(Role.KITCHEN, Role.OFFICE)
@require_POST
def acknowledge(request: HttpRequest) -> HttpResponse:
    """ "Ho preso visione": of the sheets that were on the page, and of no other."""
    form = SeenForm(request.POST)
    rows = KitchenSheet.objects.filter(pk__in=form.sheets(), school__in=_schools(request), day=clock.today())
    name = form.cleaned_data["name"] if form.is_valid() else ""
    new = acknowledging.acknowledge(sheets=rows, by=cast(User, request.user), name=name, now=clock.now())
    messages.success(request, seen_words(new))
    return redirect("attendance:kitchen")


def seen_words(new: int) -> str:
    if not new:
        return "La presa visione era già registrata: niente è cambiato."
    return f"Presa visione registrata per {new} {'foglio' if new == 1 else 'fogli'}."


@roles(Role.KITCHEN, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """A sealed sheet as PDF."""
    rows = KitchenSheet.objects.select_related("school", "year").filter(school__in=_schools(request))
    diets = reads_codes(cast(User, request.user))
    return pdf_response(request, [get_object_or_404(rows, pk=pk)], diets=diets)


def pdf_response(request: HttpRequest, sheets: Iterable[KitchenSheet], *, diets: bool) -> HttpResponse:
    sheets = list(sheets)
    try:
        document = sheet_pdf.render(sheets, diets=diets)
    except PdfUnavailable as missing:
        return render(request, "attendance/no_pdf.html", {"why": str(missing)}, status=503)
    name = f"foglio-cucina-{sheets[0].day:%Y-%m-%d}-{sheets[0].number}.pdf"
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"', "X-Robots-Tag": "noindex"},
    )


@roles(Role.KITCHEN, Role.SECRETARY, Role.OFFICE, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delivered(request: HttpRequest) -> HttpResponse:
    """The portions that reached each school, on a day (?giorno=...): who delivers or who receives writes them."""
    now = clock.now()
    asked = _day(request, now.date())
    failed: DeliveryForm | None = None
    if request.method == "POST":
        form = DeliveryForm(request.POST)
        if write_delivery(request, form, _schools(request), asked, by=cast(User, request.user)):
            return redirect(f"{request.path}?giorno={asked:%Y-%m-%d}")
        failed = form
    day = kitchen_day.of(day=asked, schools=_schools(request), now=now, diets=False)
    return render(
        request,
        "attendance/deliveries.html",
        {
            "rows": [one for one in day.schools if one.sealed],
            "asked": asked,
            "today": now.date(),
            "failed": failed,
        },
        status=422 if failed else 200,
    )


def write_delivery(
    request: HttpRequest,
    form: DeliveryForm,
    schools: Iterable[School],
    day: dt.date,
    **who: object,
) -> bool:
    """Whether the number was written; if not, the form says why. A school of others does not exist."""
    if not form.is_valid():
        return False
    school = get_object_or_404(
        School, pk__in=[one.pk for one in schools if one.pk == form.cleaned_data["school"]]
    )
    try:
        deliveries.record(
            school=school,
            day=day,
            portions=form.cleaned_data["portions"],
            note=form.cleaned_data["note"],
            today=clock.today(),
            now=clock.now(),
            **who,  # type: ignore[arg-type]
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    number = form.cleaned_data["portions"]
    words = "porzione consegnata" if number == 1 else "porzioni consegnate"
    messages.success(request, f"{school.name}: {number} {words}.")
    return True


@roles(Role.KITCHEN, Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def ahead(request: HttpRequest) -> HttpResponse:
    """The forecast of the next ten service days."""
    found = forecast.of(after=clock.today(), schools=_schools(request))
    diets = reads_codes(cast(User, request.user))
    tables = [_columns(one, diets) for one in found]
    return render(request, "attendance/forecast.html", {"schools": tables, "diets": diets})


@roles(Role.KITCHEN, Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def ahead_csv(request: HttpRequest) -> HttpResponse:
    """One line per day, school and diet; per day and school for who reads no diet."""
    found = forecast.of(after=clock.today(), schools=_schools(request))
    days = [(one.school.name, day) for one in found for day in one.days]
    if not reads_codes(cast(User, request.user)):
        plain = [(day.day, school, day.pupils) for school, day in days]
        return csv_response("previsione-pasti", ("giorno", "plesso", "porzioni"), plain)
    rows = [
        (day.day, school, code or "senza dieta", number)
        for school, day in days
        for code, number in sorted(day.counts.items())
    ]
    return csv_response("previsione-pasti", ("giorno", "plesso", "dieta", "porzioni"), rows)


def csv_response(
    name: str, header: tuple[str, ...], rows: Iterable[tuple[csv_file.Cell, ...]]
) -> HttpResponse:
    return HttpResponse(
        csv_file.render(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-{clock.today():%Y-%m-%d}.csv"'},
    )


def _columns(one: forecast.SchoolForecast, diets: bool) -> dict[str, object]:
    """The columns of a school's table: the diets of those days and, if there are any, packed lunches and grown-ups."""
    codes = ["", *one.diets] if diets else []
    others = [
        (name, field)
        for name, field in (("al sacco", "packed"), ("docenti e altri", "beyond"))
        if any(getattr(day, field) for day in one.days)
    ]
    columns = [*(code or sheet_page.NO_DIET for code in codes), *(name for name, _ in others)]
    rows = []
    for day in one.days:
        numbers = [*(day.counts[code] for code in codes), *(getattr(day, field) for _, field in others)]
        cells = [sheet_page.Cell(*pair) for pair in zip(columns, numbers, strict=True)]
        rows.append({"day": day, "cells": cells})
    return {"school": one.school, "columns": columns, "rows": rows}


def _schools(request: HttpRequest) -> QuerySet[School]:
    """The kitchen and the secretary see their own; who works with everybody's data sees all."""
    user = cast(User, request.user)
    if user.role in {Role.KITCHEN, Role.SECRETARY}:
        return School.objects.of_staff(user)
    return School.objects.all()


def _day(request: HttpRequest, today: dt.date) -> dt.date:
    try:
        asked = dt.date.fromisoformat(request.GET.get("giorno", ""))
    except ValueError:
        return today
    return asked if today - HORIZON <= asked <= today + HORIZON else today
