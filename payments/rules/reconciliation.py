"""Does the money of the receipts arrive? Receipts, report lines, reports and credits in; a label for each receipt and what does
not match out. Pure.

The labels are those of the national reference (p4pa): RT the receipt, IUF the report of the PSP, TES the treasurer's credit.
Nothing here holds money back: a wallet is credited by its receipt, whatever happens afterwards.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from payments.rules import claims
from payments.rules.amounts import printed
from payments.rules.evidence import (
    Books,
    CreditFact,
    Finding,
    Judgement,
    LineFact,
    ReceiptFact,
    ReportFact,
    normal,
)
from payments.rules.labels import Label

#: Working days after which a report, or the treasurer's credit of a report, is late (D+3).
PATIENCE = 3
LONGEST_REASON = 400
#: Where the money of a receipt is, by `placed`.
WHERE = {True: "Pagato e accreditato alla famiglia", False: "Pagato, non ancora abbinato a una famiglia"}
#: A revoked payment that never came is another thing than one that did: closing the first closes nothing of the second.
NO_RECEIPT = "senza-ricevuta"
NEVER_CAME = "La banca ha revocato un pagamento che non era arrivato: nessun borsellino è stato toccato."
OTHER_CREDITED = (
    "La banca ha revocato un pagamento la cui ricevuta non è arrivata. Per lo stesso avviso è accreditata un'altra ricevuta: "
    "controlla se è questo pagamento."
)
SET_ASIDE = (
    "La banca ha revocato un pagamento la cui ricevuta è stata messa da parte come doppione: il portale non sa quale altra "
    "ricevuta lo ha accreditato."
)


def is_late(day: dt.date, today: dt.date, patience: int = PATIENCE) -> bool:
    """More than `patience` working days (Monday to Friday) have gone by since `day`."""
    passed = sum(
        (day + dt.timedelta(days=n)).weekday() < 5 for n in range(1, min((today - day).days, 30) + 1)
    )
    return passed > patience


def judge(books: Books, *, today: dt.date) -> Judgement:
    """Every receipt gets one label; every thing that a person must look at is one finding."""
    found = Judgement()
    lines = list(books.lines)
    reports = list(books.reports)
    transfers = list(books.credits)
    by_report: dict[int, list[LineFact]] = defaultdict(list)
    for line in lines:
        by_report[line.report].append(line)
    paid = _judge_reports(reports, by_report, transfers, found, today)
    _judge_receipts(list(books.receipts), lines, paid, transfers, found, today)
    _judge_credits(reports, transfers, {normal(fact.iuv) for fact in books.receipts}, found, today)
    return found


def _judge_reports(
    reports: list[ReportFact],
    lines: Mapping[int, list[LineFact]],
    transfers: list[CreditFact],
    found: Judgement,
    today: dt.date,
) -> set[int]:
    """Returns the reports whose money is on the town's account, to the cent."""
    arrived: dict[str, list[CreditFact]] = defaultdict(list)
    for credit in transfers:
        arrived[normal(credit.iuf)].append(credit)
    for report in reports:
        mine = lines.get(report.pk, [])
        if not any(line.ours for line in mine):
            continue  # money of other services of the town
        if problem := _sum_problem(report, mine):
            found.findings.append(_about_report(Label.IUF_SUM, report, problem))
        found.reports[report.pk] = _judge_credit_of(report, arrived.get(normal(report.fdr), []), found, today)
    return {pk for pk, label in found.reports.items() if label is Label.RT_IUF_TES}


def _sum_problem(report: ReportFact, lines: list[LineFact]) -> str:
    """Banks write revoked amounts with either sign, and count them in the total or not."""
    kept = sum((line.amount for line in lines if not line.is_revoked), Decimal(0))
    revoked = sum((abs(line.amount) for line in lines if line.is_revoked), Decimal(0))
    if len(lines) != report.payments:
        return f"Il flusso dichiara {report.payments} pagamenti e ne elenca {len(lines)}."
    if report.total not in {kept, kept + revoked, kept - revoked}:
        return (
            f"Il flusso dichiara {printed(report.total)} euro e le sue righe fanno {printed(kept - revoked)}."
        )
    return ""


def _judge_credit_of(
    report: ReportFact, arrived: list[CreditFact], found: Judgement, today: dt.date
) -> Label:
    total = sum((credit.amount for credit in arrived), Decimal(0))
    nothing_due = report.total <= 0 and not arrived  # its revoked payments leave nothing to transfer
    if total == report.total or nothing_due:
        return Label.RT_IUF_TES
    if total:
        reason = f"Il flusso è di {printed(report.total)} euro, il tesoriere ha ricevuto {printed(total)}."
        found.findings.append(_about_report(Label.IUF_TES_DIV_IMP, report, reason, credit=arrived[0].pk))
        return Label.IUF_TES_DIV_IMP
    if is_late(report.day, today):
        reason = f"Il flusso {report.fdr} di {printed(report.total)} euro non ha un accredito del tesoriere."
        found.findings.append(_about_report(Label.IUF_NO_TES, report, reason))
    return Label.IUF_NO_TES


def _about_report(label: Label, report: ReportFact, reason: str, credit: int | None = None) -> Finding:
    return Finding(
        label=label,
        key=f"{label.value}:{normal(report.fdr)}",
        day=report.day,
        amount=report.total,
        reason=reason[:LONGEST_REASON],
        report=report.pk,
        credit=credit,
    )


def _judge_receipts(
    receipts: list[ReceiptFact],
    lines: list[LineFact],
    paid: set[int],
    transfers: list[CreditFact],
    found: Judgement,
    today: dt.date,
) -> None:
    by_iur: dict[str, list[LineFact]] = defaultdict(list)
    for line in lines:
        by_iur[normal(line.iur)].append(line)
    singles = {(normal(credit.iuv), credit.amount) for credit in transfers if credit.iuv}
    payments = claims.payments_of(receipts, by_iur)
    counted = [receipt for receipt in receipts if receipt.counts]
    first = claims.first(counted, payments)
    for receipt in counted:
        iur = payments.get(receipt.pk, "")
        mine = by_iur[iur] if iur else []
        label = _label(receipt, mine, paid, (normal(receipt.iuv), receipt.amount) in singles)
        if mine:
            found.lines[receipt.pk] = min(mine, key=lambda line: line.is_revoked).pk
        if mine and first[iur] != receipt.pk:
            label = _report_second(receipt, mine[0], label, found)
        else:
            _report_receipt(receipt, mine, label, found, today)
        found.receipts[receipt.pk] = label
    credited = {normal(receipt.iuv) for receipt in counted if receipt.placed}
    _judge_lines(by_iur, set(first), set(payments.values()), credited, found)


def _report_second(receipt: ReceiptFact, line: LineFact, label: Label, found: Judgement) -> Label:
    """The same payment is in a wallet twice, as paper and as receipt. One that is in no wallet is no harm."""
    if not receipt.placed or receipt.undone:
        return label
    reason = (
        "Due ricevute accreditate sono lo stesso pagamento del flusso: i soldi arrivati sono di una sola."
    )
    about = _about_line(Label.RT_TWICE, line, reason, receipt.pk)
    found.findings.append(
        replace(about, key=f"{Label.RT_TWICE.value}:{receipt.pk}", amount=receipt.amount, day=receipt.paid_on)
    )
    return Label.RT_TWICE


def _label(receipt: ReceiptFact, mine: list[LineFact], paid: set[int], single: bool) -> Label:
    if any(line.is_revoked for line in mine):
        return Label.REVOKED
    if not mine:
        return Label.RT_TES if single else Label.RT_NO_IUF
    if mine[0].amount != receipt.amount:
        return Label.RT_IUF_DIV_IMP
    return Label.RT_IUF_TES if mine[0].report in paid else Label.RT_IUF


def _report_receipt(
    receipt: ReceiptFact, mine: list[LineFact], label: Label, found: Judgement, today: dt.date
) -> None:
    if label is Label.RT_NO_IUF and is_late(receipt.paid_on, today):
        reason = f"{WHERE[receipt.placed]}, ma nessun flusso della banca lo riporta ancora."
        found.findings.append(
            Finding(label, f"{label.value}:{receipt.pk}", receipt.paid_on, receipt.amount, reason, receipt.pk)
        )
    if label is Label.RT_IUF_DIV_IMP:
        reason = (
            f"La ricevuta è di {printed(receipt.amount)} euro, il flusso riporta {printed(mine[0].amount)}."
        )
        found.findings.append(_about_line(label, mine[0], reason, receipt.pk))
    if label is Label.REVOKED:
        revoked = next(line for line in mine if line.is_revoked)
        reason = "La banca ha revocato il pagamento dopo la ricevuta."
        found.findings.append(_about_line(label, revoked, reason, receipt.pk))


def _judge_lines(
    by_iur: Mapping[str, list[LineFact]],
    counted: set[str],
    known: set[str],
    credited: set[str],
    found: Judgement,
) -> None:
    """Payments of ours that are reported without a receipt, or more than once. `counted`: those of a receipt that counts;
    `known`: also those of one that was set aside; `credited`: the notices (IUV) that credited somebody."""
    for iur, lines in by_iur.items():
        executed = [line for line in lines if line.ours and not line.is_revoked]
        revoked = any(line.is_revoked for line in lines)
        if executed and iur not in known and not revoked:
            reason = (
                f"Il flusso riporta {printed(executed[0].amount)} euro pagati, ma la ricevuta non è arrivata."
            )
            found.findings.append(_about_line(Label.IUV_NO_RT, executed[0], reason))
        elif revoked and iur not in counted and any(line.ours for line in lines):
            line = next(line for line in lines if line.is_revoked)
            about = _about_line(Label.REVOKED, line, _why_not_reversed(line, known, credited))
            found.findings.append(replace(about, key=f"{about.key}:{NO_RECEIPT}"))
        _report_repeated(executed, found)


def _why_not_reversed(line: LineFact, known: set[str], credited: set[str]) -> str:
    if normal(line.iur) in known:
        return SET_ASIDE
    return OTHER_CREDITED if normal(line.iuv) in credited else NEVER_CAME


def _report_repeated(executed: list[LineFact], found: Judgement) -> None:
    seen: set[int] = set()
    for line in executed:
        if line.transfer in seen:
            reason = f"Lo stesso pagamento di {printed(line.amount)} euro è rendicontato più di una volta."
            found.findings.append(_about_line(Label.DUPLICATE, line, reason))
        seen.add(line.transfer)


def _about_line(label: Label, line: LineFact, reason: str, receipt: int | None = None) -> Finding:
    identity = f"{normal(line.iur)}:{line.transfer}"
    if label is Label.DUPLICATE:
        identity = f"{identity}:{line.pk}"
    return Finding(
        label=label,
        key=f"{label.value}:{identity}",
        day=line.paid_on,
        amount=line.amount,
        reason=reason[:LONGEST_REASON],
        receipt=receipt,
        line=line.pk,
        report=line.report,
    )


def _judge_credits(
    reports: list[ReportFact], transfers: list[CreditFact], iuvs: set[str], found: Judgement, today: dt.date
) -> None:
    known = {normal(report.fdr) for report in reports}
    free = [report for report in reports if found.reports.get(report.pk) is Label.IUF_NO_TES]
    for credit in transfers:
        if (credit.iuf and normal(credit.iuf) in known) or (credit.iuv and normal(credit.iuv) in iuvs):
            continue
        if (credit.iuf or credit.iuv) and not is_late(credit.booked_on, today):
            continue  # its report may still be on the way
        found.findings.append(
            Finding(
                Label.TES_NO_IUF_OR_IUV,
                f"{Label.TES_NO_IUF_OR_IUV.value}:{credit.pk}",
                credit.booked_on,
                credit.amount,
                _why_unknown(credit, free)[:LONGEST_REASON],
                credit=credit.pk,
            )
        )


def _why_unknown(credit: CreditFact, free: list[ReportFact]) -> str:
    twins = [report.fdr for report in free if report.total == credit.amount]
    hint = f" Ha lo stesso importo del flusso {twins[0]}." if len(twins) == 1 else ""
    if credit.iuf:
        return f"La causale nomina il flusso {credit.iuf}, che non è arrivato.{hint}"
    if credit.iuv:
        return f"La causale nomina lo IUV {credit.iuv}, che non è di un pagamento della mensa.{hint}"
    return f"Nella causale non si legge né un flusso né uno IUV.{hint}"
