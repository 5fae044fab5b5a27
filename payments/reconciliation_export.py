"""The reconciliation for the accounts office's spreadsheet: codes, amounts and days; never a name."""

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from payments.models import Receipt, ReconciliationCase, SettlementReport
from payments.reconciliation import Look
from payments.reconciliation_view import flows
from payments.rules.labels import Label
from wallets import csv_file
from wallets.csv_file import Cell
from wallets.ledger import ROME

PAYMENTS = (
    "Pagato il",
    "Importo",
    "Accreditato",
    "Numero avviso",
    "Ricevuta (IUR)",
    "Famiglia",
    "Pagato con",
    "Stato",
    "Etichetta",
    "Flusso",
    "Data del flusso",
    "Sospeso",
)
CASES = (
    "Giorno",
    "Importo",
    "Che cosa",
    "Etichetta",
    "Perché",
    "Flusso",
    "Ricevuta (IUR)",
    "Sospeso",
    "Aperto il",
)
FLOWS = ("Flusso", "Banca", "Revisione", "Data del bonifico", "Pagamenti", "Importo", "Stato", "Sospeso")
EURO = "#,##0.00"
DAY = "dd/mm/yyyy"


def as_csv(look: Look) -> str:
    return csv_file.render(PAYMENTS, payment_rows(look))


def as_xlsx(look: Look, *, first: dt.date, last: dt.date) -> bytes:
    """Three sheets: payments of the period, what is to be seen to, flows of the period."""
    book = openpyxl.Workbook(write_only=True)
    _sheet(book, "Pagamenti", PAYMENTS, payment_rows(look))
    _sheet(book, "Da sistemare", CASES, case_rows())
    _sheet(book, "Flussi", FLOWS, flow_rows(look, first, last))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def payment_rows(look: Look) -> Iterable[Sequence[Cell]]:
    rows = Receipt.objects.filter(pk__in=look.receipts).select_related("entry__wallet__household")
    lines = {receipt: look.lines[line] for receipt, line in look.judgement.lines.items()}
    reports = SettlementReport.objects.in_bulk({line.report for line in lines.values()})
    numbers = _credit_numbers(look, reports.values())
    for row in rows.order_by("paid_at", "pk"):
        label = look.judgement.receipts[row.pk]
        line = lines.get(row.pk)
        is_placed = look.receipts[row.pk].placed
        report = reports[line.report] if line else None
        yield (
            look.receipts[row.pk].paid_on,
            row.amount,
            row.amount if is_placed else None,
            row.nav,
            row.receipt_id,
            row.entry.wallet.household.code if row.entry else "",
            row.psp,
            label.words if is_placed else f"da abbinare; {label.words}",
            label.value,
            report.fdr if report else "",
            report.regulation_date if report else None,
            numbers.get(report.pk, "") if report else "",
        )


def case_rows() -> Iterable[Sequence[Cell]]:
    rows = ReconciliationCase.objects.open().select_related("report", "receipt", "line", "credit")
    for case in rows.order_by("day", "pk"):
        identifier = case.receipt.receipt_id if case.receipt else case.line.iur if case.line else ""
        yield (
            case.day,
            case.amount,
            Label(case.label).words,
            case.label,
            case.reason,
            case.report.fdr if case.report else "",
            identifier,
            case.credit.number if case.credit else "",
            case.opened_at.astimezone(ROME).date(),
        )


def flow_rows(look: Look, first: dt.date, last: dt.date) -> Iterable[Sequence[Cell]]:
    rows = SettlementReport.objects.newest().filter(regulation_date__range=(first, last))
    for flow in flows(look, rows.order_by("regulation_date", "pk")):
        report = flow.report
        yield (
            report.fdr,
            report.psp_name or report.psp,
            report.revision,
            report.regulation_date,
            report.payments,
            report.total,
            flow.label.words if flow.label else "di altri servizi",
            ", ".join(credit.number for credit in flow.credits),
        )


def _credit_numbers(look: Look, reports: Iterable[SettlementReport]) -> dict[int, str]:
    return {
        flow.report.pk: ", ".join(credit.number for credit in flow.credits) for flow in flows(look, reports)
    }


def _sheet(
    book: openpyxl.Workbook, title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(header):
        sheet.column_dimensions[chr(ord("A") + number)].width = max(14, len(name) + 4)
    cells = [WriteOnlyCell(sheet, name) for name in header]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: object, value: Cell) -> object:
    """A text is a text also when it looks like a formula; the control characters that no spreadsheet takes are left out."""
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"
        return cell
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, Decimal):
        cell.number_format = EURO
    elif isinstance(value, dt.date):
        cell.number_format = DAY
    return cell
