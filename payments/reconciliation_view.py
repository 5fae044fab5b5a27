"""What the reconciliation's pages show of the judgement: shares for the picture and its table, flows with their credit. Read only."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from payments.models import SettlementReport, TreasuryCredit
from payments.reconciliation import Look
from payments.rules.labels import Label
from payments.rules.reconciliation import normal

WIDTH = 1000  # of the bar, in units of the drawing
ORDER = (
    (Label.RT_IUF_TES, "done"),
    (Label.RT_TES, "done-single"),
    (Label.RT_IUF, "reported"),
    (Label.RT_NO_IUF, "waiting"),
    (Label.RT_IUF_DIV_IMP, "differs"),
    (Label.RT_TWICE, "twice"),
    (Label.REVOKED, "revoked"),
)


@dataclass(frozen=True)
class Share:
    """Payments of one label. `x` and `width`: its piece of the bar, by amount."""

    label: Label
    css: str
    payments: int
    total: Decimal
    x: int
    width: int
    percent: Decimal


@dataclass(frozen=True)
class Flow:
    report: SettlementReport
    label: Label | None
    credits: tuple[TreasuryCredit, ...]


def shares(look: Look) -> list[Share]:
    """In a fixed order, empty ones left out; the pieces fill the bar exactly."""
    sums: dict[Label, list[Decimal]] = {label: [] for label, _ in ORDER}
    for pk, fact in look.receipts.items():
        sums[look.judgement.receipts[pk]].append(fact.amount)
    whole = sum((amount for amounts in sums.values() for amount in amounts), Decimal(0))
    found: list[Share] = []
    before = Decimal(0)
    for label, css in ORDER:
        if not sums[label]:
            continue
        total = sum(sums[label], Decimal(0))
        start, end = (int(WIDTH * edge / whole) for edge in (before, before + total))
        percent = (100 * total / whole).quantize(Decimal("0.1"))
        found.append(Share(label, css, len(sums[label]), total, start, end - start, percent))
        before += total
    return found


def flows(look: Look, reports: Iterable[SettlementReport]) -> list[Flow]:
    """Each report with the credits that name it, or that a person has matched."""
    reports = list(reports)
    by_flow: dict[str, list[int]] = {}
    for fact in look.credits:
        by_flow.setdefault(normal(fact.iuf), []).append(fact.pk)
    wanted = [pk for report in reports for pk in by_flow.get(normal(report.fdr), [])]
    rows = TreasuryCredit.objects.in_bulk(wanted)
    return [
        Flow(
            report,
            look.judgement.reports.get(report.pk),
            tuple(rows[pk] for pk in by_flow.get(normal(report.fdr), [])),
        )
        for report in reports
    ]
