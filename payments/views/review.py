"""Receipts that a person has to look at: money nobody could place, and oddities about money already placed."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enrolments.errors import Refused
from enrolments.models import Household
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from payments import receipts
from payments.forms import AttachForm
from payments.models import Receipt
from wallets.models import Wallet

PER_PAGE = 25


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = Receipt.objects.to_review().select_related("notice__wallet__household", "entry__wallet__household")
    page = Paginator(rows.order_by("pk"), PER_PAGE).get_page(request.GET.get("page"))
    return _page(request, page)


def _page(request: HttpRequest, page: object) -> HttpResponse:
    may_act = cast(User, request.user).role == Role.OFFICE
    return render(request, "payments/review.html", {"page": page, "may_act": may_act})


@roles(Role.OFFICE)
@require_POST
def attach(request: HttpRequest, receipt_id: int) -> HttpResponse:
    receipt = get_object_or_404(Receipt, pk=receipt_id)
    form = AttachForm(request.POST)
    if not form.is_valid():
        for error in form.errors.get("household", []):
            messages.error(request, str(error))
        return redirect("payments:review")
    household = cast(Household, form.cleaned_data["household"])
    try:
        receipts.attach(
            receipt=receipt,
            wallet=Wallet.objects.get(household=household),
            by=cast(User, request.user),
            now=clock.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Importo accreditato nel borsellino {household.code}.")
    return redirect("payments:review")


@roles(Role.OFFICE)
@require_POST
def settle(request: HttpRequest, receipt_id: int, action: str) -> HttpResponse:
    receipt = get_object_or_404(Receipt, pk=receipt_id)
    operation = receipts.set_aside if action == "doppione" else receipts.close_flag
    try:
        operation(receipt=receipt, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Segnalazione chiusa: il borsellino non cambia.")
    return redirect("payments:review")
