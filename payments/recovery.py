"""A receipt that a settlement report names and that never reached us: asked of Biz-Events, rarely and not for ever.

Ten questions an hour are allowed for a body, and asking in a loop is forbidden (docs/manuale/pagopa.md). Each question is a
row written and committed before it is asked: the count holds over processes, machines and crashes.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction

from payments import gateways, receipts
from payments.configuration import creditor
from payments.errors import NodeUnreachable
from payments.models import Receipt, RecoveryCall
from payments.receipts import IncomingReceipt
from payments.rules.amounts import WrongAmount, from_wire
from payments.rules.dates import is_credible
from payments.rules.split import part_of

log = structlog.get_logger(__name__)
Outcome = RecoveryCall.Outcome
CALLS_AN_HOUR = 10
MOST_TRIES = 3  # for one receipt
BETWEEN_TRIES = dt.timedelta(hours=6)
LOCK = 5_260_801  # the advisory lock of this count
ROME = ZoneInfo("Europe/Rome")
FOUND, NOT_FOUND = 200, (404, 422)
LARGEST_FEE = Decimal(1_000_000)


class WrongReceipt(ValueError):
    """The answer is not the receipt that was asked for."""


def recover(*, iur: str, iuv: str, now: dt.datetime) -> Receipt | None:
    """The receipt `iur` of a notice with that `iuv`, credited like any other; None: not now (too soon, unknown, no answer).

    One that is here already is returned without a question. Never inside a transaction; safe to call again for every line of
    every report.
    """
    here = Receipt.objects.with_id(creditor().fiscal_code, iur).first()
    if here is not None:
        return here
    call = _leave_to_ask(iur, iuv, now)
    if call is None:
        return None
    outcome, incoming = _ask(iur, iuv)
    RecoveryCall.objects.filter(pk=call.pk).update(outcome=outcome)
    if incoming is None:
        return None
    log.info("receipt_recovered", call=call.pk)
    return receipts.record(incoming=incoming, channel=Receipt.Channel.BIZ_EVENTS, now=now)


@transaction.atomic
def _leave_to_ask(iur: str, iuv: str, now: dt.datetime) -> RecoveryCall | None:
    """One at a time: what two processes count at once would be eleven."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    earlier = RecoveryCall.objects.filter(iur=iur)
    if earlier.count() >= MOST_TRIES or earlier.filter(asked_at__gt=now - BETWEEN_TRIES).exists():
        return None
    if RecoveryCall.objects.filter(asked_at__gt=now - dt.timedelta(hours=1)).count() >= CALLS_AN_HOUR:
        log.info("recovery_waits_for_its_turn")
        return None
    return RecoveryCall.objects.create(asked_at=now, iur=iur[:35], iuv=iuv[:35])


def _ask(iur: str, iuv: str) -> tuple[Outcome, IncomingReceipt | None]:
    path = f"/organizations/{creditor().fiscal_code}/receipts/{quote(iur, safe='')}"
    if iuv:
        path += f"/paymentoptions/{quote(iuv, safe='')}"
    try:
        answer = gateways.line("BIZ_EVENTS").call("GET", path)
        if answer.status in NOT_FOUND:
            return Outcome.UNKNOWN, None
        if answer.status != FOUND:
            raise NodeUnreachable
        return Outcome.FOUND, incoming_receipt(answer.json(), iur=iur, raw=answer.text())
    except NodeUnreachable:
        return Outcome.SILENT, None
    except WrongReceipt as wrong:
        log.error("recovery_answered_another_receipt", why=str(wrong))
        return Outcome.SILENT, None


def incoming_receipt(content: Any, *, iur: str, raw: str) -> IncomingReceipt:
    """From the JSON of Biz-Events, whose amounts are euro: read as Decimal, never as float."""
    if not isinstance(content, dict) or content.get("receiptId") != iur:
        raise WrongReceipt("receiptId")
    nav = str(content.get("noticeNumber") or "")
    if not re.fullmatch(r"\d{18}", nav, re.ASCII):
        raise WrongReceipt("noticeNumber")
    if content.get("fiscalCode") != creditor().fiscal_code:
        raise WrongReceipt("fiscalCode")
    town, paid = creditor().fiscal_code, _euro(content.get("paymentAmount"))
    return IncomingReceipt(
        fiscal_code=town,
        receipt_id=iur,
        nav=nav,
        amount=paid,
        paid_at=_moment(content),
        psp=str(content.get("pspCompanyName") or content.get("idPSP") or ""),
        fee=_fee(content.get("fee")),
        successful=str(content.get("outcome")).upper() != "KO",
        raw=raw,
        remark=part_of(town=town, payee=town, paid=paid, transfers=_transfers(content)).remark,
    )


def _transfers(content: dict[str, Any]) -> list[tuple[str, Decimal | None]]:
    """To whom the money goes: fiscal code and amount."""
    rows = content.get("transferList")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [(str(row.get("fiscalCodePA")), _readable(row.get("transferAmount"))) for row in found]


def _euro(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise WrongReceipt("paymentAmount")
    try:
        return from_wire(f"{Decimal(value).normalize():f}")
    except (WrongAmount, ArithmeticError) as wrong:
        raise WrongReceipt("paymentAmount") from wrong


def _readable(value: Any) -> Decimal | None:
    try:
        return _euro(value)
    except WrongReceipt:
        return None


def _fee(value: Any) -> Decimal | None:
    fee = _readable(value)
    return fee if fee is not None and fee < LARGEST_FEE else None


def _moment(content: dict[str, Any]) -> dt.datetime | None:
    """Without an offset Rome is meant; a day alone is its noon."""
    for name, noon in (("paymentDateTimeFormatted", ""), ("paymentDateTime", "T12:00:00")):
        text = str(content.get(name) or "")
        try:
            moment = dt.datetime.fromisoformat(text if "T" in text else text + noon)
        except ValueError:
            continue
        if is_credible(moment):
            return moment if moment.tzinfo else moment.replace(tzinfo=ROME)
    return None
