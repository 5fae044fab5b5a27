"""What the bank of the simulation does at the end of a day: one flow, one transfer, the defects chosen; and, asked, it mends them."""

import datetime as dt
import threading
from collections.abc import Collection
from decimal import Decimal

from payments.simulator import day
from payments.simulator.creditor import Refused, Silent
from payments.simulator.day import Body, Report
from payments.simulator.node import ROME, WAYS, Node

_one_at_a_time = threading.Lock()


class NothingToClose(Exception):
    """str() is an Italian sentence."""


def close(node: Node, *, defects: Collection[str], body: Body) -> str:
    """Every payment not yet reported goes into one flow; returns its identifier."""
    with _one_at_a_time:
        wanted = [name for name, _, _ in day.DEFECTS if name in defects]
        if {"missing_receipt", "lost_receipt"} & set(wanted):
            _pay_silently(node, forget="lost_receipt" in wanted, fiscal_code=body.fiscal_code)
        waiting = node.days.to_settle()
        if not waiting:
            raise NothingToClose("Non ci sono pagamenti da rendicontare: prima paga un avviso.")
        now = node.clock().astimezone(ROME)
        fdr = day.identifier(now.date(), node.days.next_number())
        taken = node.days.claim(fdr, waiting)
        report = day.report(fdr=fdr, revision=1, payments=taken, defects=wanted, body=body, now=now)
        node.days.add_report(report, defects=wanted, visible="missing_report" not in wanted)
        _credit(node, report, wanted, now)
        return fdr


def mend(node: Node, *, fdr: str, revision: int, body: Body) -> None:
    """A new revision without what the bank got wrong, and the treasurer's money brought level with it."""
    with _one_at_a_time:
        rows = [row for row in node.days.reports() if row["fdr"] == fdr]
        if not rows or rows[0]["revision"] != revision:
            raise NothingToClose("Questo flusso è già stato corretto: ricarica la pagina.")
        defects = [name for name in rows[0]["defects"].split(",") if name and name not in day.MENDED]
        now = node.clock().astimezone(ROME)
        report = day.report(
            fdr=fdr,
            revision=revision + 1,
            payments=node.days.payments_of(fdr),
            defects=defects,
            body=body,
            now=now,
        )
        node.days.add_report(report, defects=defects, visible=True)
        _level(node, report, now)


def _pay_silently(node: Node, *, forget: bool, fiscal_code: str) -> None:
    """The first notice that can be paid is paid somewhere; nobody delivers its receipt."""
    for nav in node.store.payable():
        try:
            paid: list[str] = node.pay([node.look_up(fiscal_code, nav)], way=WAYS["lost"])
        except (Refused, Silent):
            continue
        if forget:
            node.days.forget_receipts(paid)
        return
    raise NothingToClose("Non c'è un avviso aperto da pagare senza ricevuta: emettine uno nel portale.")


def _credit(node: Node, report: Report, defects: Collection[str], now: dt.datetime) -> None:
    amount = day.credited(report.total, defects)
    if amount > 0:
        fdr = report.head["fdr"]
        node.days.add_credit(
            day=now.date().isoformat(), amount=amount, reference=day.reference(fdr, defects), fdr=fdr
        )


def _level(node: Node, report: Report, now: dt.datetime) -> None:
    """Transfers of another sum are cancelled and made again."""
    fdr, today = report.head["fdr"], now.date().isoformat()
    rows = node.days.credits_of(fdr)
    gone = {row["cancels"] for row in rows if row["operation"] == "cancelled"}
    standing = [row for row in rows if row["operation"] == "credit" and row["number"] not in gone]
    if sum((Decimal(row["amount"]) for row in standing), Decimal(0)) == report.total:
        return
    for row in standing:
        node.days.add_credit(
            day=today,
            amount=Decimal(row["amount"]),
            reference=row["reference"],
            fdr=fdr,
            operation="cancelled",
            cancels=row["number"],
        )
    _credit(node, report, (), now)
