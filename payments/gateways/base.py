"""What the portal asks of pagoPA. Every call crosses the network: never inside a transaction.

A way to pagoPA of another kind (an intermediary with an API of its own) is a class with the methods of `Gateway`, named in
PAGOPA_PARTNER_GATEWAY; docs/manuale/pagopa.md says what it must keep to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class Position:
    """A debt position as the node wants to know it: one notice, one instalment."""

    iupd: str
    nav: str
    fiscal_code: str
    company: str
    office: str
    amount: Decimal
    description: str
    due_date: date
    debtor_fiscal_code: str
    debtor_name: str
    iban: str
    category: str
    remittance: str
    postal_iban: str = ""


@dataclass(frozen=True)
class CartItem:
    nav: str
    amount: Decimal
    description: str


@dataclass(frozen=True)
class Cart:
    """Up to five notices paid together on the Checkout page."""

    id: str
    fiscal_code: str
    company: str
    items: Sequence[CartItem]
    return_ok: str
    return_cancel: str
    return_error: str


class Gateway(Protocol):
    """All methods raise NodeUnreachable when pagoPA is down, slow or answers garbage, and NodeRefused (a kind of it) when it
    understood and said no to this one; all may be called again, and by two at once.
    """

    def publish(self, position: Position) -> None:
        """Make the position payable; already there with the same content: fine."""

    def update(self, position: Position) -> None:
        """Due date, description and debtor as they are now; no longer changeable because paid: fine."""

    def withdraw(self, position: Position) -> bool:
        """Make it no longer payable; already paid or withdrawn: fine. False: the node does not know it."""

    def open_cart(self, cart: Cart) -> str:
        """The address of the payment page."""
