"""Which payment an uploaded receipt probably is. Pure: candidates in, suggestions with their reasons out, best first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

DAYS_APART = 3


@dataclass(frozen=True)
class Claim:
    """What the parent declared and the paper says."""

    amount: Decimal
    paid_on: date
    navs: frozenset[str] = frozenset()
    receipt_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """A notice (`receipt_id` empty) or a receipt that has already arrived. `pk` is the row's."""

    pk: int
    nav: str
    amount: Decimal
    receipt_id: str = ""
    paid_on: date | None = None


@dataclass(frozen=True)
class Suggestion:
    candidate: Candidate
    score: int
    reasons: tuple[str, ...]


def suggest(claim: Claim, candidates: Iterable[Candidate]) -> list[Suggestion]:
    """Only candidates with at least one reason; the identifier weighs more than the amount, the amount more than the date."""
    judged = [_judge(claim, candidate) for candidate in candidates]
    return sorted((s for s in judged if s.score >= 2), key=lambda s: (-s.score, s.candidate.pk))


def _judge(claim: Claim, candidate: Candidate) -> Suggestion:
    reasons: list[tuple[int, str]] = []
    if candidate.receipt_id.upper() in {one.upper() for one in claim.receipt_ids if one}:
        reasons.append((8, "stesso identificativo della ricevuta"))
    if candidate.nav and _same_number(candidate.nav, claim.navs):
        reasons.append((5, "stesso numero avviso"))
    if candidate.amount == claim.amount:
        reasons.append((2, "stesso importo"))
    if candidate.paid_on and abs((candidate.paid_on - claim.paid_on).days) <= DAYS_APART:
        reasons.append((1, "data vicina"))
    return Suggestion(candidate, sum(weight for weight, _ in reasons), tuple(reason for _, reason in reasons))


def _same_number(nav: str, claimed: frozenset[str]) -> bool:
    """The family may have typed the notice number or only the IUV."""
    return nav in claimed or nav[1:] in claimed
