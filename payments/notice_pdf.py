"""The paper notice after pagoPA's model: one A4 page each, tagged, with its codes; never an IBAN on it."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace

import segno
from django.conf import settings
from django.template.loader import render_to_string

from enrolments.models import HelpDesk
from identity import pdf
from payments.configuration import Creditor, creditor
from payments.models import Notice
from payments.rules import amounts, codes, identifiers, wording

STYLE = "payments/notice.css"


@dataclass(frozen=True)
class Page:
    """What one notice shows, already written as it is printed."""

    title: str
    debtor_name: str
    debtor_fiscal_code: str
    address: str
    city: str
    amount: str
    due: str
    nav: str
    qr: str
    matrix: str


def render(notices: Iterable[Notice]) -> bytes:
    """All in one file, a page each. Whoever calls has fetched `wallet__household__applicant`."""
    body = creditor_on_paper()
    context = {
        "title": "Avviso di pagamento pagoPA",
        "body": body,
        "notices": [page_of(notice, body) for notice in notices],
        "pagopa_logo": _logo(settings.PAGOPA_LOGO),
        "town_logo": _logo(settings.TOWN_LOGO),
    }
    return pdf.render(render_to_string("pdf/notice.html", context), style=STYLE)


def creditor_on_paper() -> Creditor:
    """The town as families read of it: office and opening hours are the help desk's, when the office has filled it in."""
    desk = HelpDesk.objects.first()
    if desk is None:
        return creditor()
    ways = [desk.opening_hours, desk.phone, desk.email]
    return replace(creditor(), office=desk.office, help_line=", ".join(filter(None, ways)))


def page_of(notice: Notice, body: Creditor) -> Page:
    debtor = notice.wallet.household.applicant
    name = f"{debtor.first_name} {debtor.last_name}"
    slip = codes.Slip(
        notice.nav,
        body.postal_account,
        notice.amount,
        body.fiscal_code,
        debtor.fiscal_code,
        name,
        notice.subject,
    )
    return Page(
        title=notice.subject[: wording.PRINTED],
        debtor_name=name,
        debtor_fiscal_code=debtor.fiscal_code,
        address=debtor.address,
        city=debtor.city,
        amount=amounts.printed(notice.amount),
        due=f"{notice.due_date:%d/%m/%Y}",
        nav=identifiers.printed(notice.nav),
        qr=qr_image(codes.qr_text(nav=notice.nav, fiscal_code=body.fiscal_code, amount=notice.amount)),
        matrix=matrix_image(codes.data_matrix_text(slip)) if body.postal_account else "",
    )


def qr_image(text: str) -> str:
    """Version 4, error correction M, as the model prescribes; a vector image as a data: address."""
    code = segno.make(text, error="m", version=4, boost_error=False, micro=False)
    return str(code.svg_data_uri(border=0, xmldecl=False, svgns=True, omitsize=True))


def matrix_image(text: str) -> str:
    """Data Matrix ECC200, 48x48 modules, as a data: address."""
    import zxingcpp

    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    image = drawn.to_svg(add_quiet_zones=False)
    return f"data:image/svg+xml;base64,{b64encode(image.encode()).decode()}"


def _logo(name: str) -> str:
    """Logos are trademarks of others: the town puts the file among its static files and names it in the settings."""
    return f"{pdf.STATIC}{name}" if name else ""
