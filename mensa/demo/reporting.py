"""What the bank and the treasurer told of the two months: a flow for each working day, and a transfer; one of them is a euro short."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

from django.db import transaction

from mensa.demo import facts, people
from mensa.demo.plan import Step
from payments import reconciliation, settlement, treasury
from payments.configuration import creditor
from payments.models import Receipt, SettlementReport
from payments.rules import reports
from payments.rules.reports import IncomingReport
from payments.simulator import documents
from wallets.ledger import ROME

PSP = "BANCADIPROVA"
BANK = f"Banca di prova ({facts.SIMULATION})"
LAST_FLOW = facts.START.date() - dt.timedelta(days=1)
#: Of the flows, counted from the last: the one whose transfer is short, the one whose reference the bank has spoilt.
SHORT, SPOILT = 8, 4


def steps() -> list[Step]:
    return [Step("La rendicontazione della banca…", SettlementReport.objects.exists, report)]


@transaction.atomic
def report() -> None:
    flows = [
        _flow(day, number, rows) for number, (day, rows) in enumerate(sorted(_by_flow().items()), start=1)
    ]
    for flow in flows:
        settlement.keep(incoming=flow, channel=SettlementReport.Channel.REST, now=facts.START)
    if flows:
        data = documents.journal(_credits(flows), town=creditor().name, now=facts.START)
        treasury.load(data=data, name="giornale.xml", by=people.accounts(), now=facts.START)
    reconciliation.sync(now=facts.START)


def _by_flow() -> dict[dt.date, list[Receipt]]:
    """Receipts by the working day on which the bank transfers them: the next one."""
    found: dict[dt.date, list[Receipt]] = defaultdict(list)
    rows = Receipt.objects.filter(state=Receipt.State.CREDITED, paid_at__isnull=False)
    for receipt in rows.order_by("paid_at", "pk"):
        assert receipt.paid_at is not None  # noqa: S101 - for the type checker: the query says it
        day = _next_working_day(receipt.paid_at.astimezone(ROME).date())
        if day <= LAST_FLOW:
            found[day].append(receipt)
    return found


def _next_working_day(day: dt.date) -> dt.date:
    after = day + dt.timedelta(days=1)
    return after + dt.timedelta(days=max(0, 7 - after.weekday()) if after.weekday() > 4 else 0)


def _flow(day: dt.date, number: int, rows: list[Receipt]) -> IncomingReport:
    lines = tuple(
        reports.line(
            iuv=row.nav[1:],
            iur=row.receipt_id,
            transfer=1,
            amount=row.amount,
            outcome="0",
            paid_on=row.paid_at.astimezone(ROME).date() if row.paid_at else day,
        )
        for row in rows
    )
    return IncomingReport(
        fdr=f"{day.isoformat()}{PSP}-{number:06d}",
        psp=PSP,
        psp_name=BANK,
        revision=1,
        flow_date=facts.at(day, 18),
        published_at=facts.at(day, 18),
        regulation=f"SIM{number:06d}",
        regulation_date=day,
        total=sum((line.amount for line in lines), Decimal(0)),
        payments=len(lines),
        lines=lines,
        receiver=creditor().fiscal_code,
    )


def _credits(flows: list[IncomingReport]) -> list[dict[str, object]]:
    """The treasurer's movements, as his journal writes them."""
    short, spoilt = (flows[-place] if len(flows) >= place else None for place in (SHORT, SPOILT))
    return [
        {
            "number": number,
            "day": flow.regulation_date.isoformat(),
            "amount": flow.total - (1 if flow is short else 0),
            "reference": _reference(flow.fdr, spoilt=flow is spoilt),
            "operation": "credit",
            "cancels": 0,
        }
        for number, flow in enumerate(flows, start=1)
    ]


def _reference(fdr: str, *, spoilt: bool) -> str:
    """As banks write it, or as what is left when a bank has cut it into pieces."""
    if spoilt:
        return f"{facts.SIMULATION} BONIFICO PUR LGPE- RIVERSAMENTO U RI {fdr[:8]} {fdr[8:10]} {fdr[10:]} ORD. BANCA"
    return f"{facts.SIMULATION} /PUR/LGPE-RIVERSAMENTO/URI/{fdr}"
