"""Debt positions kept by pagoPA (GPD, version 1): it answers the node for us, and tells us of payments by receipt.

A creation is not repeated by itself: whether an answer that was lost had got through is said by the 409 of the next attempt,
which means "go and compare".
"""

from typing import Any

import structlog

from payments.errors import NodeRefused, NodeUnreachable
from payments.gateways import carts
from payments.gateways.base import Cart, Position
from payments.gateways.wire import Answer, Line
from payments.rules.amounts import to_cents

log = structlog.get_logger(__name__)
OK, CREATED, NOT_FOUND, CONFLICT = 200, 201, 404, 409
DRAFT, INVALID = "DRAFT", "INVALID"
OPEN = {"PUBLISHED", "VALID", "EXPIRED"}
PAID = {"PARTIALLY_PAID", "PAID", "REPORTED"}
#: What of a position is looked at to tell whether it is ours as it is now.
TOP, OPTION, TRANSFER = ("fiscalCode", "fullName"), ("description",), ("remittanceInformation", "category")


class GpdGateway:
    """GPD for the positions, Checkout for the page: each with its address and its keys."""

    def __init__(self, *, positions: Line, checkout: Line) -> None:
        self._positions, self._checkout = positions, checkout

    def publish(self, position: Position) -> None:
        """Created and valid in one call."""
        answer = self._positions.call(
            "POST", _place(position, one=False), body=position_body(position), params={"toPublish": "true"}
        )
        if answer.status == CONFLICT:
            self._compare(position)
            return
        _expect(answer, OK, CREATED)

    def update(self, position: Position) -> None:
        """The whole position again; where there is none, it is created."""
        answer = self._positions.call(
            "PUT", _place(position), body=position_body(position), params={"toPublish": "true"}, repeat=True
        )
        if answer.status == NOT_FOUND:
            self.publish(position)
        elif answer.status == CONFLICT:
            self._only_if_paid(position)
        else:
            _expect(answer, OK, CREATED)

    def withdraw(self, position: Position) -> bool:
        answer = self._positions.call("POST", f"{_place(position)}/invalidate", repeat=True)
        if answer.status == CONFLICT:
            return self._withdraw_unusual(position)
        _expect(answer, OK, NOT_FOUND)
        return answer.status == OK

    def open_cart(self, cart: Cart) -> str:
        return carts.open_cart(self._checkout, cart)

    def _compare(self, position: Position) -> None:
        """Something with this id or this number is there already: ours and the same, ours and old, or not ours."""
        known = self._read(position)
        if known is None:
            raise NodeRefused(
                "il numero dell'avviso è già di un'altra posizione: PAGOPA_IUV_SYSTEM va cambiato?"
            )
        if not _is_same_debt(known, position):
            log.error("pagopa_position_differs", iupd=position.iupd)
            raise NodeRefused("la posizione c'è già con un altro importo o un altro numero")
        status = str(known.get("status"))
        if status == INVALID:
            raise NodeRefused("la posizione risulta già annullata")
        if status in OPEN and not _says_the_same(known, position):
            self.update(position)
        elif status == DRAFT:
            self._publish_draft(position)

    def _publish_draft(self, position: Position) -> None:
        answer = self._positions.call("POST", f"{_place(position)}/publish", repeat=True)
        _expect(answer, OK, CONFLICT)

    def _only_if_paid(self, position: Position) -> None:
        known = self._read(position)
        if known is None or str(known.get("status")) not in PAID:
            raise NodeRefused("la posizione non si può più cambiare")

    def _withdraw_unusual(self, position: Position) -> bool:
        """409: paid meanwhile (the receipt is coming), withdrawn before, or never published."""
        known = self._read(position)
        if known is None:
            return False
        if known.get("status") == DRAFT:
            _expect(self._positions.call("DELETE", _place(position), repeat=True), OK, NOT_FOUND)
        elif str(known.get("status")) not in {INVALID, *PAID}:
            raise NodeRefused("la posizione non si può annullare")
        return True

    def _read(self, position: Position) -> dict[str, Any] | None:
        answer = self._positions.call("GET", _place(position), repeat=True)
        if answer.status == NOT_FOUND:
            return None
        _expect(answer, OK)
        content = answer.json()
        if not isinstance(content, dict):
            raise NodeUnreachable
        return content


def _place(position: Position, *, one: bool = True) -> str:
    all_of_them = f"/organizations/{position.fiscal_code}/debtpositions"
    return f"{all_of_them}/{position.iupd}" if one else all_of_them


def _expect(answer: Answer, *statuses: int) -> None:
    """Anything else that is said about this position is a refusal of this position; others may go on."""
    if answer.status in statuses:
        return
    log.error("pagopa_position_refused", status=answer.status)
    if 400 <= answer.status < 500:
        raise NodeRefused(f"{answer.status} {_detail(answer)}".strip())
    raise NodeUnreachable


def _detail(answer: Answer) -> str:
    """The sentence of the problem document, if there is one."""
    try:
        content = answer.json()
    except NodeUnreachable:
        return ""
    return str(content.get("detail") or content.get("title") or "") if isinstance(content, dict) else ""


def _is_same_debt(known: dict[str, Any], position: Position) -> bool:
    """Number, amount and account: what may never differ between two pictures of one notice."""
    try:
        option = known["paymentOption"][0]
        transfer = option["transfer"][0]
        found = (option.get("nav") or f"3{option['iuv']}", option["amount"], transfer["iban"])
    except (KeyError, IndexError, TypeError, AttributeError):
        return False
    return bool(found == (position.nav, to_cents(position.amount), position.iban))


def _says_the_same(known: dict[str, Any], position: Position) -> bool:
    """Where an answer leaves something out, it is asked to be as we say."""
    wanted = position_body(position)
    option, told = wanted["paymentOption"][0], known["paymentOption"][0]
    return (
        all(known.get(name) == wanted[name] for name in TOP)
        and all(told.get(name) == option[name] for name in OPTION)
        and str(told.get("dueDate", ""))[:10] == option["dueDate"][:10]
        and all(told["transfer"][0].get(name) == option["transfer"][0][name] for name in TRANSFER)
    )


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
    if position.postal_iban:
        transfer["postalIban"] = position.postal_iban
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
        "companyName": position.company[:140],
        "officeName": position.office[:140],
        "switchToExpired": False,
        "paymentOption": [option],
    }
