"""What was paid for each child in a year, for the tax return: by cash, net of refunds. Pure.

A payment for a child is the child's. A free top-up is shared in proportion to what the year's meals cost, refunds in proportion
to what was paid; what rounding leaves over goes to the last child that can take it.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")


def paid_per_child(
    *,
    children: Sequence[int],
    own: Mapping[int, Decimal],
    free: Decimal,
    refunded: Decimal,
    meals: Mapping[int, Decimal],
) -> dict[int, Decimal]:
    """Euro per child, in the order given, never below zero. `own` may be negative where a payment was revoked."""
    if not children:
        return {}
    weights = {child: max(meals.get(child, ZERO), ZERO) for child in children}
    if not any(weights.values()):
        weights = dict.fromkeys(children, Decimal(1))
    shared = _spread(free, weights)
    paid = {child: own.get(child, ZERO) + shared[child] for child in children}
    to_give_back = refunded - sum(min(amount, ZERO) for amount in paid.values())
    positive = {child: max(amount, ZERO) for child, amount in paid.items()}
    given_back = _spread(min(to_give_back, sum(positive.values(), ZERO)), positive, within=positive)
    return {child: positive[child] - given_back[child] for child in children}


def _spread(
    total: Decimal, weights: Mapping[int, Decimal], *, within: Mapping[int, Decimal] | None = None
) -> dict[int, Decimal]:
    """Exact to the cent; `within`: no share above this."""
    whole = sum(weights.values(), ZERO)
    if not whole or not total:
        return dict.fromkeys(weights, ZERO)
    shares = {key: (total * weight / whole).quantize(CENT, ROUND_DOWN) for key, weight in weights.items()}
    left = total - sum(shares.values(), ZERO)
    for key in reversed(list(shares)):
        more = left if within is None else min(left, within[key] - shares[key])
        shares[key] += more
        left -= more
    return shares


#: The largest expense per child that the tax return takes, from the year shown on.
LIMITS = ((2025, Decimal("1000.00")), (0, Decimal("800.00")))


def limit(year: int) -> Decimal:
    return next(amount for first, amount in LIMITS if year >= first)
