"""The positions of a town with a station of its own: the node asks our SOAP end-point, and pagoPA's list (ACA) knows them too.

One call does all: it creates, changes, and with amount 0 closes. Repeating it changes nothing.
"""

from typing import Any

import structlog

from payments.errors import NodeRefused, NodeUnreachable
from payments.gateways import carts
from payments.gateways.base import Cart, Position
from payments.gateways.wire import Answer, Line
from payments.rules.amounts import to_cents

log = structlog.get_logger(__name__)
OK, NOT_FOUND = 200, 404
#: Not as asked, because it is paid or closed meanwhile.
TOO_LATE = {409, 422}


class StationGateway:
    def __init__(self, *, positions: Line, checkout: Line) -> None:
        self._positions, self._checkout = positions, checkout

    def publish(self, position: Position) -> None:
        answer = self._confer(position_body(position))
        if answer.status != OK:
            raise NodeRefused(f"l'archivio degli avvisi risponde {answer.status}")

    def update(self, position: Position) -> None:
        """Paid meanwhile: nothing to change."""
        answer = self._confer(position_body(position))
        if answer.status != OK and answer.status not in TOO_LATE:
            raise NodeRefused(f"l'archivio degli avvisi risponde {answer.status}")

    def withdraw(self, position: Position) -> bool:
        answer = self._confer({**position_body(position), "amount": 0})
        if answer.status not in {OK, NOT_FOUND, *TOO_LATE}:
            raise NodeRefused(f"l'archivio degli avvisi risponde {answer.status}")
        return answer.status != NOT_FOUND

    def open_cart(self, cart: Cart) -> str:
        return carts.open_cart(self._checkout, cart)

    def _confer(self, body: dict[str, Any]) -> Answer:
        answer = self._positions.call("POST", "/paCreatePosition", body=body, repeat=True)
        if answer.status != OK:
            log.error("pagopa_position_refused", status=answer.status)
        if not (answer.status == OK or 400 <= answer.status < 500):
            raise NodeUnreachable
        return answer


def position_body(position: Position) -> dict[str, Any]:
    """NewDebtPositionRequest of ACA v1; a due date is the end of its day."""
    body = {
        "paFiscalCode": position.fiscal_code,
        "entityType": "F",
        "entityFiscalCode": position.debtor_fiscal_code,
        "entityFullName": position.debtor_name[:255],
        "iuv": position.nav[1:],
        "nav": position.nav,
        "amount": to_cents(position.amount),
        "description": position.description[:140],
        "expirationDate": f"{position.due_date.isoformat()}T23:59:59.000Z",
        "iban": position.iban,
        "switchToExpired": False,
    }
    return {**body, "postalIban": position.postal_iban} if position.postal_iban else body
