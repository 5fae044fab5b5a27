"""What the reconciliation's pages show of the judgement: shares for the picture and its table, flows with their credit. Read only."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from payments.models import SettlementReport, TreasuryCredit
from payments.reconciliation import Look
from payments.rules.evidence import normal
from payments.rules.labels import Label

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
class Sum:
    """Some payments together."""

    payments: int
    total: Decimal


@dataclass(frozen=True)
class Flow:
    report: SettlementReport
    label: Label | None
    credits: tuple[TreasuryCredit, ...]


def shares(look: Look) -> list[Share]:
    """Of what is in the wallets, in a fixed order, empty ones left out; the pieces fill the bar exactly."""
    sums: dict[Label, list[Decimal]] = {label: [] for label, _ in ORDER}
    for pk, fact in look.receipts.items():
        if fact.placed:
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


def credited(look: Look) -> Sum:
    """What the wallets have received: the same to the cent as the ledger's credits of receipts in those days."""
    return _sum(fact.amount for fact in look.receipts.values() if fact.placed)


def waiting(look: Look) -> Sum:
    """What has arrived and is nobody's yet: a person has to place it."""
    return _sum(fact.amount for fact in look.receipts.values() if not fact.placed)


def _sum(amounts: Iterable[Decimal]) -> Sum:
    found = list(amounts)
    return Sum(len(found), sum(found, Decimal(0)))


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
