"""Reports, lines and journals of the tests, short to write."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from payments import settlement
from payments.configuration import creditor
from payments.models import SettlementReport
from payments.rules import reports
from payments.rules.reports import IncomingLine, IncomingReport
from payments.treasury_documents import IncomingCredit
from tests.payments.conftest import NOW

FDR = "2026-11-24BANCA-0001"
DAY = NOW.date()


def a_line(iuv: str, iur: str = "iur1", amount: str = "102.00", outcome: str = "0") -> IncomingLine:
    return reports.line(iuv=iuv, iur=iur, transfer=1, amount=Decimal(amount), outcome=outcome, paid_on=DAY)


def a_report(
    *lines: IncomingLine, fdr: str = FDR, revision: int = 1, total: str = "102.00", receiver: str = ""
) -> IncomingReport:
    return IncomingReport(
        fdr=fdr,
        psp="BANCA",
        revision=revision,
        flow_date=NOW + dt.timedelta(days=1),
        regulation="TRN1",
        regulation_date=DAY + dt.timedelta(days=1),
        total=Decimal(total),
        payments=len(lines),
        lines=lines,
        psp_name="Banca di prova",
        receiver=receiver or creditor().fiscal_code,
    )


def kept(report: IncomingReport) -> SettlementReport:
    return settlement.keep(incoming=report, channel=SettlementReport.Channel.REST, now=NOW).report


def a_credit(number: str = "1001", amount: str = "102.00", reference: str = "") -> IncomingCredit:
    return IncomingCredit(
        year=2026,
        number=number,
        amount=Decimal(amount),
        booked_on=DAY + dt.timedelta(days=1),
        reference=reference or f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}",
    )


def opi(*rows: Sequence[str]) -> bytes:
    """(number, amount, operation, reference) each."""
    movements = "".join(
        f"<movimento_conto_evidenza><tipo_movimento>ENTRATA</tipo_movimento><tipo_documento>SOSPESO ENTRATA</tipo_documento>"
        f"<tipo_operazione>{operation}</tipo_operazione><importo>{amount}</importo>"
        f"<numero_bolletta_quietanza>{number}</numero_bolletta_quietanza><data_movimento>2026-11-25</data_movimento>"
        f"<causale>{reference}</causale></movimento_conto_evidenza>"
        for number, amount, operation, reference in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><flusso_giornale_di_cassa><esercizio>2026</esercizio>'
        f"<informazioni_conto_evidenza>{movements}</informazioni_conto_evidenza></flusso_giornale_di_cassa>"
    ).encode()
