"""A parent disputes a charged day; the office answers."""

import datetime as dt
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import disputes, evidence, tasks
from attendance.disputes import Disputable
from attendance.forms import DisputeForm
from attendance.models import Dispute
from enrolments.errors import Refused
from enrolments.models import Pupil
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from wallets.models import Wallet

PAGE = 20


@roles(Role.PARENT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """The charge with what is known of that day, and the form; once disputed, how it stands."""
    user, now = cast(User, request.user), clock.now()
    pupil = get_object_or_404(Pupil.objects.of_parent(user), code=code)
    asked: dict[str, Any] = {"pupil": pupil, "day": _day(day), "wallets": Wallet.objects.of_parent(user)}
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = disputes.open_dispute(**asked, words=form.cleaned_data["words"], by=user, now=now)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            tasks.tell_disputes_soon()
            messages.success(request, f"Contestazione {row.label} inviata: l'ufficio la esamina.")
            return redirect("attendance:dispute", pupil.code, day)
    context = {**_dispute_page(asked, now), "form": form}
    return render(request, "attendance/dispute.html", context, status=422 if form.errors else 200)


def _dispute_page(asked: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    row = disputes.latest(**asked)
    charge = disputes.standing_charge(**asked)
    if row is None and charge is None:
        raise Http404
    today = now.date()
    return {
        "pupil": asked["pupil"],
        "day": asked["day"],
        "dispute": row,
        "reversal": disputes.reversals([row]).get(row.pk) if row else None,
        "days_to_answer": (row.answer_by - today).days if row and row.is_open else None,
        "charge": charge,
        "days_left": charge.days_left(today) if charge else None,
        "may_open": _may_open(row, charge, today),
        "facts": _facts(asked, row, charge),
    }


def _may_open(row: Dispute | None, charge: Disputable | None, today: dt.date) -> bool:
    """A charge is disputed once, unless the parent has taken the dispute back."""
    if charge is None or charge.days_left(today) < 0:
        return False
    return row is None or row.state == Dispute.State.WITHDRAWN or row.revision != charge.charge.revision


def _facts(asked: dict[str, Any], row: Dispute | None, charge: Disputable | None) -> list[evidence.Fact]:
    if row and row.state != Dispute.State.WITHDRAWN:
        return cast(list[evidence.Fact], row.evidence)
    if charge is None:
        return []
    return evidence.gather(pupil=asked["pupil"], day=asked["day"], charge=charge.charge)


@roles(Role.PARENT)
@require_POST
def withdraw(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    user = cast(User, request.user)
    mine = Dispute.objects.filter(wallet__in=Wallet.objects.of_parent(user), pupil__code=code)
    row = get_object_or_404(mine, pk=pk)
    try:
        disputes.withdraw(dispute=row, by=user, now=clock.now())
        messages.success(request, f"Contestazione {row.label} ritirata: l'addebito resta.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:dispute", code, f"{row.day:%Y-%m-%d}")


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, the nearest deadline first; below, what was answered."""
    today = clock.today()
    page = Paginator(disputes.decided(), PAGE).get_page(request.GET.get("page"))
    reversals = disputes.reversals(page)
    return render(
        request,
        "attendance/disputes.html",
        {
            "waiting": [(row, (row.answer_by - today).days) for row in disputes.waiting()[:100]],
            "page": page,
            "decided": [(row, reversals.get(row.pk)) for row in page],
            "may_decide": cast(User, request.user).role == Role.OFFICE,
        },
    )


@roles(Role.OFFICE)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """One of two buttons, with the reason: it must be written to say no."""
    row = get_object_or_404(Dispute, pk=pk)
    act = disputes.accept if request.POST.get("esito") == "accolta" else disputes.reject
    try:
        answer = request.POST.get("answer", "")
        done = act(dispute=row, answer=answer, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        tasks.nudge()
        tasks.tell_disputes_soon()
        messages.success(
            request, f"Contestazione {done.label} {done.get_state_display()}: lo diciamo alla famiglia."
        )
    return redirect("attendance:disputes")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
