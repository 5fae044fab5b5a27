"""Receipts with several beneficiaries: which part of the money is the town's. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from payments.rules.amounts import printed


@dataclass(frozen=True)
class Part:
    """What to write down as paid, and what to tell the office: empty when nothing is odd."""

    amount: Decimal
    remark: str = ""


def part_of(*, town: str, payee: str, paid: Decimal, transfers: Sequence[tuple[str, Decimal | None]]) -> Part:
    """`payee`: the body of the notice; `transfers`: fiscal code and euro of each, None when it could not be read.

    The family has paid the whole of our notice, wherever a part of it goes. Of another body's notice only our part counts.
    """
    ours = sum((amount or Decimal(0) for body, amount in transfers if body == town), Decimal(0))
    if payee != town:
        return (
            Part(ours, f"Parte per il comune ({printed(ours)}) di un avviso di un altro ente.")
            if ours
            else Part(paid)
        )
    if not transfers or ours == paid:
        return Part(paid)
    return Part(
        paid, f"Solo {printed(ours)} euro su {printed(paid)} vanno al comune: il resto a un altro ente."
    )
