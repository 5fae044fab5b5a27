"""pagoPA over its REST APIs: debt positions (GPD) and Checkout carts."""

from typing import Any

import httpx
import structlog

from payments.errors import NodeUnreachable
from payments.gateways.base import Cart, Position
from payments.rules.amounts import to_cents

log = structlog.get_logger(__name__)
TIMEOUT = httpx.Timeout(3.0, connect=1.0)  # seconds: a parent waits for this page
POSITIONS = "/gpd/debt-positions-service/v1/organizations"
CARTS = "/checkout/ec/v1/carts"
CONFLICT = 409


class NodeGateway:
    """One address and one key; in the simulator both products answer at the same place."""

    def __init__(self, *, address: str, key: str) -> None:
        self._address = address
        self._headers = {"Ocp-Apim-Subscription-Key": key}

    def publish(self, position: Position) -> None:
        """409 means that an earlier attempt got through: read it back and compare."""
        place = f"{POSITIONS}/{position.fiscal_code}/debtpositions"
        answer = self._send("POST", f"{place}?toPublish=true", json=position_body(position))
        if answer.status_code == CONFLICT:
            answer = self._send("GET", f"{place}/{position.iupd}")
            if not _is_same(answer, position):
                log.error("pagopa_position_differs", iupd=position.iupd)
                raise NodeUnreachable
            return
        _expect(answer, 200, 201)

    def withdraw(self, *, fiscal_code: str, iupd: str) -> None:
        answer = self._send("POST", f"{POSITIONS}/{fiscal_code}/debtpositions/{iupd}/invalidate")
        _expect(answer, 200, 404, CONFLICT)

    def open_cart(self, cart: Cart) -> str:
        answer = self._send("POST", CARTS, json=cart_body(cart))
        _expect(answer, 302)
        address = answer.headers.get("location", "")
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            log.error("pagopa_cart_without_address")
            raise NodeUnreachable
        return str(address)

    def _send(self, method: str, path: str, json: dict[str, Any] | None = None) -> httpx.Response:
        try:
            return httpx.request(
                method,
                self._address + path,
                json=json,
                headers=self._headers,
                timeout=TIMEOUT,
                follow_redirects=False,
                trust_env=False,
            )
        except httpx.HTTPError as problem:
            log.warning("pagopa_unreachable", problem=type(problem).__name__)
            raise NodeUnreachable from problem


def _expect(answer: httpx.Response, *statuses: int) -> None:
    if answer.status_code not in statuses:
        log.warning("pagopa_refused", status=answer.status_code)
        raise NodeUnreachable


def _is_same(answer: httpx.Response, position: Position) -> bool:
    try:
        option = answer.json()["paymentOption"][0]
        return bool(option["nav"] == position.nav and option["amount"] == to_cents(position.amount))
    except (ValueError, KeyError, IndexError, TypeError):
        return False


def position_body(position: Position) -> dict[str, Any]:
    """PaymentPositionModel of GPD v1; a due date is the end of its day."""
    cents = to_cents(position.amount)
    transfer = {
        "idTransfer": "1",
        "amount": cents,
        "organizationFiscalCode": position.fiscal_code,
        "remittanceInformation": position.remittance,
        "category": position.category,
        "iban": position.iban,
    }
    option = {
        "iuv": position.nav[1:],
        "nav": position.nav,
        "amount": cents,
        "description": position.description,
        "isPartialPayment": False,
        "dueDate": f"{position.due_date.isoformat()}T23:59:59.000Z",
        "transfer": [transfer],
    }
    return {
        "iupd": position.iupd,
        "type": "F",
        "fiscalCode": position.debtor_fiscal_code,
        "fullName": position.debtor_name[:140],
        "companyName": position.company,
        "officeName": position.office,
        "switchToExpired": False,
        "paymentOption": [option],
    }


def cart_body(cart: Cart) -> dict[str, Any]:
    """CartRequest of Checkout v1."""
    notices = [
        {
            "noticeNumber": item.nav,
            "fiscalCode": cart.fiscal_code,
            "amount": to_cents(item.amount),
            "companyName": cart.company,
            "description": item.description,
        }
        for item in cart.items
    ]
    urls = {
        "returnOkUrl": cart.return_ok,
        "returnCancelUrl": cart.return_cancel,
        "returnErrorUrl": cart.return_error,
    }
    return {"paymentNotices": notices, "returnUrls": urls, "idCart": cart.id, "allCCP": False}
