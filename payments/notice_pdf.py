"""The paper notice after pagoPA's model: one A4 page each, tagged, with its codes; never an IBAN on it."""

import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings

from enrolments.models import HelpDesk
from payments import typeset
from payments.configuration import Creditor, creditor
from payments.models import Notice
from payments.rules import amounts, codes, identifiers, wording
from payments.rules.legible import legible

TEMPLATE = "notice.typ"
TITLE = "Avviso di pagamento pagoPA"
MANY = "Avvisi di pagamento pagoPA"
STREET = 100  # characters, in small letters when they are many: the number stands at the end
HELP_LINE = 160  # characters, on three lines at most
#: Weighing all eight masks of ISO 18004 costs a quarter of the page. The texts of our codes differ in a few digits only: this
#: mask is the best of them for half the notices, and two points in a hundred from the best on the whole. Readers know them all.
QR_MASK = 2


@dataclass(frozen=True)
class Page:
    """What one notice shows, already written as it is printed; the codes are SVG."""

    subject: str
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
    return render_for(creditor_on_paper(), notices)


def render_for(body: Creditor, notices: Iterable[Notice]) -> bytes:
    """The same for a town that is given: it asks nothing of the database but what the notices carry."""
    pages = [asdict(page_of(notice, body)) for notice in notices]
    told = {"title": TITLE if len(pages) == 1 else MANY, "body": _printed(body), "notices": pages}
    return typeset.render(TEMPLATE, notices=told, pictures=_pictures())


def creditor_on_paper() -> Creditor:
    """The town as families read of it: office and opening hours are the help desk's, when the office has filled it in."""
    desk = HelpDesk.objects.first()
    if desk is None:
        return creditor()
    ways = [desk.opening_hours, desk.phone, desk.email]
    return replace(creditor(), office=desk.office, help_line=wording.joined(ways, longest=HELP_LINE))


def _printed(body: Creditor) -> dict[str, Any]:
    """What the paper says of the town; the IBAN is not among it."""
    return {
        "name": legible(body.name, longest=50),
        "of_the_body": f"del {legible(body.name)}" if body.name.startswith("Comune ") else "dell’ente",
        "fiscal_code": body.fiscal_code,
        "office": legible(body.office, longest=50),
        "help_line": legible(body.help_line, longest=HELP_LINE),
        "cbill": body.cbill.upper(),
        "postal_account": body.postal_account,
        "postal_authorisation": legible(body.postal_authorisation),
        "simulated": body.simulated,
    }


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
        subject=legible(notice.subject, longest=wording.PRINTED),
        debtor_name=legible(name, longest=70),
        debtor_fiscal_code=debtor.fiscal_code,
        address=legible(debtor.address, longest=STREET),
        city=legible(debtor.city, longest=70),
        amount=amounts.printed(notice.amount),
        due=f"{notice.due_date:%d/%m/%Y}",
        nav=identifiers.printed(notice.nav),
        qr=qr_image(codes.qr_text(nav=notice.nav, fiscal_code=body.fiscal_code, amount=notice.amount)),
        matrix=matrix_image(codes.data_matrix_text(slip)) if body.postal_account else "",
    )


def qr_image(text: str) -> str:
    """Version 4, error correction M, all of it in byte mode, as the model prescribes."""
    import segno  # by whoever draws: a worker of the night draws nothing

    drawn = io.BytesIO()
    code = segno.make(text, error="m", version=4, mode="byte", mask=QR_MASK, boost_error=False, micro=False)
    code.save(drawn, kind="svg", border=0, xmldecl=False, omitsize=True)
    return drawn.getvalue().decode()


def matrix_image(text: str) -> str:
    """Data Matrix ECC200, 48x48 modules, without the quiet zone: the paper around is white."""
    import zxingcpp

    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    return str(drawn.to_svg(add_quiet_zones=False))


def _pictures() -> dict[str, Any]:
    """Logos are trademarks of others: the town puts the files among its static files and names them in the settings."""
    names = {
        "pagopa": settings.PAGOPA_LOGO,
        "town": settings.TOWN_LOGO,
        "post": settings.PAGOPA_POSTAL_LOGO,
    }
    return {key: typeset.picture(name) for key, name in names.items() if name}
