"""Notices on paper: one, or those of a family in one file. Made when they are asked for, kept nowhere."""

import uuid
from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from enrolments.models import Household
from identity.access import roles
from identity.models import Role, User
from identity.pdf import PdfUnavailable
from payments import notice_pdf
from payments.models import Notice

READERS = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def notice_file(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    user = cast(User, request.user)
    rows = Notice.objects.all() if user.role in READERS else Notice.objects.of_parent(user)
    notice = get_object_or_404(rows.select_related("wallet__household__applicant"), token=token)
    return _file(request, [notice], f"avviso-{notice.nav}.pdf")


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
    return _file(request, papers, f"avvisi-{household.code}.pdf")


def _file(request: HttpRequest, papers: Sequence[Notice], name: str) -> HttpResponse:
    try:
        document = notice_pdf.render(papers)
    except PdfUnavailable as missing:
        messages.error(request, str(missing))
        return render(request, "payments/no_pdf.html", {"notices": papers}, status=503)
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
