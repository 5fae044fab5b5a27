"""Euro and cents of pagoPA messages. Pure: Decimal in, Decimal or text out, never a float."""

import re
from decimal import Decimal

_WIRE = re.compile(r"0*\d{1,9}(\.\d{1,2})?", re.ASCII)
CENT = Decimal("0.01")


class WrongAmount(ValueError):
    """The text is not an amount; str() is an Italian sentence."""


def to_cents(amount: Decimal) -> int:
    """Decimal("12.50") -> 1250. A fraction of a cent is refused, not rounded."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise WrongAmount(f"L'importo {amount} ha più di due decimali.")
    return int(cents)


def from_cents(cents: int) -> Decimal:
    """1250 -> Decimal("12.50")."""
    return (Decimal(cents) / 100).quantize(CENT)


def wire(amount: Decimal) -> str:
    """The form of the SOAP messages: "1500.00"."""
    to_cents(amount)
    return f"{amount:.2f}"


def from_wire(text: str) -> Decimal:
    """Read "30.00", and leniently "30", "30.5" or "0030.00"."""
    if not _WIRE.fullmatch(text.strip()):
        raise WrongAmount(f"«{text.strip()[:20]}» non è un importo.")
    return Decimal(text.strip()).quantize(CENT)


def printed(amount: Decimal) -> str:
    """The form of the paper notice: "1.500,00"."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
