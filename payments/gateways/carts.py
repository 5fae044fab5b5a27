"""The payment page: a Checkout cart (version 1) of one to five notices. Never repeated: each call makes another cart."""

from typing import Any

import structlog

from payments.errors import NodeRefused, NodeUnreachable
from payments.gateways.base import Cart
from payments.gateways.wire import Line
from payments.rules.amounts import to_cents

log = structlog.get_logger(__name__)
FOUND = 302
LONGEST_ADDRESS = 500  # what an attempt has room for
REFUSED = range(400, 500)
#: The simulator is on this machine; the real page is never reached without TLS.
ADDRESSES = ("https://", "http://127.0.0.1", "http://localhost")


def open_cart(line: Line, cart: Cart) -> str:
    """The address in the 302, which is for the browser and is not followed here."""
    answer = line.call("POST", "/carts", body=cart_body(cart))
    if answer.status in REFUSED:
        log.error("pagopa_cart_refused", status=answer.status)
        raise NodeRefused(f"Checkout risponde {answer.status}")
    address = str(answer.headers.get("location", ""))
    if answer.status != FOUND or not _is_address(address):
        log.error("pagopa_cart_without_address", status=answer.status)
        raise NodeUnreachable
    return address


def _is_address(text: str) -> bool:
    """One that a browser can be sent to and that has room where it is kept."""
    return (
        text.startswith(ADDRESSES) and len(text) <= LONGEST_ADDRESS and text.isprintable() and " " not in text
    )


def cart_body(cart: Cart) -> dict[str, Any]:
    """CartRequest of Checkout v1."""
    notices = [
        {
            "noticeNumber": item.nav,
            "fiscalCode": cart.fiscal_code,
            "amount": to_cents(item.amount),
            "companyName": cart.company[:140],
            "description": item.description[:140],
        }
        for item in cart.items
    ]
    urls = {
        "returnOkUrl": cart.return_ok,
        "returnCancelUrl": cart.return_cancel,
        "returnErrorUrl": cart.return_error,
    }
    return {"paymentNotices": notices, "returnUrls": urls, "idCart": cart.id, "allCCP": False}
