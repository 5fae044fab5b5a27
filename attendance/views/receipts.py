"""The receipts of a parent's words: the family's list and printable page, and the public page that verifies one by its code."""

from typing import Any, cast

import segno
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance import absence_receipts
from attendance.forms import CodeForm
from attendance.models import AbsenceReceipt
from enrolments.models import Pupil
from identity import rate
from identity.access import public, roles
from identity.models import Role, User

PAGE = 30
#: A school that checks a pile of papers stays below it; who tries codes does not get far.
CHECKS_PER_MINUTE = 30


@roles(Role.PARENT)
@never_cache
@require_safe
def receipts(request: HttpRequest, code: str) -> HttpResponse:
    """Every word said for this child, newest first."""
    pupil = get_object_or_404(Pupil.objects.of_parent(cast(User, request.user)), code=code)
    rows = AbsenceReceipt.objects.filter(pupil=pupil).select_related("spoken_by").order_by("-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    last = absence_receipts.last_of(pupil_ids=[pupil.pk], days=[row.day for row in page])
    found = [(row, last[pupil.pk, row.day].pk == row.pk) for row in page]
    return render(request, "attendance/receipts.html", {"pupil": pupil, "page": page, "rows": found})


@roles(Role.PARENT, Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def receipt(request: HttpRequest, code: str, receipt_code: str) -> HttpResponse:
    """The page to print: the child's name is on it, so only the family and the office open it."""
    user = cast(User, request.user)
    pupils = Pupil.objects.of_parent(user) if user.role == Role.PARENT else Pupil.objects.all()
    rows = AbsenceReceipt.objects.filter(pupil__in=pupils, pupil__code=code)
    found = get_object_or_404(rows.select_related("pupil", "spoken_by", "pattern"), code=receipt_code)
    address = f"{settings.BASE_URL}{reverse('attendance:verify', args=[found.code])}"
    context = {
        **_standing(found),
        "address": address,
        "qr": segno.make(address, error="m", micro=False).svg_data_uri(border=1, omitsize=True),
    }
    return render(request, "attendance/receipt.html", context)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, receipt_code: str = "") -> HttpResponse:
    """For whoever holds a receipt: whether it is ours and whether it still holds. No name, no school, no number of a person."""
    if not rate.within(request, action="receipt", limit=CHECKS_PER_MINUTE):
        return render(request, "429.html", status=429)
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        return _look_up(request, form)
    found = absence_receipts.found(receipt_code) if receipt_code else None
    context: dict[str, Any] = {"form": form, "asked": receipt_code, "receipt": None}
    if found:
        context |= _standing(found)
    response = render(
        request, "attendance/verify.html", context, status=404 if receipt_code and not found else 200
    )
    response["X-Robots-Tag"] = "noindex"
    return response


def _look_up(request: HttpRequest, form: CodeForm) -> HttpResponse:
    if form.is_valid() and (found := absence_receipts.found(form.cleaned_data["code"])):
        return redirect("attendance:verify", found.code)
    if form.is_valid():
        form.add_error("code", "Nessuna ricevuta ha questo codice: controlla ogni carattere.")
    context = {"form": form, "asked": "", "receipt": None}
    return render(request, "attendance/verify.html", context, status=422)


def _standing(found: AbsenceReceipt) -> dict[str, Any]:
    return {
        "receipt": found,
        "standing": absence_receipts.standing(found),
        "intact": absence_receipts.is_intact(found),
    }
