"""The reconciliation with the treasury: what does not match and why, files to load, an export for the accounts office."""

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enrolments.errors import Refused
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from payments import (
    reconciliation,
    reconciliation_view,
    revocations,
    settlement_polls,
    settlement_upload,
    tasks,
    treasury,
)
from payments.models import (
    CreditMatch,
    Notice,
    Receipt,
    ReconciliationCase,
    SettlementPoll,
    SettlementReport,
    TreasuryCredit,
)
from payments.reconciliation_forms import (
    CaseFilterForm,
    CreditForm,
    FileForm,
    MatchForm,
    PeriodForm,
)
from payments.rules.labels import Label
from payments.treasury_documents import IncomingCredit

PER_PAGE = 20
FLOWS_PER_PAGE = 40
NOBODYS = (
    "Nessuno è ancora accreditato: il portale non sa di chi è questo pagamento. È qui sotto, tra le ricevute da abbinare: "
    "l'ufficio sceglie la famiglia."
)
ACTING = (Role.OFFICE, Role.ACCOUNTS)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return _progress(request)
    return _page(request, FileForm(), CreditForm())


def _progress(request: HttpRequest) -> HttpResponse:
    """The piece that asks again every two seconds; when the round is over, the whole page."""
    context = _poll(request)
    answer = render(request, "payments/reconciliation_poll.html", context)
    if context["poll"] is None or not context["poll"].is_running:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _page(
    request: HttpRequest, file_form: FileForm, credit_form: CreditForm, status: int = 200
) -> HttpResponse:
    today = clock.today()
    period = PeriodForm(request.GET, today=today)
    first, last = period.days()
    look = reconciliation.look(first=first, last=last, today=today)
    shares = reconciliation_view.shares(look)
    context = {
        "period": period,
        "first": first,
        "last": last,
        "shares": shares,
        "bar_width": reconciliation_view.WIDTH,
        "credited": reconciliation_view.credited(look),
        "waiting": reconciliation_view.waiting(look),
        "has_reports": SettlementReport.objects.exists(),
        "file_form": file_form,
        "credit_form": credit_form,
        "may_act": cast(User, request.user).role in ACTING,
        "simulator": f"{settings.SIMULATORS_URL}/node/giornata"
        if settings.PAGOPA_MODE == "simulator"
        else "",
        **_poll(request),
        **_cases(request),
    }
    return render(request, "payments/reconciliation.html", context, status=status)


def _poll(request: HttpRequest) -> dict[str, Any]:
    return {
        "poll": SettlementPoll.objects.order_by("-pk").first(),
        "polls_are_on": settlement_polls.is_on(),
        "may_act": cast(User, request.user).role in ACTING,
    }


def _cases(request: HttpRequest) -> dict[str, Any]:
    chosen = CaseFilterForm(request.GET)
    wanted = chosen.cleaned_data if chosen.is_valid() else {}
    rows = ReconciliationCase.objects.all() if wanted.get("stato") else ReconciliationCase.objects.open()
    if wanted.get("stato"):
        rows = rows.exclude(solved_at__isnull=True, closed_at__isnull=True)
    if wanted.get("tipo"):
        rows = rows.filter(label=wanted["tipo"])
    rows = rows.select_related(
        "report",
        "line__report",
        "credit",
        "closed_by",
        "receipt__entry__wallet__household",
        "reversal",
        "recredit",
    )
    page = Paginator(rows.order_by("day", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "cases": page,
        "families": _families(page.object_list),
        "matched": _matched(page.object_list),
        "filter": chosen,
        "query": f"{query.urlencode()}&" if query else "",
        "waiting_flows": _waiting_flows(),
    }


def _families(cases: Any) -> dict[str, str]:
    """The family of a payment that has no receipt, by the number of its notice."""
    navs = [case.line.nav for case in cases if case.line and not case.receipt]
    rows = Notice.objects.filter(nav__in=navs).values_list("nav", "wallet__household__code")
    return dict(rows)


def _matched(cases: Any) -> set[int]:
    """The credits whose flow was said by a person."""
    credits_shown = [case.credit_id for case in cases if case.credit_id]
    rows = CreditMatch.objects.filter(credit_id__in=credits_shown, withdrawn_at__isnull=True)
    return set(rows.values_list("credit_id", flat=True))


def _waiting_flows() -> list[SettlementReport]:
    """Those that no credit has paid: what an unreadable reference may be matched with."""
    waiting = ReconciliationCase.objects.open().filter(
        label__in=[Label.IUF_NO_TES.value, Label.IUF_TES_DIV_IMP.value], report__isnull=False
    )
    recent = SettlementReport.objects.newest().order_by("-flow_date")[:10]
    found = {case.report.fdr: case.report for case in waiting.select_related("report")[:50] if case.report}
    return list(found.values()) + [report for report in recent if report.fdr not in found]


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def flows(request: HttpRequest) -> HttpResponse:
    """Every flow of the period with the treasurer's credit that pays it."""
    today = clock.today()
    period = PeriodForm(request.GET, today=today)
    first, last = period.days()
    look = reconciliation.look(first=first, last=last, today=today)
    rows = SettlementReport.objects.newest().filter(regulation_date__range=(first, last))
    page = Paginator(rows.order_by("-regulation_date", "-pk"), FLOWS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "period": period,
        "page": page,
        "flows": reconciliation_view.flows(look, page.object_list),
        "query": f"dal={first}&al={last}&",
    }
    return render(request, "payments/reconciliation_flows.html", context)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    from payments import reconciliation_export  # it loads a spreadsheet's library, which few pages need

    today = clock.today()
    first, last = PeriodForm(request.GET, today=today).days()
    look = reconciliation.look(first=first, last=last, today=today)
    if kind == "csv":
        content: str | bytes = reconciliation_export.as_csv(look)
        content_type = "text/csv; charset=utf-8"
    else:
        content, content_type = reconciliation_export.as_xlsx(look, first=first, last=last), XLSX
    name = f"quadratura-{first:%Y%m%d}-{last:%Y%m%d}.{kind}"
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@roles(*ACTING)
@require_POST
def poll(request: HttpRequest) -> HttpResponse:
    if not settlement_polls.is_on():
        messages.error(
            request, "Manca la chiave del servizio dei flussi (PAGOPA_FDR_KEYS): carica i file della banca."
        )
        return redirect("payments:reconciliation")
    tasks.nudge_poll(settlement_polls.ask(now=clock.now(), by=cast(User, request.user)).pk)
    return redirect("payments:reconciliation")


@roles(*ACTING)
@require_POST
def load(request: HttpRequest) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, CreditForm(), status=422)
    file = form.cleaned_data["file"]
    try:
        said = settlement_upload.load(
            data=file.read(),
            name=file.name or "",
            revision=form.cleaned_data["revision"] or 1,
            by=cast(User, request.user),
            now=clock.now(),
        )
    except Refused as refusal:
        form.add_error("file", str(refusal))
        return _page(request, form, CreditForm(), status=422)
    tasks.nudge_cases()
    messages.success(request, said)
    return redirect("payments:reconciliation")


@roles(*ACTING)
@require_POST
def type_credit(request: HttpRequest) -> HttpResponse:
    form = CreditForm(request.POST)
    if not form.is_valid():
        return _page(request, FileForm(), form, status=422)
    data = form.cleaned_data
    credit = IncomingCredit(
        year=data["booked_on"].year,
        number=data["number"].strip().lstrip("0") or "0",
        amount=data["amount"],
        booked_on=data["booked_on"],
        reference=data["reference"],
    )
    try:
        treasury.record(credit=credit, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        form.add_error("number", str(refusal))
        return _page(request, FileForm(), form, status=422)
    reconciliation.sync(now=clock.now())
    messages.success(request, f"Accredito {credit.number} registrato.")
    return redirect("payments:reconciliation")


@roles(*ACTING)
@require_POST
def match(request: HttpRequest, credit_id: int) -> HttpResponse:
    credit = get_object_or_404(TreasuryCredit.objects.standing(), pk=credit_id)
    form = MatchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Scegli il flusso che questo accredito paga.")
        return redirect("payments:reconciliation")
    fdr = form.cleaned_data["fdr"]
    return _done(
        request,
        lambda by, now: treasury.match(credit=credit, fdr=fdr, by=by, now=now),
        f"Accredito {credit.number} abbinato al flusso {fdr}.",
    )


@roles(*ACTING)
@require_POST
def unmatch(request: HttpRequest, credit_id: int) -> HttpResponse:
    credit = get_object_or_404(TreasuryCredit, pk=credit_id)
    return _done(
        request, lambda by, now: treasury.unmatch(credit=credit, by=by, now=now), "Abbinamento sciolto."
    )


@roles(*ACTING)
@require_POST
def credit_family(request: HttpRequest, case_id: int) -> HttpResponse:
    """When nobody knows whose the payment is, the page where a person says it."""
    case = get_object_or_404(ReconciliationCase.objects.select_related("line__report"), pk=case_id)
    try:
        receipt = reconciliation.credit_from_report(case=case, by=cast(User, request.user), now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("payments:reconciliation")
    if receipt.state == Receipt.State.TO_REVIEW:
        messages.warning(request, NOBODYS)
        return redirect("payments:review")
    if receipt.state == Receipt.State.CREDITED:
        messages.success(
            request,
            "Pagamento accreditato dalla rendicontazione: se la ricevuta arriva, non accredita di nuovo.",
        )
    else:
        messages.error(
            request, f"Nessun borsellino è stato toccato: la ricevuta è «{receipt.get_state_display()}»."
        )
    return redirect("payments:reconciliation")


@roles(*ACTING)
@require_POST
def restore(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(ReconciliationCase, pk=case_id, label=Label.REVOKED_BACK.value)
    reason = request.POST.get("reason", "")
    return _done(
        request,
        lambda by, now: revocations.restore(case=case, reason=reason, by=by, now=now),
        "Famiglia riaccreditata: lo vede nell'estratto conto, con il motivo.",
    )


@roles(*ACTING)
@require_POST
def close(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(ReconciliationCase, pk=case_id)
    note = request.POST.get("note", "")
    return _done(
        request, lambda by, now: reconciliation.close(case=case, note=note, by=by, now=now), "Caso chiuso."
    )


def _done(request: HttpRequest, operation: Callable[[User, dt.datetime], object], said: str) -> HttpResponse:
    """One operation, then everything is compared again; a refusal is said and changes nothing."""
    now = clock.now()
    try:
        operation(cast(User, request.user), now)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        reconciliation.sync(now=now)
        messages.success(request, said)
    return redirect("payments:reconciliation")
