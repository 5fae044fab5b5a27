"""The office's page for the lists of applications: upload, look at the report, apply; what was loaded before."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enrolments import applications
from enrolments.errors import Refused
from enrolments.forms import ImportForm
from enrolments.models import ApplicationBatch
from enrolments.rules.columns import COLUMNS
from identity.access import roles
from identity.models import Role, User
from mensa import clock, intake

PER_PAGE = 20


@roles(Role.OFFICE, readers=(Role.AUDITOR,))
@never_cache
@require_http_methods(["GET", "POST"])
def lists(request: HttpRequest) -> HttpResponse:
    """The form, and the lists loaded so far. A file that cannot be read is refused beside its field."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            batch = _check(request, form)
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("mensa:intake_batch", batch.pk)
    rows = ApplicationBatch.objects.select_related("year", "uploaded_by").order_by("-uploaded_at", "-pk")
    page = Paginator(rows.defer("rows"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "mensa/intake.html",
        {"form": form, "page": page, "columns": COLUMNS},
        status=422 if form.errors else 200,
    )


def _check(request: HttpRequest, form: ImportForm) -> ApplicationBatch:
    upload = form.cleaned_data["file"]
    return intake.check(
        file=upload,
        name=upload.name,
        year=form.cleaned_data["year"],
        by=cast(User, request.user),
        now=clock.now(),
    )


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    row = get_object_or_404(ApplicationBatch.objects.select_related("year", "uploaded_by"), pk=batch_id)
    context = {
        "batch": row,
        "report": row.report,
        "is_checked": row.state == ApplicationBatch.State.CHECKED,
        "may_act": cast(User, request.user).role == Role.OFFICE,
        "applied": intake.outcome(row) if row.state == ApplicationBatch.State.APPLIED else None,
    }
    return render(request, "mensa/intake_batch.html", context)


@roles(Role.OFFICE)
@require_POST
def apply(request: HttpRequest, batch_id: int) -> HttpResponse:
    row = get_object_or_404(ApplicationBatch, pk=batch_id)
    try:
        loaded = intake.apply(batch=row, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, loaded.sentence)
    return redirect("mensa:intake_batch", row.pk)


@roles(Role.OFFICE)
@require_POST
def discard(request: HttpRequest, batch_id: int) -> HttpResponse:
    row = get_object_or_404(ApplicationBatch, pk=batch_id)
    try:
        applications.discard(batch=row, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.info(request, "Elenco scartato: non è stato scritto niente.")
    return redirect("mensa:intake")


@roles(Role.OFFICE)
@never_cache
@require_safe
def excluded(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The rows left out with what to mend, as a file that can be corrected and loaded again."""
    row = get_object_or_404(ApplicationBatch, pk=batch_id)
    response = HttpResponse(applications.excluded_csv(row), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="righe-escluse.csv"'
    return response
