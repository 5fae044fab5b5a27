"""How many of a notice's meals a household of separated parents is asked for. Pure."""

from decimal import ROUND_HALF_UP, Decimal

SCHOOL_DAYS = 5


def meals_of_share(*, meals: int, weekdays: int) -> int:
    """Of `meals` for a child, those of a household that pays `weekdays` days of five; rounded half up: 30 and 2 -> 12."""
    if not 0 <= weekdays <= SCHOOL_DAYS:
        raise ValueError("a school week has five days")
    return int((Decimal(meals) * weekdays / SCHOOL_DAYS).quantize(Decimal(1), ROUND_HALF_UP))
