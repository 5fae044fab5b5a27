"""What to do with a receipt. Pure: what is known about the notice goes in, a verdict comes out.

A receipt proves that money was paid and cannot be refused: what cannot be placed waits for a person, what is odd is
credited and flagged (domain.md section 7).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from payments.rules.amounts import printed


class Action(Enum):
    CREDIT = "credit"
    REVIEW = "review"
    IGNORE = "ignore"


@dataclass(frozen=True)
class NoticeFacts:
    """The notice named by the receipt. `credited_on_paper`: the office credited a paper receipt that the node has not
    confirmed and that may be this very payment."""

    amount: Decimal
    state: str
    credited_on_paper: bool = False


@dataclass(frozen=True)
class Verdict:
    action: Action
    flag: str = ""


def judge(*, amount: Decimal, ours: bool, notice: NoticeFacts | None) -> Verdict:
    """`ours`: the number carries our segregation code."""
    if amount <= 0:
        return Verdict(Action.IGNORE, "Ricevuta senza importo: nulla da accreditare.")
    if notice is None:
        return _unknown(ours)
    if notice.credited_on_paper:
        return Verdict(
            Action.REVIEW,
            "Possibile doppione: è già accreditata una ricevuta consegnata dal genitore che sembra questa.",
        )
    return Verdict(Action.CREDIT, " ".join(_oddities(amount, notice)))


def _unknown(ours: bool) -> Verdict:
    if ours:
        return Verdict(Action.REVIEW, "Numero avviso sconosciuto: scegli la famiglia a cui accreditare.")
    return Verdict(Action.IGNORE, "")


def _oddities(amount: Decimal, notice: NoticeFacts) -> list[str]:
    flags = {
        "paid": "Secondo pagamento di un avviso già pagato.",
        "expired": "Avviso scaduto al momento del pagamento.",
        "cancelled": "Avviso annullato prima del pagamento.",
    }
    found = [flags[notice.state]] if notice.state in flags else []
    if amount != notice.amount:
        found.append(f"Importo pagato {printed(amount)} diverso dall'avviso ({printed(notice.amount)}).")
    return found
