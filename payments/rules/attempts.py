"""How a family's walk to the payment page stands. Pure. Receipts decide; the address by which the browser came back only says
what to expect meanwhile."""

from collections.abc import Sequence
from enum import StrEnum

PAYABLE = frozenset({"issued", "sent"})
PAID = "paid"


class Standing(StrEnum):
    PAID = "paid"
    PARTLY = "partly"
    CLOSED = "closed"  # nothing of it can be paid any more
    WAITING = "waiting"
    CANCELLED = "cancelled"
    FAILED = "failed"
    BEGUN = "begun"


CAME_BACK = {"ok": Standing.WAITING, "cancel": Standing.CANCELLED, "error": Standing.FAILED}


def standing(*, notices: Sequence[str], came_back: str) -> Standing:
    """`notices`: their states; `came_back`: "ok", "cancel", "error", or nothing while the browser has not returned."""
    paid = [state == PAID for state in notices]
    if all(paid):
        return Standing.PAID
    if any(paid):
        return Standing.PARTLY
    if PAYABLE.isdisjoint(notices):
        return Standing.CLOSED
    return CAME_BACK.get(came_back, Standing.BEGUN)


def can_resume(*, notices: Sequence[str], came_back: str) -> bool:
    """The payment page of an attempt is good once, and for what can still be paid."""
    return not came_back and PAYABLE.issuperset(notices)
