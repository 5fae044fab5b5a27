"""Groups of bars in whole units of an SVG: the same numbers as the table under it, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 28


@dataclass(frozen=True, slots=True)
class Bar:
    series: int
    x: int
    y: int
    width: int
    height: int
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    width: int
    height: int
    left: int
    right: int
    bottom: int
    bars: tuple[Bar, ...]
    levels: tuple[Tick, ...]
    groups: tuple[Tick, ...]


def draw(groups: Sequence[tuple[str, Sequence[int | None]]]) -> Bars:
    """One group per label, one bar per value; None is a value that is not there yet."""
    top, step = _axis(max((value or 0 for _, values in groups for value in values), default=0))
    floor, span = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    room = (WIDTH - LEFT - RIGHT) // max(len(groups), 1)
    bars: list[Bar] = []
    for place, (_, values) in enumerate(groups):
        width = max(2, min(26, (room - 8) // max(len(values), 1)))
        start = LEFT + place * room + (room - width * len(values)) // 2
        for series, value in enumerate(values):
            if value is not None:
                tall = span * value // top
                bars.append(Bar(series, start + series * width, floor - tall, width - 1, tall, value))
    return Bars(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=floor,
        bars=tuple(bars),
        levels=tuple(Tick(floor - span * level // top, str(level)) for level in range(0, top + 1, step)),
        groups=tuple(Tick(LEFT + place * room + room // 2, label) for place, (label, _) in enumerate(groups)),
    )


def _axis(highest: int) -> tuple[int, int]:
    """The top of the axis and the distance of its lines: a friendly step, four or five lines."""
    wanted = max(highest / 4, 1)
    step = next(unit * 10**power for power in range(7) for unit in (1, 2, 5) if unit * 10**power >= wanted)
    return max(-(-highest // step) * step, step), step
