"""The three-way check of the office: pupils counted, portions delivered, meals debited. The only page of the kitchen with euro."""

import datetime as dt
from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance import three_way
from attendance.rules import bars
from attendance.three_way import Line
from attendance.views.kitchen import csv_response
from enrolments.models import School
from identity.access import roles
from identity.models import Role
from identity.templatetags.pages import short_day
from mensa import clock
from wallets.csv_file import Cell

#: How many days with canteen a page shows.
DAYS = 10
HEADER = (
    "giorno",
    "plesso",
    "alunni contati",
    "docenti e altri",
    "porzioni ordinate",
    "porzioni consegnate",
    "differenza consegna",
    "pasti addebitati",
    "di cui esenti",
    "differenza addebito",
    "perché",
    "note",
    "addebitati euro",
)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Ten days up to a day (?al=2026-11-24), of all the schools or of one (?plesso=3)."""
    until, school = _until(request), _school(request)
    lines = _lines(until, school)
    days = sorted({line.day for line in lines})
    context = {
        "lines": lines,
        "schools": School.objects.order_by("name"),
        "school": school,
        "until": until,
        "older": days[0] - dt.timedelta(days=1) if days else None,
        "alarms": sum(line.alarm for line in lines),
        "chart": _chart(lines) if lines else None,
    }
    return render(request, "attendance/three_way.html", context)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    lines = _lines(_until(request), _school(request))
    return csv_response("riscontro-pasti", HEADER, [_cells(line) for line in lines])


def _lines(until: dt.date, school: School | None) -> list[Line]:
    days = three_way.days_with_sheets(until=until, number=DAYS)
    return three_way.of(days=days, schools=[school] if school else list(School.objects.all()))


def _cells(line: Line) -> tuple[Cell, ...]:
    debited = line.debited
    return (
        line.day,
        line.school.name,
        line.pupils,
        line.beyond,
        line.ordered,
        line.delivered.portions if line.delivered else None,
        line.delivery_gap,
        debited.count if debited else None,
        debited.exempt if debited else None,
        line.debit_gap,
        ", ".join(line.reasons),
        ", ".join(line.notes),
        debited.total if debited else None,
    )


def _chart(lines: list[Line]) -> bars.Bars:
    """Day by day, of all the schools shown: ordered, delivered, debited. A number that is missing for a school is missing."""
    ordered, delivered, debited = Counter[dt.date](), Counter[dt.date](), Counter[dt.date]()
    incomplete: set[tuple[str, dt.date]] = set()
    for line in lines:
        ordered[line.day] += line.ordered
        if line.delivered:
            delivered[line.day] += line.delivered.portions
        else:
            incomplete.add(("delivered", line.day))
        if line.debited:
            debited[line.day] += line.debited.count
        else:
            incomplete.add(("debited", line.day))
    return bars.draw(
        [
            (
                short_day(day)[4:],
                [
                    ordered[day],
                    None if ("delivered", day) in incomplete else delivered[day],
                    None if ("debited", day) in incomplete else debited[day],
                ],
            )
            for day in sorted(ordered)
        ]
    )


def _until(request: HttpRequest) -> dt.date:
    today = clock.today()
    try:
        return min(dt.date.fromisoformat(request.GET.get("al", "")), today)
    except ValueError:
        return today


def _school(request: HttpRequest) -> School | None:
    asked = request.GET.get("plesso", "")
    return School.objects.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 9 else None
