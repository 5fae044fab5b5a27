"""Paying: the parent chooses, goes to the pagoPA page, comes back. Whoever comes back changes nothing: receipts decide."""

import uuid
from typing import cast

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enrolments.models import Household
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from payments import checkout, notices, top_ups
from payments.errors import PaymentRefused
from payments.forms import PayForm
from payments.models import CheckoutAttempt, Notice

RECENT = 10


def _household(request: HttpRequest, code: str) -> Household:
    own = Household.objects.of_parent(cast(User, request.user)).select_related("wallet", "applicant")
    return get_object_or_404(own, code=code)


def _attempt(request: HttpRequest, token: uuid.UUID) -> CheckoutAttempt:
    own = CheckoutAttempt.objects.of_parent(cast(User, request.user)).select_related("household__wallet")
    chosen = Prefetch("notices", notices.with_outcome(Notice.objects.order_by("pk")))
    return get_object_or_404(own.prefetch_related(chosen), token=token)


@roles(Role.PARENT)
@never_cache
@require_safe
def pay(request: HttpRequest, code: str) -> HttpResponse:
    household = _household(request, code)
    rules = notices.rules_on(clock.today())
    wanted = {"top_up": request.GET.get("ricarica", ""), "notices": request.GET.getlist("avviso")}
    return _pay_page(request, household, PayForm(household=household, rules=rules, initial=wanted))


def _pay_page(request: HttpRequest, household: Household, form: PayForm, status: int = 200) -> HttpResponse:
    today = clock.today()
    attempts = household.checkout_attempts.exclude(state=CheckoutAttempt.State.UNREACHABLE)
    context = {
        "household": household,
        "form": form,
        "suggestions": top_ups.suggestions(household, day=today, rules=notices.rules_on(today)),
        "attempts": attempts.prefetch_related("notices").order_by("-pk")[:RECENT],
        "open_notices": Notice.objects.payable()
        .for_children()
        .filter(wallet__household=household)
        .select_related("pupil")
        .order_by("due_date", "pk"),
        "paid_notices": notices.with_outcome(Notice.objects.filter(wallet__household=household))
        .filter(Q(attested=True) | Q(taken_back=True))
        .select_related("pupil")
        .order_by("-paid_at")[:RECENT],
    }
    return render(request, "payments/pay.html", context, status=status)


@roles(Role.PARENT)
@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    household = _household(request, code)
    form = PayForm(request.POST, household=household, rules=notices.rules_on(clock.today()))
    if not form.is_valid():
        return _pay_page(request, household, form, status=422)
    chosen = form.cleaned_data
    items = checkout.Items(notices=list(chosen["notices"]), top_up=chosen["top_up"])
    try:
        attempt = checkout.start(
            household=household,
            items=items,
            form_key=chosen["form_key"],
            by=cast(User, request.user),
            now=clock.now(),
        )
    except PaymentRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("payments:pay", code)
    return redirect("payments:go", attempt.token)


@roles(Role.PARENT)
@never_cache
@require_safe
def go(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """A page of ours that leads on: Chrome applies our form-action to the redirects of a form, not to this."""
    attempt = _attempt(request, token)
    if not attempt.can_resume:
        return redirect("payments:attempt", token)
    return render(request, "payments/go.html", {"attempt": attempt})


@roles(Role.PARENT)
@never_cache
@require_safe
def attempt(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    return _attempt_page(request, token, "")


@roles(Role.PARENT)
@never_cache
@require_safe
def return_ok(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    return _attempt_page(request, token, "ok")


@roles(Role.PARENT)
@never_cache
@require_safe
def return_cancel(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    return _attempt_page(request, token, "cancel")


@roles(Role.PARENT)
@never_cache
@require_safe
def return_error(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    return _attempt_page(request, token, "error")


def _attempt_page(request: HttpRequest, token: uuid.UUID, came_from: str) -> HttpResponse:
    """The same facts at every address: the one by which the browser comes back is only remembered."""
    mine = _attempt(request, token)
    if came_from:
        checkout.came_back(attempt=mine, how=came_from)
    template = "payments/attempt_state.html" if request.headers.get("HX-Request") else "payments/attempt.html"
    total = sum(notice.amount for notice in mine.notices.all())
    return render(request, template, {"attempt": mine, "total": total})
