"""The treasurer's credits one by one: where each comes from, which flow it names, and the way to annul what was written wrong."""

from typing import cast

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
from payments import reconciliation, treasury
from payments.models import TreasuryCredit
from payments.reconciliation_forms import PeriodForm
from payments.views.reconciliation import ACTING

PER_PAGE = 40


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def credits_of(request: HttpRequest) -> HttpResponse:
    period = PeriodForm(request.GET, today=clock.today())
    first, last = period.days()
    rows = TreasuryCredit.objects.filter(booked_on__range=(first, last)).select_related(
        "journal", "recorded_by", "annulment__annulled_by"
    )
    page = Paginator(rows.order_by("-booked_on", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "period": period,
        "page": page,
        "query": f"dal={first}&al={last}&",
        "may_act": cast(User, request.user).role in ACTING,
    }
    return render(request, "payments/reconciliation_credits.html", context)


@roles(*ACTING)
@require_POST
def annul(request: HttpRequest, credit_id: int) -> HttpResponse:
    credit = get_object_or_404(TreasuryCredit, pk=credit_id)
    reason, by, now = request.POST.get("reason", ""), cast(User, request.user), clock.now()
    try:
        treasury.annul(credit=credit, reason=reason, by=by, now=now)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        reconciliation.sync(now=now)
        messages.success(
            request, f"Accredito {credit.number} annullato: non conta più e il suo numero si può riscrivere."
        )
    return redirect("payments:reconciliation_credits")
