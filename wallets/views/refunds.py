"""Refunds: the office prepares and approves, the accounts office takes the list and says what was paid or came back."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enrolments.errors import Refused
from identity import audit
from identity.access import roles
from identity.models import Role, SensitiveKind, User
from mensa import clock
from wallets import leavers, refunds
from wallets.forms import AccountForm, PaidForm, PrepareForm, ReasonForm
from wallets.models import Refund, RefundExport, Wallet
from wallets.rules import iban

State = Refund.State
FINISHED_SHOWN = 50


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    today = clock.today()
    rows = Refund.objects.select_related("wallet__household").order_by("due_by", "pk")
    open_states = [State.PREPARED, State.APPROVED, State.EXPORTED]
    context = {
        "candidates": leavers.candidates(day=today),
        "open": [(refund, (refund.due_by - today).days) for refund in rows.filter(state__in=open_states)],
        "to_export": rows.filter(state=State.APPROVED, method=Refund.Method.BANK).count(),
        "finished": rows.exclude(state__in=open_states).order_by("-pk")[:FINISHED_SHOWN],
        "exports": RefundExport.objects.select_related("made_by").order_by("-pk"),
        "is_office": cast(User, request.user).role == Role.OFFICE,
    }
    return render(request, "wallets/refunds.html", context)


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "POST"])
def prepare(request: HttpRequest, code: str) -> HttpResponse:
    leaving = [one for one in leavers.candidates(day=clock.today()) if one.wallet.household.code == code]
    if not leaving:
        messages.info(
            request, "Questa famiglia non ha un credito da restituire, oppure il rimborso è già preparato."
        )
        return redirect("wallets:refunds")
    candidate = leaving[0]
    form = PrepareForm(
        request.POST or None, siblings=candidate.siblings, initial={"method": candidate.method}
    )
    if request.method == "POST" and form.is_valid():
        try:
            refund = refunds.prepare(
                wallet=candidate.wallet,
                method=form.cleaned_data["method"],
                to_wallet=form.cleaned_data.get("to_wallet"),
                iban=form.cleaned_data["iban"],
                by=cast(User, request.user),
                now=clock.now(),
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("wallets:refund", refund.pk)
    context = {"candidate": candidate, "form": form}
    return render(request, "wallets/refund_prepare.html", context, status=422 if form.errors else 200)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def detail(request: HttpRequest, refund_id: int) -> HttpResponse:
    """The IBAN is masked; ``?iban`` shows it whole and is recorded."""
    rows = Refund.objects.select_related(
        "wallet__household__applicant", "export", "to_wallet__household", "entry"
    )
    refund = get_object_or_404(rows.select_related("prepared_by", "approved_by"), pk=refund_id)
    user = cast(User, request.user)
    whole = "iban" in request.GET and bool(refund.iban)
    if whole:
        subject = f"rimborso R{refund.pk}"
        audit.record_view(user=user, kind=SensitiveKind.BANK, subject=subject, now=clock.now())
    context = {
        "refund": refund,
        "iban": refund.iban if whole else iban.masked(refund.iban),
        "iban_is_whole": whole,
        "days_left": (refund.due_by - clock.today()).days,
        "is_office": user.role == Role.OFFICE,
        "may_pay": user.role in (Role.OFFICE, Role.ACCOUNTS),
        "account_form": AccountForm(),
        "paid_form": PaidForm(initial={"paid_on": clock.today()}),
        "reason_form": ReasonForm(),
    }
    return render(request, "wallets/refund.html", context)


def _act(request: HttpRequest, refund_id: int, act: Callable[[Refund], object], done: str) -> HttpResponse:
    """One operation, one sentence, back to the refund."""
    refund = get_object_or_404(Refund, pk=refund_id)
    try:
        act(refund)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("wallets:refund", refund.pk)


@roles(Role.OFFICE)
@require_POST
def approve(request: HttpRequest, refund_id: int) -> HttpResponse:
    user, now = cast(User, request.user), clock.now()
    done = "Rimborso approvato: l'importo è uscito dal borsellino."
    return _act(request, refund_id, lambda refund: refunds.approve(refund=refund, by=user, now=now), done)


@roles(Role.OFFICE)
@require_POST
def cancel(request: HttpRequest, refund_id: int) -> HttpResponse:
    user, now = cast(User, request.user), clock.now()
    done = "Rimborso annullato: il credito è nel borsellino."
    return _act(request, refund_id, lambda refund: refunds.cancel(refund=refund, by=user, now=now), done)


@roles(Role.OFFICE)
@require_POST
def set_account(request: HttpRequest, refund_id: int) -> HttpResponse:
    """The office types what the family has handed in."""
    form = AccountForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("wallets:refund", refund_id)
    number, now = form.cleaned_data["iban"], clock.now()
    return _act(
        request,
        refund_id,
        lambda refund: refunds.give_account(refund=refund, iban=number, now=now),
        "IBAN registrato.",
    )


@roles(Role.OFFICE, Role.ACCOUNTS)
@require_POST
def paid(request: HttpRequest, refund_id: int) -> HttpResponse:
    form = PaidForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Indica il giorno del pagamento.")
        return redirect("wallets:refund", refund_id)
    day, now = form.cleaned_data["paid_on"], clock.now()
    return _act(
        request,
        refund_id,
        lambda refund: refunds.mark_paid(refund=refund, paid_on=day, now=now),
        "Pagamento registrato.",
    )


@roles(Role.OFFICE, Role.ACCOUNTS)
@require_POST
def bounced(request: HttpRequest, refund_id: int) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Scrivi perché il bonifico è tornato indietro, con qualche parola.")
        return redirect("wallets:refund", refund_id)
    reason, user, now = form.cleaned_data["reason"], cast(User, request.user), clock.now()
    return _act(
        request,
        refund_id,
        lambda refund: refunds.bounce(refund=refund, reason=reason, by=user, now=now),
        "Bonifico tornato indietro: il credito è di nuovo nel borsellino.",
    )


@roles(Role.OFFICE)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    try:
        made = refunds.export(by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        transfers = "un bonifico" if made.transfers == 1 else f"{made.transfers} bonifici"
        messages.success(request, f"Elenco n. {made.pk} pronto per la ragioneria: {transfers}.")
    return redirect("wallets:refunds")


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def download(request: HttpRequest, export_id: int) -> HttpResponse:
    """The list as it was handed over; who takes it is recorded, because it holds the accounts of the families."""
    made = get_object_or_404(RefundExport, pk=export_id)
    audit.record_view(
        user=cast(User, request.user),
        kind=SensitiveKind.BANK,
        subject=f"elenco di bonifici {made.pk}",
        now=clock.now(),
    )
    response = HttpResponse(made.content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rimborsi-{made.pk}.csv"'
    return response


@roles(Role.PARENT)
@never_cache
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest, code: str) -> HttpResponse:
    """The family says where it wants its credit back."""
    wallet = get_object_or_404(
        Wallet.objects.of_parent(cast(User, request.user)).select_related("household__applicant"),
        household__code=code,
    )
    refund = wallet.refunds.filter(method=Refund.Method.BANK).order_by("-pk").first()
    form = AccountForm(request.POST or None)
    if request.method == "POST" and refund is not None and form.is_valid():
        try:
            refunds.give_account(refund=refund, iban=form.cleaned_data["iban"], now=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, "Grazie: abbiamo registrato il conto. L'ufficio controlla e ordina il bonifico."
            )
            return redirect("wallets:refund_account", code)
    context = {
        "wallet": wallet,
        "refund": refund,
        "form": form,
        "iban": iban.masked(refund.iban) if refund else "",
        "may_change": refund is not None and refund.state == State.PREPARED,
    }
    return render(request, "wallets/refund_account.html", context, status=422 if form.errors else 200)


def _first_error(form: AccountForm) -> str:
    return str(next(iter(form.errors.values()))[0])
