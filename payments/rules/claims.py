"""Which reported payment each receipt is, and whose it is when two say so. Pure."""

from collections import defaultdict
from collections.abc import Mapping

from payments.rules.evidence import LineFact, ReceiptFact, normal


def payments_of(receipts: list[ReceiptFact], by_iur: Mapping[str, list[LineFact]]) -> dict[int, str]:
    """The reported payment (IUR) that each receipt is, by pk: the one of its name, or else one of its notice. What was set
    aside as a double lends its payment to the receipt that was credited in its place; a paper, whose identifier is only what
    somebody read, takes one that was executed: rather one that no other receipt is, rather one that stands."""
    own = {fact.pk: normal(fact.receipt_id) for fact in receipts if normal(fact.receipt_id) in by_iur}
    aside = [fact for fact in receipts if fact.pk in own and not fact.counts]
    said = {fact.same_as: own[fact.pk] for fact in aside if fact.same_as is not None}
    found = said | own
    taken = {found[fact.pk] for fact in receipts if fact.pk in found and fact.counts}
    lent = {own[fact.pk] for fact in aside if fact.same_as is None} - taken
    of_notice = _of_notice(by_iur)
    for fact in receipts:
        if fact.pk in found:
            continue
        offered = [iur for iur in of_notice[normal(fact.iuv)] if iur in lent or _may_be(fact, by_iur[iur])]
        if offered:
            found[fact.pk] = min(offered, key=lambda iur: (iur in taken, _is_revoked(by_iur[iur])))
            taken |= {found[fact.pk]} if fact.counts else set()
    return found


def _of_notice(by_iur: Mapping[str, list[LineFact]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for iur, lines in by_iur.items():
        found[normal(lines[0].iuv)].append(iur)
    return found


def _may_be(fact: ReceiptFact, lines: list[LineFact]) -> bool:
    """A paper may be any payment of its notice that was executed; a receipt of the node is the one of its name alone."""
    return not fact.named and not all(line.is_revoked for line in lines)


def _is_revoked(lines: list[LineFact]) -> bool:
    return any(line.is_revoked for line in lines)


def first(counted: list[ReceiptFact], payments: Mapping[int, str]) -> dict[str, int]:
    """Whose payment it is when more than one receipt says so: of the one in a wallet, then of the one that bears its name."""
    found: dict[str, int] = {}
    for fact in sorted(counted, key=lambda fact: (not fact.placed, fact.undone, not fact.named, fact.pk)):
        if fact.pk in payments:
            found.setdefault(payments[fact.pk], fact.pk)
    return found
