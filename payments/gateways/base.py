"""What the portal asks of pagoPA. Every call crosses the network: never inside a transaction."""

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
    """All methods raise NodeUnreachable when pagoPA is down, slow or answers garbage; all may be called again."""

    def publish(self, position: Position) -> None:
        """Make the position payable; already there with the same content: fine."""

    def withdraw(self, *, fiscal_code: str, iupd: str) -> None:
        """Make the position no longer payable; unknown or already paid: fine."""

    def open_cart(self, cart: Cart) -> str:
        """The address of the payment page."""
