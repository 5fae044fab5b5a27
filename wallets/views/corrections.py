"""Corrections by hand (the office only, with reason and confirmation) and the read-only list of the charges of a day."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from enrolments.errors import Refused
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from wallets import ledger
from wallets.forms import AdjustForm, DayForm, ReasonForm
from wallets.models import Charge, Entry, Wallet

PER_PAGE = 100


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "POST"])
def adjust(request: HttpRequest, code: str) -> HttpResponse:
    """First the form, then the same data to confirm with the balance before and after, then the movement."""
    wallet = get_object_or_404(Wallet.objects.select_related("household"), household__code=code)
    form = AdjustForm(request.POST or None, wallet=wallet)
    if request.method != "POST" or not form.is_valid():
        return _adjust_page(request, wallet, form)
    amount = form.signed_amount()
    if "confermo" not in request.POST:
        context = {"wallet": wallet, "form": form, "amount": amount, "after": wallet.balance + amount}
        return render(request, "wallets/adjust_confirm.html", context)
    data = form.cleaned_data
    try:
        ledger.adjust(
            wallet=wallet,
            amount=amount,
            key=str(data["key"]),
            reason=data["reason"],
            pupil=data["pupil"],
            by=cast(User, request.user),
            now=clock.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _adjust_page(request, wallet, form)
    messages.success(request, "Rettifica registrata: la famiglia la vede con il suo motivo.")
    return redirect("wallets:statement", code)


def _adjust_page(request: HttpRequest, wallet: Wallet, form: AdjustForm) -> HttpResponse:
    context = {"wallet": wallet, "form": form}
    return render(request, "wallets/adjust.html", context, status=422 if form.errors else 200)


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "POST"])
def reverse(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Undo a movement: the page shows it and asks why."""
    entry = get_object_or_404(Entry.objects.select_related("wallet__household", "pupil"), pk=entry_id)
    code = entry.wallet.household.code
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, reason = cast(User, request.user), form.cleaned_data["reason"]
            ledger.reverse(entry=entry, reason=reason, by=user, now=clock.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Movimento stornato.")
        return redirect("wallets:statement", code)
    context = {"entry": entry, "wallet": entry.wallet, "form": form}
    return render(request, "wallets/reverse.html", context, status=422 if form.errors else 200)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """Every charge and reversal of a service day, as the books have them."""
    form = DayForm(request.GET) if "giorno" in request.GET else DayForm({"giorno": clock.today()})
    day = form.cleaned_data["giorno"] if form.is_valid() else clock.today()
    rows = Charge.objects.filter(service_day=day).select_related("pupil", "wallet__household")
    page = Paginator(rows.order_by("wallet_id", "pupil_id", "revision"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "form": form,
        "day": day,
        "page": page,
        "query": f"giorno={day}&",
        "net": ledger.net_charges(day=day),
    }
    return render(request, "wallets/charges.html", context)
