"""The payer's attestation: what pagoPA's guidelines want on it, from the node's own receipt; never from a paper one."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.template.loader import render_to_string

from identity import pdf
from payments.models import Notice, Receipt
from payments.notice_pdf import creditor_on_paper
from payments.rules import identifiers

STYLE = "pdf/document.css"


def of(notice: Notice) -> QuerySet[Receipt]:
    """The payments of this notice that the node has confirmed and that are in the wallet (also again, after a revocation that the bank
    has withdrawn), oldest first."""
    rows = Receipt.objects.attested().filter(notice=notice)
    return rows.select_related("entry", "notice__wallet__household__applicant").order_by("pk")


def render(receipts: Iterable[Receipt]) -> bytes:
    """All in one file, a page each."""
    context = {"body": creditor_on_paper(), "receipts": [_page(receipt) for receipt in receipts]}
    return pdf.render(render_to_string("pdf/payment.html", context), style=STYLE)


def _page(receipt: Receipt) -> dict[str, object]:
    notice = receipt.notice
    assert notice is not None  # noqa: S101 - `of` asks by notice
    household = notice.wallet.household
    return {
        "receipt": receipt,
        "subject": notice.subject,
        "debtor": household.applicant,
        "code": household.code,
        "nav": identifiers.printed(notice.nav),
        "iuv": notice.iuv,
    }
