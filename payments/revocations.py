"""Payments that the bank has taken back: out of the wallet they go, once and exactly, whoever has read or closed the case."""

import datetime as dt
from collections.abc import Collection

import structlog
from django.db import transaction
from django.db.models import F

from payments.models import ReconciliationCase, SettlementLine, SettlementReport
from payments.rules.labels import Label
from payments.rules.reconciliation import REVOKED_OUTCOME, normal
from wallets import ledger

log = structlog.get_logger(__name__)


def reverse_owed(*, limit: int, now: dt.datetime) -> int:
    """Every revoked payment whose receipt has credited a wallet; how many were reversed."""
    rows = ReconciliationCase.objects.filter(
        label=Label.REVOKED.value,
        reversal__isnull=True,
        receipt__entry__isnull=False,
        receipt__amount=-F("line__amount"),
    )
    cases = list(rows.select_related("receipt__entry", "line").order_by("-pk")[:limit])
    standing = _standing(cases)
    return sum(reverse(case=case, now=now) for case in cases if case.pk in standing)


def _standing(cases: Collection[ReconciliationCase]) -> set[int]:
    """Those whose revocation is in the newest revision of a report: a bank may withdraw it."""
    lines = SettlementLine.objects.filter(
        report__in=SettlementReport.objects.newest(),
        outcome=REVOKED_OUTCOME,
        iuv__in={case.line.iuv for case in cases if case.line},
    )
    said = {(normal(iur), transfer) for iur, transfer in lines.values_list("iur", "transfer")}
    return {case.pk for case in cases if case.line and (normal(case.line.iur), case.line.transfer) in said}


def reverse(*, case: ReconciliationCase, now: dt.datetime) -> int:
    """The bank has taken the money back: out of the wallet it goes, once. Another amount is for a person."""
    with transaction.atomic():
        mine = ReconciliationCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if mine.reversal_id or mine.receipt is None or mine.receipt.entry is None or mine.line is None:
            return 0
        if -mine.line.amount != mine.receipt.amount:
            return 0
        mine.reversal = ledger.reverse(
            entry=mine.receipt.entry, reason="Pagamento revocato dalla banca", by=None, now=now
        )
        mine.save(update_fields=["reversal"])
    log.warning("revoked_payment_reversed", case=mine.pk)
    return 1
