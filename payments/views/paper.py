"""On paper: a notice, those of a family in one file, the attestation of a payment. Made when asked for, kept nowhere."""

import uuid
from collections.abc import Callable, Sequence
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from enrolments.models import ClassGroup, Household
from identity.access import roles
from identity.models import Role, User
from identity.pdf import PdfUnavailable
from payments import by_hand, notice_pdf, receipt_pdf
from payments.models import Campaign, Notice

READERS = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def notice_file(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    notice = _notice(request, token)
    return _file(request, lambda: notice_pdf.render([notice]), f"avviso-{notice.nav}.pdf", [notice])


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def payment_file(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """The attestation of what was paid with this notice."""
    notice = _notice(request, token)
    paid = list(receipt_pdf.of(notice))
    if not paid:
        raise Http404("no confirmed payment")
    return _file(request, lambda: receipt_pdf.render(paid), f"pagamento-{notice.nav}.pdf")


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def family_file(request: HttpRequest, code: str) -> HttpResponse:
    """What the family still has to pay for its children, a page each, the earliest due first."""
    user = cast(User, request.user)
    known = Household.objects.all() if user.role in READERS else Household.objects.of_parent(user)
    household = get_object_or_404(known, code=code)
    open_notices = Notice.objects.payable().for_children().filter(wallet__household=household)
    papers = list(open_notices.select_related("wallet__household__applicant").order_by("due_date", "pk"))
    if not papers:
        raise Http404("no open notice")
    return _file(request, lambda: notice_pdf.render(papers), f"avvisi-{household.code}.pdf", papers)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def class_file(request: HttpRequest, campaign_id: int, class_id: int) -> HttpResponse:
    """What a class takes home in the diary: the notices of a campaign that are given by hand."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    group = get_object_or_404(ClassGroup, pk=class_id)
    papers = by_hand.papers_of(campaign, group)
    if not papers:
        raise Http404("no notice to hand out")
    return _file(request, lambda: notice_pdf.render(papers), f"avvisi-classe-{group.label}.pdf", papers)


def _notice(request: HttpRequest, token: uuid.UUID) -> Notice:
    user = cast(User, request.user)
    rows = Notice.objects.all() if user.role in READERS else Notice.objects.of_parent(user)
    return get_object_or_404(rows.select_related("wallet__household__applicant"), token=token)


def _file(
    request: HttpRequest, make: Callable[[], bytes], name: str, papers: Sequence[Notice] = ()
) -> HttpResponse:
    """`papers`: what can still be paid without the paper."""
    try:
        document = make()
    except PdfUnavailable as missing:
        messages.error(request, str(missing))
        return render(request, "payments/no_pdf.html", {"notices": papers}, status=503)
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
