"""Payments that the bank has taken back: out of the wallet they go, once and exactly, whoever has read or closed the case.

A bank may withdraw a revocation with a new revision: then a person gives the money back, once; and may revoke it again: then
it is a new case.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

import structlog
from django.db import transaction
from django.db.models import F

from identity.models import User
from payments.errors import PaymentRefused
from payments.models import Receipt, ReconciliationCase, SettlementLine, SettlementReport
from payments.rules.evidence import REVOKED_OUTCOME, Finding, normal
from payments.rules.labels import Label
from wallets import ledger
from wallets.models import Entry

log = structlog.get_logger(__name__)
BACK = f"{Label.REVOKED_BACK.value}:"
AGAIN = ":bis"
GONE = "La banca aveva revocato il pagamento e il borsellino è stato stornato; nell'ultima revisione del flusso la revoca non c'è più."


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
        if mine.reversal_id or mine.receipt is None or mine.line is None:
            return 0
        entry = _in_force(mine.receipt)
        if entry is None or -mine.line.amount != mine.receipt.amount:
            return 0
        mine.reversal = ledger.reverse(entry=entry, reason="Pagamento revocato dalla banca", by=None, now=now)
        mine.save(update_fields=["reversal"])
    log.warning("revoked_payment_reversed", case=mine.pk)
    return 1


def _in_force(receipt: Receipt) -> Entry | None:
    """The movement that holds the money of a receipt now: its credit, or the last re-credit after a revocation."""
    again = ReconciliationCase.objects.filter(receipt=receipt, recredit__isnull=False).order_by("-pk").first()
    return again.recredit if again else receipt.entry


def told_apart(findings: dict[str, Finding]) -> dict[str, Finding]:
    """A payment revoked again after its re-credit is a new case: the one before is over."""
    over = set(ReconciliationCase.objects.filter(recredit__isnull=False).values_list("key", flat=True))
    found = {}
    for finding in findings.values():
        key = finding.key
        while key in over:
            key += AGAIN
        found[key] = replace(finding, key=key)
    return found


def withdrawn() -> dict[str, Finding]:
    """Payments reversed that no bank revokes any more, by key: the town has the money, the family has not."""
    rows = ReconciliationCase.objects.filter(reversal__isnull=False, recredit__isnull=True)
    cases = list(rows.select_related("line", "reversal"))
    standing = _standing(cases)
    gone = [_given_back(case) for case in cases if case.pk not in standing]
    return {finding.key: finding for finding in gone}


def _given_back(case: ReconciliationCase) -> Finding:
    amount = -case.reversal.amount if case.reversal else case.amount
    return Finding(
        label=Label.REVOKED_BACK,
        key=f"{BACK}{case.key}",
        day=case.day,
        amount=amount,
        reason=GONE,
        receipt=case.receipt_id,
        line=case.line_id,
        report=case.report_id,
    )


def restore(*, case: ReconciliationCase, reason: str, by: User, now: dt.datetime) -> Entry:
    """The bank has withdrawn a revocation: what was reversed goes back to the same wallet, once. The family reads the reason."""
    if not reason.strip():
        raise PaymentRefused("Scrivi il motivo: la famiglia lo legge nell'estratto conto.")
    with transaction.atomic():
        rows = ReconciliationCase.objects.select_for_update(of=("self",)).select_related("reversal", "line")
        before = rows.filter(key=case.key.removeprefix(BACK), recredit__isnull=True).first()
        if before is None or before.reversal is None or not case.is_open or _standing([before]):
            raise PaymentRefused("Questo caso non è più aperto: ricarica la pagina.")
        before.recredit = _credit_back(before.reversal, reason.strip(), by, now)
        before.save(update_fields=["recredit"])
    log.warning("withdrawn_revocation_recredited", case=before.pk, by=by.pk)
    return before.recredit


def _credit_back(reversal: Entry, reason: str, by: User, now: dt.datetime) -> Entry:
    """With the value of the reversal's day: the year of the certificate is the one in which the family paid."""
    return ledger.credit(
        wallet=reversal.wallet,
        amount=-reversal.amount,
        cause=f"restored:{reversal.pk}",
        value_day=reversal.value_day,
        pupil=reversal.pupil,
        reason=f"La banca ha ritirato la revoca del pagamento. {reason}"[:300],
        by=by,
        now=now,
    )
