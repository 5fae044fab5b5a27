"""The statement of a month and the certificate of a year, as PDF. Made when asked for, kept nowhere."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from identity import audit
from identity.access import roles
from identity.models import Role, SensitiveKind, User
from identity.pdf import PdfUnavailable
from mensa import clock
from wallets import certificates, paper, statement
from wallets.models import Wallet

#: Who reads why a price is what it is (wallets/views/statements.py).
READS_REASONS = frozenset({Role.PARENT, Role.OFFICE, Role.AUDITOR})


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def month_file(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """`month`: 2026-11."""
    user, wallet = cast(User, request.user), _wallet(request, code)
    months = statement.by_month(statement.movements(wallet=wallet, last=clock.today()))
    chosen = next((one for one in months if one.key == month), None)
    if chosen is None:
        raise Http404
    explains = user.role in READS_REASONS
    if explains and user.role != Role.PARENT and any(line.shows_isee for line in chosen.movements):
        subject = f"famiglia {wallet.household.code}"
        audit.record_view(user=user, kind=SensitiveKind.ISEE, subject=subject, now=clock.now())
    return _file(
        request,
        lambda: paper.statement(wallet=wallet, month=chosen, explains=explains),
        f"estratto-{code}-{month}.pdf",
    )


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def certificate_file(request: HttpRequest, code: str, year: int) -> HttpResponse:
    wallet = _wallet(request, code)
    found = certificates.of(wallet, year=year, today=clock.today())
    if found is None:
        raise Http404
    return _file(
        request,
        lambda: paper.certificate(wallet=wallet, certificate=found),
        f"spese-mensa-{year}-{code}.pdf",
    )


def _wallet(request: HttpRequest, code: str) -> Wallet:
    mine = Wallet.objects.visible_to(cast(User, request.user)).select_related("household__applicant")
    return get_object_or_404(mine, household__code=code)


def _file(request: HttpRequest, make: Callable[[], bytes], name: str) -> HttpResponse:
    try:
        document = make()
    except PdfUnavailable as missing:
        messages.error(request, str(missing))
        return render(request, "wallets/no_pdf.html", status=503)
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
