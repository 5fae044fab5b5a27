"""The line of a balance, in whole units of an SVG: the same numbers as the table under it, nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 26


@dataclass(frozen=True)
class Tick:
    at: int
    label: Decimal | dt.date


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: int
    right: int
    bottom: int
    line: str
    levels: tuple[Tick, ...]
    days: tuple[Tick, ...]
    zero: int | None


def draw(
    *, opening: Decimal, points: Sequence[tuple[dt.date, Decimal]], first: dt.date, last: dt.date
) -> Chart:
    """A step line from ``opening`` through the balances at the end of each day; the first and the last day are the edges."""
    low, high, step = _range([opening, *(balance for _, balance in points)])
    span = max((last - first).days, 1)

    def x(day: dt.date) -> int:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days // span

    def y(balance: Decimal) -> int:
        return TOP + int((HEIGHT - TOP - BOTTOM) * (high - balance) / (high - low))

    steps = "".join(f"H{x(day)}V{y(balance)}" for day, balance in points)
    levels = [low + step * number for number in range(int((high - low) / step) + 1)]
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        line=f"M{LEFT} {y(opening)}{steps}H{x(last)}",
        levels=tuple(Tick(y(level), level) for level in levels),
        days=(Tick(x(first), first), Tick(x(last), last)),
        zero=y(Decimal(0)) if low < 0 < high else None,
    )


def _range(balances: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """A floor and a ceiling of the axis and the distance of its lines, all multiples of a friendly step; zero is inside."""
    low, high = min(*balances, Decimal(0)), max(*balances, Decimal(0))
    wanted = max((high - low) / 4, Decimal(1))
    step = next(size for size in _sizes() if size >= wanted)
    low = (low / step).to_integral_value(ROUND_FLOOR) * step
    high = (high / step).to_integral_value(ROUND_CEILING) * step
    return low, max(high, low + step), step


def _sizes() -> list[Decimal]:
    return [Decimal(unit) * 10**power for power in range(8) for unit in (1, 2, 5)]
