"""What must be true of a synthetic town after its nights, whatever was killed meanwhile."""

import datetime as dt
from decimal import Decimal

from attendance.models import Absence, ServiceDay
from mensa.benchmark import population
from mensa.books import all_checks
from wallets import books
from wallets.models import Charge, Wallet


def each_meal_once(days: list[dt.date], pupils: int) -> None:
    """Zero double, zero missing, every balance exact, every day closed, every check of the books silent."""
    absent = set(Absence.objects.values_list("pupil_id", "day"))
    owed = {(pupil, day) for day in days for pupil in range(1, pupils + 1)} - absent
    charged = list(Charge.objects.values_list("pupil_id", "service_day", "wallet_id", "amount"))
    assert len(charged) == len(owed)
    assert {(pupil, day) for pupil, day, _, _ in charged} == owed
    spent: dict[int, Decimal] = dict.fromkeys(Wallet.objects.values_list("pk", flat=True), Decimal("0.00"))
    for _, _, wallet, amount in charged:
        assert amount == -(1 + wallet % population.BANDS * Decimal("0.55"))
        spent[wallet] += amount
    assert dict(Wallet.objects.values_list("pk", "balance")) == spent
    assert not ServiceDay.objects.filter(day__in=days).exclude(state=ServiceDay.State.CLOSED).exists()
    assert books.run(all_checks()) == []
