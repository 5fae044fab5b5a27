"""What an uploaded receipt probably is: the family's notices, and receipts that have already arrived. Read only."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Upper

from payments.models import Notice, Receipt, UploadedReceipt
from payments.rules.matching import Candidate, Claim, Suggestion, suggest
from wallets.ledger import ROME

WINDOW = dt.timedelta(days=10)


@dataclass(frozen=True)
class Match:
    """A suggestion with its row; `is_credited` means that the money is in a wallet already."""

    suggestion: Suggestion
    notice: Notice | None = None
    receipt: Receipt | None = None

    @property
    def is_credited(self) -> bool:
        return self.receipt is not None and self.receipt.state == Receipt.State.CREDITED


def matches(upload: UploadedReceipt) -> list[Match]:
    """Best first, receipts before notices when they weigh the same."""
    claim = claim_of(upload)
    receipts = {receipt.pk: receipt for receipt in _receipts(upload, claim)}
    notices = {notice.pk: notice for notice in _notices(upload)}
    found = [
        Match(one, receipt=receipts[one.candidate.pk])
        for one in suggest(claim, map(_of_receipt, receipts.values()))
    ]
    found += [
        Match(one, notice=notices[one.candidate.pk])
        for one in suggest(claim, map(_of_notice, notices.values()))
    ]
    return sorted(found, key=lambda match: -match.suggestion.score)


def same_file_elsewhere(upload: UploadedReceipt) -> int:
    """How many other families sent this very file."""
    rows = UploadedReceipt.objects.filter(file_digest=upload.file_digest).exclude(household=upload.household)
    return rows.values("household").distinct().count()


def claim_of(upload: UploadedReceipt) -> Claim:
    read = upload.read_data
    return Claim(
        amount=upload.declared_amount,
        paid_on=upload.declared_paid_on,
        navs=frozenset([*read.get("navs", []), *filter(None, [upload.declared_nav])]),
        receipt_ids=frozenset(read.get("receipt_ids", [])),
    )


def _receipts(upload: UploadedReceipt, claim: Claim) -> list[Receipt]:
    """Those of this family, those nobody has placed, and any that bears an identifier on the paper."""
    days = (claim.paid_on - WINDOW, claim.paid_on + WINDOW)
    unplaced = [Receipt.State.TO_REVIEW, Receipt.State.IGNORED]
    own = Receipt.objects.filter(entry__wallet__household=upload.household, amount=claim.amount)
    free = Receipt.objects.filter(state__in=unplaced, amount=claim.amount, paid_at__date__range=days)
    folded = Receipt.objects.alias(folded=Upper("receipt_id"))
    named = folded.filter(Q(folded__in={one.upper() for one in claim.receipt_ids}) | Q(nav__in=claim.navs))
    return list({row.pk: row for rows in (own, free, named) for row in rows.order_by("-pk")[:30]}.values())


def _notices(upload: UploadedReceipt) -> list[Notice]:
    rows = Notice.objects.filter(wallet__household=upload.household).select_related("pupil")
    return list(rows.exclude(state=Notice.State.CANCELLED).order_by("-pk")[:50])


def _of_receipt(receipt: Receipt) -> Candidate:
    paid_on = receipt.paid_at.astimezone(ROME).date() if receipt.paid_at else None
    return Candidate(receipt.pk, receipt.nav, receipt.amount, receipt.receipt_id, paid_on)


def _of_notice(notice: Notice) -> Candidate:
    paid_on = notice.paid_at.astimezone(ROME).date() if notice.paid_at else None
    return Candidate(notice.pk, notice.nav, notice.amount, "", paid_on)
