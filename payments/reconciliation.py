"""The reconciliation: receipts against reports against credits. Opens the cases of what does not match, ends those that do.

`sync` only reads evidence and writes cases. `follow_up` does what follows from them: a revoked payment is reversed, once; a
missing receipt is asked of pagoPA. No wallet ever waits for any of this.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import structlog
from django.db import connection, transaction
from django.db.models import Min, Q
from django.db.models.functions import Coalesce, Upper

from identity.models import User
from payments import receipts, recovery, revocations
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import (
    Receipt,
    ReconciliationCase,
    SettlementLine,
    SettlementReport,
)
from payments.receipts import IncomingReceipt
from payments.rules import reconciliation as rules
from payments.rules.evidence import (
    Books,
    CreditFact,
    Finding,
    Judgement,
    LineFact,
    ReceiptFact,
    ReportFact,
)
from payments.rules.labels import Label
from payments.treasury_facts import credit_facts
from wallets.ledger import ROME

log = structlog.get_logger(__name__)
WINDOW = dt.timedelta(days=60)
MARGIN = dt.timedelta(days=30)
LOCK = 5_260_802
COUNTED = (Receipt.State.CREDITED, Receipt.State.TO_REVIEW, Receipt.State.RECEIVED)
PLACED = (*COUNTED, Receipt.State.DUPLICATE)
NOON = dt.time(12, 0)
RECEIPT = (
    "pk",
    "receipt_id",
    "nav",
    "amount",
    "state",
    "moment",
    "confirmed_at",
    "entry__reversed_by",
    "entry__reversed_by__case",
    "same_as",
)
EVIDENCE = ("receipt", "line", "report", "credit")


@dataclass(frozen=True)
class Synced:
    opened: int
    solved: int


@dataclass(frozen=True)
class Look:
    """The judgement of a period with the facts behind it."""

    judgement: Judgement
    receipts: dict[int, ReceiptFact] = field(default_factory=dict)
    lines: dict[int, LineFact] = field(default_factory=dict)
    credits: tuple[CreditFact, ...] = ()


def look(*, first: dt.date, last: dt.date, today: dt.date) -> Look:
    """How the payments of these days stand; a constant number of queries."""
    books = load(first - MARGIN)
    judged = rules.judge(books, today=today)
    inside = {fact.pk: fact for fact in books.receipts if first <= fact.paid_on <= last and fact.counts}
    return Look(judged, inside, {line.pk: line for line in books.lines}, tuple(books.credits))


def sync(*, now: dt.datetime) -> Synced:
    """Make the cases say what the evidence says. Repeating it changes nothing; one at a time."""
    today = now.astimezone(ROME).date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        first = _first_day(today)
        found = rules.judge(load(first - MARGIN), today=today).findings
        begun = _begun()
        wanted = {one.key: one for one in found if one.day >= first and _has_begun(one, begun)}
        withdrawn = revocations.withdrawn()
        wanted = revocations.told_apart(wanted) | withdrawn
        opened = _open(wanted, now)
        solved = _solve(wanted, withdrawn, now)
    if opened or solved:
        log.info("reconciliation_synced", opened=opened, solved=solved)
    return Synced(opened, solved)


def _first_day(today: dt.date) -> dt.date:
    oldest = ReconciliationCase.objects.open().aggregate(day=Min("day"))["day"]
    return min(today - WINDOW, oldest or today)


def _begun() -> dt.date | None:
    """The first payment that any report tells of: what was paid before is not awaited."""
    ours = SettlementLine.objects.filter(is_ours=True)
    day: dt.date | None = ours.aggregate(day=Min("paid_on"))["day"]
    return day


def _has_begun(finding: Finding, begun: dt.date | None) -> bool:
    return finding.label is not Label.RT_NO_IUF or (begun is not None and finding.day >= begun)


def _open(wanted: dict[str, Finding], now: dt.datetime) -> int:
    known = {case.key: case for case in ReconciliationCase.objects.filter(key__in=wanted)}
    fresh = [_case(finding, now) for key, finding in wanted.items() if key not in known]
    ReconciliationCase.objects.bulk_create(fresh)
    for key, case in known.items():
        if _follows(case, wanted[key]) or case.solved_at is not None:
            case.solved_at = None
            case.save(update_fields=["solved_at", "reason", "amount", *EVIDENCE])
    return len(fresh)


def _follows(case: ReconciliationCase, finding: Finding) -> bool:
    """The case says what the evidence says now: a receipt that came later, the newest revision, the credit that still counts.
    What has been reversed stays the payment of its reversal."""
    says: dict[str, object] = {name: getattr(finding, name) for name in ("reason", "amount")}
    says |= {f"{name}_id": getattr(finding, name) for name in EVIDENCE}
    if case.reversal_id is not None:
        del says["receipt_id"]
    changed = {name: value for name, value in says.items() if getattr(case, name) != value}
    for name, value in changed.items():
        setattr(case, name, value)
    return bool(changed)


def _case(finding: Finding, now: dt.datetime) -> ReconciliationCase:
    return ReconciliationCase(
        key=finding.key,
        label=finding.label.value,
        day=finding.day,
        amount=finding.amount,
        reason=finding.reason,
        receipt_id=finding.receipt,
        line_id=finding.line,
        report_id=finding.report,
        credit_id=finding.credit,
        opened_at=now,
    )


def _solve(wanted: dict[str, Finding], withdrawn: Iterable[str], now: dt.datetime) -> int:
    """What the evidence no longer says. A revoked payment that has been reversed ends when a person has told the family, or
    when its revocation is withdrawn, which is another case."""
    over = Q(reversal__isnull=True) | Q(key__in=[key.removeprefix(revocations.BACK) for key in withdrawn])
    gone = ReconciliationCase.objects.open().filter(over).exclude(key__in=list(wanted))
    return gone.update(solved_at=now)


def load(first: dt.date) -> Books:
    """Everything since `first` that has to do with money of the canteen."""
    since = dt.datetime.combine(first, dt.time(0), tzinfo=ROME)
    reports = list(SettlementReport.objects.newest().filter(flow_date__gte=since))
    lines = [_line(*row) for row in _line_rows(report.pk for report in reports)]
    return Books(
        receipts=_receipts(since, lines),
        lines=lines,
        reports=[_report(report) for report in reports],
        credits=credit_facts(first=first, flows=[report.fdr for report in reports]),
    )


def _line_rows(reports: Iterable[int]) -> Iterable[tuple]:  # type: ignore[type-arg]
    rows = SettlementLine.objects.filter(report_id__in=list(reports)).order_by("report_id", "position")
    return rows.values_list(
        "pk", "report_id", "iur", "iuv", "transfer", "amount", "outcome", "paid_on", "is_ours"
    )


def _line(
    pk: int,
    report: int,
    iur: str,
    iuv: str,
    transfer: int,
    amount: Decimal,
    outcome: str,
    paid_on: dt.date,
    ours: bool,
) -> LineFact:
    return LineFact(pk, report, iur, iuv, transfer, amount, outcome, paid_on, ours)


def _report(report: SettlementReport) -> ReportFact:
    day = report.flow_date.astimezone(ROME).date()
    return ReportFact(report.pk, report.fdr, report.total, report.payments, day)


def _receipts(since: dt.datetime, lines: list[LineFact]) -> list[ReceiptFact]:
    """Those paid since then, and older ones that a report names only now."""
    rows = Receipt.objects.filter(fiscal_code=creditor().fiscal_code, state__in=PLACED, amount__gt=0)
    named = Q(folded__in={line.iur.upper() for line in lines})
    paid = rows.annotate(moment=Coalesce("paid_at", "received_at"), folded=Upper("receipt_id"))
    wanted = paid.filter(Q(moment__gte=since) | named)
    return [
        ReceiptFact(
            pk=pk,
            receipt_id=receipt_id,
            iuv=nav[1:],
            amount=amount,
            paid_on=moment.astimezone(ROME).date(),
            named=confirmed is not None and receipt_id != f"avviso-{nav}",
            counts=state in COUNTED,
            placed=state == Receipt.State.CREDITED,
            undone=reversal is not None and case is None,
            same_as=same_as,
        )
        for pk, receipt_id, nav, amount, state, moment, confirmed, reversal, case, same_as in wanted.order_by(
            "pk"
        ).values_list(*RECEIPT)
    ]


def follow_up(*, now: dt.datetime, limit: int = 50) -> int:
    """Reverse what was revoked, ask for receipts that are missing. Over the network: never inside a transaction."""
    done = revocations.reverse_owed(limit=limit, now=now)
    missing = ReconciliationCase.objects.open().filter(label=Label.IUV_NO_RT.value, line__isnull=False)
    found = 0
    for case in missing.select_related("line").order_by("recovery_tried_at", "pk")[:limit]:
        found += _recover(case, now)
    if found:
        sync(now=now)
    return done + found


def _recover(case: ReconciliationCase, now: dt.datetime) -> int:
    line = case.line
    if line is None:
        return 0
    ReconciliationCase.objects.filter(pk=case.pk).update(recovery_tried_at=now)
    return 1 if recovery.recover(iur=line.iur, iuv=line.iuv, now=now) is not None else 0


def credit_from_report(*, case: ReconciliationCase, by: User, now: dt.datetime) -> Receipt:
    """A person takes the bank's report as proof: a receipt under the same identifier, so that the real one never credits again."""
    line = case.line
    if not case.is_open or case.label != Label.IUV_NO_RT.value or line is None:
        raise PaymentRefused("Questo caso non è più aperto: ricarica la pagina.")
    incoming = IncomingReceipt(
        fiscal_code=creditor().fiscal_code,
        receipt_id=line.iur,
        nav=line.nav,
        amount=line.amount,
        paid_at=dt.datetime.combine(line.paid_on, NOON, tzinfo=ROME),
        psp=line.report.psp_name,
        raw=f"flusso {line.report.fdr}, riga {line.position}",
    )
    receipt = receipts.record(incoming=incoming, channel=Receipt.Channel.SETTLEMENT, now=now)
    log.info("credited_from_report", case=case.pk, receipt=receipt.pk, by=by.pk)
    sync(now=now)
    return receipt


def close(*, case: ReconciliationCase, note: str, by: User, now: dt.datetime) -> None:
    """A person has seen to it and says how."""
    if not note.strip():
        raise PaymentRefused("Scrivi come è andata a finire: resta nel registro dei casi.")
    closed = (
        ReconciliationCase.objects.open()
        .filter(pk=case.pk)
        .update(closed_at=now, closed_by=by, note=note.strip()[:300])
    )
    if not closed:
        raise PaymentRefused("Questo caso è già chiuso: ricarica la pagina.")
    log.info("case_closed", case=case.pk, by=by.pk)
