"""What we answer to the node: one function per primitive, all the same way: check the caller's data, look, say.

Nothing is locked while a payment is under way: it may never happen, and the node alone keeps two people from paying the
same notice at once. A second question gets the same answer.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from lxml import etree

from payments import notices, receipts
from payments.configuration import Creditor, creditor
from payments.models import Notice, Receipt
from payments.rules import wording
from payments.rules.amounts import wire
from payments.soap import envelope
from payments.soap.envelope import Content, text
from payments.soap.faults import Refusal
from payments.soap.receipt import incoming

log = structlog.get_logger(__name__)
MAIL = re.compile(r"[a-zA-Z0-9_.+\-]{1,64}@[a-zA-Z0-9\-]+(\.[a-zA-Z0-9\-]+)*", re.ASCII)
NOT_PAYABLE = {
    Notice.State.PAID: "PAA_PAGAMENTO_DUPLICATO",
    Notice.State.CANCELLED: "PAA_PAGAMENTO_ANNULLATO",
    Notice.State.EXPIRED: "PAA_PAGAMENTO_SCADUTO",
}


@dataclass(frozen=True)
class Primitive:
    answer: str
    handle: Callable[[etree._Element, Creditor, dt.datetime], Content]


def reply(message: etree._Element, *, now: dt.datetime) -> bytes:
    """The envelope to send back. Refusals and our own failures are outcome KO; the node retries a receipt after a KO."""
    asked = envelope.operation(message)
    primitive = PRIMITIVES.get(asked)
    if primitive is None:
        raise envelope.UnreadableEnvelope("unknown operation")
    body = creditor()
    try:
        _addressed_to_us(message, body)
        return envelope.write(primitive.answer, primitive.handle(message, body, now))
    except Refusal as refusal:
        log.info("pagopa_answered_ko", operation=asked, fault=refusal.code)
        refused = refusal
    except Exception:  # whatever it is, the node asks again after this answer
        log.exception("pagopa_answer_failed", operation=asked)
        refused = Refusal("PAA_SYSTEM_ERROR")
    return envelope.write(primitive.answer, refused.content(body.fiscal_code))


def _addressed_to_us(message: etree._Element, body: Creditor) -> None:
    if text(message, "idPA") != body.fiscal_code:
        raise Refusal("PAA_ID_DOMINIO_ERRATO")
    if text(message, "idBrokerPA") != body.broker:
        raise Refusal("PAA_ID_INTERMEDIARIO_ERRATO")
    if text(message, "idStation") not in body.stations:
        raise Refusal("PAA_STAZIONE_INT_ERRATA")


def _payable(message: etree._Element, body: Creditor, now: dt.datetime) -> Notice:
    """The notice asked for, if it can be paid now; the check digits are not looked at (SANP: the caller may, we need not)."""
    nav = text(message, "qrCode", "noticeNumber")
    if not nav or not text(message, "qrCode", "fiscalCode"):
        raise Refusal("PAA_SINTASSI_XSD", "qrCode")
    if not re.fullmatch(r"\d{18}", nav, re.ASCII):
        raise Refusal("PAA_SINTASSI_EXTRAXSD", "noticeNumber")
    if text(message, "qrCode", "fiscalCode") != body.fiscal_code:
        raise Refusal("PAA_ID_DOMINIO_ERRATO")
    notice = Notice.objects.select_related("wallet__household__applicant").filter(nav=nav).first()
    if notice is None:
        raise Refusal("PAA_PAGAMENTO_SCONOSCIUTO")
    if notice.state in NOT_PAYABLE:
        raise Refusal(NOT_PAYABLE[Notice.State(notice.state)])
    if Notice.objects.filter(notices.overdue(now=now), pk=notice.pk).exists():
        raise Refusal(NOT_PAYABLE[Notice.State.EXPIRED])  # the sweep has not come by yet
    return notice


def verify(message: etree._Element, body: Creditor, now: dt.datetime) -> Content:
    notice = _payable(message, body, now)
    option: Content = [
        ("amount", wire(notice.amount)),
        ("options", "EQ"),
        ("dueDate", notice.due_date.isoformat()),
        ("detailDescription", notice.subject),
        ("allCCP", "true" if body.postal_iban else "false"),
    ]
    return [
        ("outcome", "OK"),
        ("paymentList", [("paymentOptionDescription", option)]),
        ("paymentDescription", notice.subject),
        ("fiscalCodePA", body.fiscal_code),
        ("companyName", body.name[:140]),
        ("officeName", body.office[:140] or None),
    ]


def get_payment(message: etree._Element, body: Creditor, now: dt.datetime) -> Content:
    """The notice as it is now: the amount in the question is only a hint."""
    return [("outcome", "OK"), ("data", _payment(message, body, now, transfer_company=None))]


def get_payment_v2(message: etree._Element, body: Creditor, now: dt.datetime) -> Content:
    return [("outcome", "OK"), ("data", _payment(message, body, now, transfer_company=body.name))]


def _account(message: etree._Element, body: Creditor) -> str:
    """A payment by postal slip goes to the postal account and to no other."""
    if text(message, "transferType").upper() != "POSTAL":
        return body.iban
    if not body.postal_iban:
        raise Refusal("PAA_SEMANTICA", "transferType POSTAL senza conto postale")
    return body.postal_iban


def _payment(
    message: etree._Element, body: Creditor, now: dt.datetime, *, transfer_company: str | None
) -> Content:
    notice = _payable(message, body, now)
    transfer: Content = [
        ("idTransfer", "1"),
        ("transferAmount", wire(notice.amount)),
        ("fiscalCodePA", body.fiscal_code),
        ("companyName", transfer_company and transfer_company[:140]),
        ("IBAN", _account(message, body)),
        (
            "remittanceInformation",
            wording.remittance(iuv=notice.iuv, amount=notice.amount, subject=notice.subject),
        ),
        ("transferCategory", body.taxonomy),
    ]
    return [
        ("creditorReferenceId", notice.iuv),
        ("paymentAmount", wire(notice.amount)),
        ("dueDate", notice.due_date.isoformat()),
        ("description", notice.subject),
        ("companyName", body.name[:140]),
        ("officeName", body.office[:140] or None),
        ("debtor", _debtor(notice)),
        ("transferList", [("transfer", transfer)]),
    ]


def _debtor(notice: Notice) -> Content:
    """The parent who applied; an address that the node's narrow pattern refuses is left out."""
    debtor = notice.wallet.household.applicant
    mail = debtor.email if MAIL.fullmatch(debtor.email) else None
    identifier = [
        ("entityUniqueIdentifierType", "F"),
        ("entityUniqueIdentifierValue", debtor.fiscal_code),
    ]
    name = f"{debtor.first_name} {debtor.last_name}"[:70]
    return [("uniqueIdentifier", identifier), ("fullName", name), ("e-mail", mail)]


def take_receipt(message: etree._Element, body: Creditor, now: dt.datetime) -> Content:
    """A receipt cannot be refused: whatever is odd about it is for a person of ours to look at, not for the node."""
    receipts.record(incoming=incoming(message), channel=Receipt.Channel.SOAP, now=now)
    return [("outcome", "OK")]


PRIMITIVES = {
    "paVerifyPaymentNoticeReq": Primitive("paVerifyPaymentNoticeRes", verify),
    "paGetPaymentReq": Primitive("paGetPaymentRes", get_payment),
    "paGetPaymentV2Request": Primitive("paGetPaymentV2Response", get_payment_v2),
    "paSendRTReq": Primitive("paSendRTRes", take_receipt),
    "paSendRTV2Request": Primitive("paSendRTV2Response", take_receipt),
}
