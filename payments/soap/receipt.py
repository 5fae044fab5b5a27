"""From a paSendRT or paSendRTV2 message to what we need of it: lenient, only receipt id, number and amount are essential."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from payments.configuration import creditor
from payments.receipts import IncomingReceipt
from payments.rules.amounts import WrongAmount, from_wire
from payments.rules.dates import is_credible
from payments.rules.split import part_of
from payments.soap.envelope import child, text
from payments.soap.faults import Refusal

ROME = ZoneInfo("Europe/Rome")
LONGEST_ID = 35
LONGEST_FISCAL_CODE = 11
LARGEST_FEE = Decimal(1_000_000)


def incoming(message: etree._Element) -> IncomingReceipt:
    """The receipt inside the message; `raw` is the message as it came."""
    receipt = child(message, "receipt")
    if receipt is None:
        raise Refusal("PAA_SINTASSI_XSD", "receipt")
    receipt_id, nav = text(receipt, "receiptId"), text(receipt, "noticeNumber")
    if not receipt_id or len(receipt_id) > LONGEST_ID or not nav or len(nav) > 18:
        raise Refusal("PAA_SINTASSI_EXTRAXSD", "receiptId o noticeNumber mancante o troppo lungo")
    fiscal_code = text(receipt, "fiscalCode") or text(message, "idPA")
    if len(fiscal_code) > LONGEST_FISCAL_CODE:
        raise Refusal("PAA_SINTASSI_EXTRAXSD", "fiscalCode troppo lungo")
    part = part_of(
        town=creditor().fiscal_code,
        payee=fiscal_code,
        paid=_amount(text(receipt, "paymentAmount")),
        transfers=_transfers(receipt),
    )
    return IncomingReceipt(
        fiscal_code=fiscal_code,
        receipt_id=receipt_id,
        nav=nav,
        amount=part.amount,
        paid_at=_moment(text(receipt, "paymentDateTime")),
        psp=text(receipt, "PSPCompanyName") or text(receipt, "idPSP"),
        fee=_optional_amount(text(receipt, "fee")),
        successful=text(receipt, "outcome").upper() != "KO",
        raw=etree.tostring(message, encoding="unicode"),
        remark=part.remark,
    )


def _transfers(receipt: etree._Element) -> list[tuple[str, Decimal | None]]:
    """To whom the money goes: fiscal code and amount."""
    found = child(receipt, "transferList")
    rows = found.iterchildren("*") if found is not None else ()
    return [(text(row, "fiscalCodePA"), _readable(text(row, "transferAmount"))) for row in rows]


def _amount(value: str) -> Decimal:
    try:
        return from_wire(value)
    except WrongAmount as wrong:
        raise Refusal("PAA_SINTASSI_EXTRAXSD", "paymentAmount illeggibile") from wrong


def _readable(value: str) -> Decimal | None:
    try:
        return from_wire(value)
    except WrongAmount:
        return None


def _optional_amount(value: str) -> Decimal | None:
    fee = _readable(value)
    return fee if fee is not None and fee < LARGEST_FEE else None


def _moment(value: str) -> dt.datetime | None:
    """Without an offset the node means Rome; what cannot be read is left out, never a reason to refuse a receipt."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if not is_credible(moment):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ROME)
