"""What the rooms above know of a line of the statement: they register a teller, since the statement may not import them.

A teller answers for all the lines of a page at once, in a constant number of queries.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from identity.models import User
from wallets.models import Wallet
from wallets.statement import Movement


@dataclass(frozen=True)
class Remark:
    """A sentence beside a line, and the page where one reads or does more. ``action``: the words of its link; no ``url``,
    no link. ``quiet``: shown only to who asks why."""

    text: str
    url: str
    action: str
    quiet: bool = False


@dataclass(frozen=True)
class Asked:
    """``lines``: those on the page; ``all_lines``: the whole statement they come from."""

    wallet: Wallet
    lines: Sequence[Movement]
    all_lines: Sequence[Movement]
    reader: User
    today: dt.date


#: (meal day, pupil, revision): the key of a charge.
Key = tuple[dt.date, int, int]
Teller = Callable[[Asked], Mapping[Key, Remark]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Once, when the app above is ready."""
    if teller not in _tellers:
        _tellers.append(teller)


def on(asked: Asked) -> list[tuple[Movement, Remark | None]]:
    """Each line of the page with what there is to say about it."""
    said: dict[Key, Remark] = {}
    for teller in _tellers:
        said.update(teller(asked))
    return [(line, said.get(key) if (key := key_of(line)) else None) for line in asked.lines]


def key_of(line: Movement) -> Key | None:
    """The charge or reversal this line is; None for money."""
    if line.revision is None or line.pupil is None:
        return None
    return line.day, line.pupil.pk, line.revision
