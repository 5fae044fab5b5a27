"""How much a top-up might be: so many meals of every child at the prices of the day. Read only."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from enrolments.models import Household, Price
from payments.models import PaymentRules

MEALS = (10, 20, 30)


@dataclass(frozen=True)
class Suggestion:
    meals: int
    amount: Decimal


def suggestions(household: Household, *, day: dt.date, rules: PaymentRules) -> list[Suggestion]:
    """Amounts within the office's limits; none when every child eats free."""
    prices = Price.objects.on(day).filter(household=household)
    total = prices.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    found = [Suggestion(meals, total * meals) for meals in MEALS]
    return [one for one in found if rules.smallest_top_up <= one.amount <= rules.largest_top_up]
