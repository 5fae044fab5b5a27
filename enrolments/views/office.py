"""The office: requests to weigh, severe diets to confirm, certificates that end. Every opening of a request is logged."""

import datetime as dt
import uuid
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enrolments import certificates, diet_holds, diet_rules, diets, tasks
from enrolments.diet_forms import AcceptForm, RejectForm, RenewForm
from enrolments.diet_readers import READS_REASONS
from enrolments.errors import Refused
from enrolments.models import Diet, DietCertificate, DietConfirmation, DietRequest
from enrolments.models.diets import DietRequestQuerySet
from enrolments.rules import documents
from identity import audit
from identity.access import roles
from identity.models import Role, SensitiveKind, User
from mensa import clock

PER_PAGE = 25
LOCKED = "default-src 'none'; sandbox"
ONE_DAY = dt.timedelta(days=1)


@roles(*READS_REASONS)
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits: names and days, no reason. A reason is read one at a time, and written down."""
    decided = request.GET.get("vista") == "valutate"
    rows = DietRequest.objects.select_related("pupil", "decided_by")
    chosen = (
        rows.exclude(state=DietRequest.State.RECEIVED).order_by("-pk")
        if decided
        else rows.waiting().order_by("pk")
    )
    context = {
        "page": Paginator(chosen, PER_PAGE).get_page(request.GET.get("page")),
        "decided": decided,
        "confirmations": _confirmations(),
        "ending": _ending(clock.today()),
        "may_confirm": hasattr(request.user, "dietician"),
        "tomorrow": clock.today() + ONE_DAY,
    }
    return render(request, "enrolments/diet_inbox.html", context)


def _confirmations() -> list[DietConfirmation]:
    rows = DietConfirmation.objects.waiting().select_related("pupil", "dietician", "kitchen")
    return list(rows.order_by("first_day", "pk"))


def _ending(today: dt.date) -> list[Diet]:
    """Certificates that end within the days of the reminder, and those that have ended."""
    limit = today + diet_rules.on(today).reminder_days * ONE_DAY
    rows = Diet.objects.with_certificate(today).filter(certificate_until__lte=limit)
    return list(rows.select_related("pupil").defer("reason").order_by("certificate_until", "pk"))


@roles(*READS_REASONS)
@never_cache
@require_safe
def detail(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    return _detail(request, mine, AcceptForm(initial=_proposed(mine)), RejectForm())


def _rows() -> DietRequestQuerySet:
    return DietRequest.objects.select_related("pupil", "certificate", "requested_by", "decided_by")


def _proposed(mine: DietRequest) -> dict[str, Any]:
    return {
        "first_day": max(mine.first_day, clock.today() + ONE_DAY),
        "last_day": mine.last_day,
        "certificate_until": mine.certificate_until,
    }


def _detail(
    request: HttpRequest, mine: DietRequest, accepting: AcceptForm, rejecting: RejectForm, status: int = 200
) -> HttpResponse:
    """Whoever comes here reads why: it is written down before the page is drawn."""
    user = cast(User, request.user)
    audit.record_view(user=user, kind=SensitiveKind.DIET, subject=mine.pupil.code, now=clock.now())
    context = {
        "asked": mine,
        "certificate": getattr(mine, "certificate", None),
        "is_open": mine.state == DietRequest.State.RECEIVED,
        "accepting": accepting,
        "rejecting": rejecting,
        "codes": Diet.objects.order_by("code").values_list("code", flat=True).distinct(),
    }
    return render(request, "enrolments/diet_request.html", context, status=status)


@roles(Role.OFFICE)
@require_POST
def accept(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _detail(request, mine, form, RejectForm(), status=422)
    try:
        diets.accept(
            request=mine,
            decision=diets.Decision(**form.cleaned_data),
            by=cast(User, request.user),
            now=clock.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, mine, form, RejectForm(), status=422)
    tasks.nudge()
    messages.success(request, _accepted(form.cleaned_data["severe"]))
    return redirect("enrolments:diet_inbox")


def _accepted(severe: bool) -> str:
    if severe:
        return "Dieta accolta: il pasto resta sospeso finché dietista e cucina non hanno confermato."
    return "Dieta accolta: la cucina vede il codice dal primo giorno."


@roles(Role.OFFICE)
@require_POST
def reject(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _detail(request, mine, AcceptForm(initial=_proposed(mine)), form, status=422)
    try:
        diets.reject(
            request=mine, reason=form.cleaned_data["reason"], by=cast(User, request.user), now=clock.now()
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        tasks.nudge()
        messages.success(request, "Richiesta non accolta: la famiglia legge il motivo nel portale.")
    return redirect("enrolments:diet_inbox")


@roles(Role.OFFICE)
@require_POST
def confirm(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """The dietician's yes."""
    mine = get_object_or_404(DietConfirmation, token=token)
    now = clock.now()
    try:
        done = diet_holds.confirm_as_dietician(
            confirmation=mine, by=cast(User, request.user), now=now, today=now.date()
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, "Confermata." if done.released_at else "Confermata: manca ancora la cucina."
        )
    return redirect("enrolments:diet_inbox")


@roles(Role.OFFICE)
@require_POST
def renew(request: HttpRequest, diet_id: int) -> HttpResponse:
    """A new certificate brought on paper."""
    diet = get_object_or_404(Diet.objects.select_related("pupil"), pk=diet_id)
    form = RenewForm(request.POST)
    if not form.is_valid():
        for problems in form.errors.values():
            messages.error(request, " ".join(str(problem) for problem in problems))
        return redirect("enrolments:diet_inbox")
    try:
        diets.renew(diet=diet, **form.cleaned_data, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Nuova scadenza registrata per {diet.pupil}.")
    return redirect("enrolments:diet_inbox")


@roles(Role.PARENT, *READS_REASONS)
@never_cache
@require_safe
def certificate(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """The certificate as it was sent, deciphered for this one answer: a download, never a page of ours. Logged, unless it is
    the family itself that opens it."""
    user = cast(User, request.user)
    rows = DietRequest.objects.of_parent(user) if user.role == Role.PARENT else DietRequest.objects.all()
    paper = get_object_or_404(
        DietCertificate.objects.select_related("request__pupil").filter(request__in=rows),
        request__token=token,
    )
    if user.role != Role.PARENT:
        subject = paper.request.pupil.code
        audit.record_view(user=user, kind=SensitiveKind.CERTIFICATE, subject=subject, now=clock.now())
    return HttpResponse(
        certificates.read(paper),
        content_type=paper.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="certificato.{documents.EXTENSIONS[paper.content_type]}"',
            "Content-Security-Policy": LOCKED,
            "X-Content-Type-Options": "nosniff",
        },
    )
