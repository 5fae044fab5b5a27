"""The wallet on paper: a month of the statement, and the certificate of a year."""

from django.conf import settings
from django.template.loader import render_to_string

from enrolments.models import HelpDesk
from identity import pdf
from wallets.certificates import Certificate
from wallets.models import Wallet
from wallets.statement import Month

STYLE = "pdf/document.css"


def statement(*, wallet: Wallet, month: Month, explains: bool) -> bytes:
    """`explains`: the reasons of each price are for whoever may read the family's ISEE."""
    lines = list(reversed(month.movements))
    return _render("pdf/statement.html", wallet, {"month": month, "lines": lines, "explains": explains})


def certificate(*, wallet: Wallet, certificate: Certificate) -> bytes:
    return _render("pdf/certificate.html", wallet, {"certificate": certificate})


def _render(template: str, wallet: Wallet, more: dict[str, object]) -> bytes:
    context = {
        "wallet": wallet,
        "applicant": wallet.household.applicant,
        "town": settings.TOWN_NAME,
        "town_fiscal_code": settings.TOWN_FISCAL_CODE,
        "simulated": settings.PAGOPA_MODE == "simulator",
        "help_desk": HelpDesk.objects.first() or HelpDesk(),
        **more,
    }
    return pdf.render(render_to_string(template, context), style=STYLE)
