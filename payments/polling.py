"""Receipts asked of GPD by a town without a station: the optional channel (PAGOPA_POLL_RECEIPTS), which pagoPA advises against.

The list names the payments, each document is the receipt as the node would have sent it; both only of the last 30 days.
"""

import datetime as dt
from typing import Any
from urllib.parse import quote

import structlog
from django.conf import settings
from django.db.models import Max

from payments import gateways, receipts
from payments.configuration import creditor
from payments.errors import NodeUnreachable
from payments.gateways.wire import Line
from payments.models import Receipt
from payments.soap import envelope
from payments.soap.faults import Refusal
from payments.soap.receipt import incoming

log = structlog.get_logger(__name__)
DEEPEST = dt.timedelta(days=30)
OVERLAP = dt.timedelta(days=2)  # a payment of yesterday may be listed today
PAGE, MOST_PAGES = 100, 50
OK, NONE = 200, 404


def poll(*, now: dt.datetime) -> int:
    """Fetch what is missing; returns how many receipts came. What goes wrong is asked for again at the next round."""
    if not settings.PAGOPA_POLL_RECEIPTS or settings.PAGOPA_MODE != "gpd":
        return 0
    line = gateways.line("GPD_RECEIPTS")
    try:
        return sum(_fetch(line, iuv, now) for iuv in _missing(line, now))
    except NodeUnreachable:
        return 0


def _missing(line: Line, now: dt.datetime) -> list[str]:
    """Of the listed payments those with our segregation code whose receipt is not here."""
    listed: list[str] = []
    for page in range(MOST_PAGES):
        rows = _page(line, page, now)
        listed += [iuv for iuv in rows if iuv.startswith(creditor().segregation)]
        if len(rows) < PAGE:
            break
    numbers = [f"3{iuv}" for iuv in listed]
    here = set(
        Receipt.objects.filter(nav__in=numbers, confirmed_at__isnull=False).values_list("nav", flat=True)
    )
    return [nav[1:] for nav in dict.fromkeys(numbers) if nav not in here]


def _page(line: Line, page: int, now: dt.datetime) -> list[str]:
    answer = line.call(
        "GET",
        f"/payments/{creditor().fiscal_code}/receipts",
        params={
            "from": f"{_since(now):%Y-%m-%d}",
            "to": f"{now + dt.timedelta(days=1):%Y-%m-%d}",
            "pageNum": str(page),
            "pageSize": str(PAGE),
            "segregationCodes": creditor().segregation,
        },
        repeat=True,
    )
    if answer.status == NONE:
        return []
    if answer.status != OK:
        raise NodeUnreachable
    return _iuvs(answer.json())


def _iuvs(content: Any) -> list[str]:
    rows = content.get("receipts_list") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise NodeUnreachable
    return [str(row["iuv"]) for row in rows if isinstance(row, dict) and row.get("iuv")]


def _since(now: dt.datetime) -> dt.datetime:
    """From the last receipt that came this way, a little before; after a long silence as far back as they are kept."""
    last = Receipt.objects.filter(channel=Receipt.Channel.POLL).aggregate(last=Max("received_at"))["last"]
    return max(now - DEEPEST, last - OVERLAP) if last else now - DEEPEST


def _fetch(line: Line, iuv: str, now: dt.datetime) -> int:
    """One document; one that cannot be read keeps no other from coming."""
    answer = line.call(
        "GET", f"/payments/{creditor().fiscal_code}/receipts/{quote(iuv, safe='')}", repeat=True
    )
    if answer.status != OK:
        log.warning("pagopa_receipt_not_given", status=answer.status)
        return 0
    try:
        receipt = incoming(envelope.open_document(answer.body))
    except (envelope.UnreadableEnvelope, Refusal):
        log.error("pagopa_receipt_unreadable")
        return 0
    receipts.record(incoming=receipt, channel=Receipt.Channel.POLL, now=now)
    return 1
