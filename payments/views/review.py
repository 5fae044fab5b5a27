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
from payments import doubles, receipts
from payments.errors import PaymentRefused
from payments.forms import AttachForm, SetAsideForm
from payments.models import Receipt
from wallets.models import Wallet

PER_PAGE = 25


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    aside = request.GET.get("vista") == "da-parte"
    rows = Receipt.objects.filter(state=Receipt.State.DUPLICATE) if aside else Receipt.objects.to_review()
    rows = rows.select_related(
        "notice__wallet__household", "entry__wallet__household", "same_as__entry__wallet__household"
    )
    page = Paginator(rows.order_by("-pk" if aside else "pk"), PER_PAGE).get_page(request.GET.get("page"))
    rows_here = list(page.object_list)
    offers = {} if aside else doubles.offers(rows_here)
    context = {
        "page": page,
        "aside": aside,
        "cards": [(receipt, offers.get(receipt.pk, [])) for receipt in rows_here],
        "may_act": cast(User, request.user).role == Role.OFFICE,
    }
    return render(request, "payments/review.html", context)


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
            is_another_payment=form.cleaned_data["is_another_payment"],
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
    try:
        said = _settle(receipt, action, request)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("payments:review")


def _settle(receipt: Receipt, action: str, request: HttpRequest) -> str:
    """What the person decided, done; the sentence that says so."""
    by, now = cast(User, request.user), clock.now()
    if action == "doppione":
        form = SetAsideForm(request.POST)
        if not form.is_valid():
            raise PaymentRefused(str(form.errors["other"][0]))
        receipts.set_aside(receipt=receipt, other=form.cleaned_data["other"], by=by, now=now)
        return (
            "Messa da parte: il borsellino non cambia. Se era un errore, la riporti qui da «Messe da parte»."
        )
    if action == "riporta":
        receipts.bring_back(receipt=receipt, by=by, now=now)
        return "La ricevuta è di nuovo da abbinare."
    receipts.close_flag(receipt=receipt, by=by, now=now)
    return "Segnalazione chiusa: il borsellino non cambia."
