"""What a node does: verify, activate, collect, then deliver the receipt until the creditor body says OK."""

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from payments.simulator.creditor import CreditorBody, Refused, Silent
from payments.simulator.store import Store
from payments.soap.envelope import Content, child, text

ROME = ZoneInfo("Europe/Rome")
RETRIES = (2.0, 5.0, 15.0, 60.0, 300.0)  # then every hour, as the real node does
HOUR = 3600.0
MOST_TRIES = 48
CLAIM_SECONDS = 30.0
LATE_SECONDS = 60.0
PULSE = 0.5


@dataclass(frozen=True)
class Debt:
    """What the creditor body says about a notice."""

    fiscal_code: str
    nav: str
    amount: str
    description: str
    company: str


class Node:
    def __init__(
        self, *, store: Store, body: CreditorBody, clock: Callable[[], dt.datetime], background: bool
    ) -> None:
        self.store, self.body, self.clock = store, body, clock
        self._background = background
        self._starting = threading.Lock()
        self._postman: threading.Thread | None = None

    def look_up(self, fiscal_code: str, nav: str) -> Debt:
        """paVerifyPaymentNotice. Raises Refused with the fault code, or Silent."""
        answer = self.body.verify(fiscal_code=fiscal_code, nav=nav)
        option = child(child(answer, "paymentList"), "paymentOptionDescription")
        return Debt(
            fiscal_code,
            nav,
            text(option, "amount"),
            text(answer, "paymentDescription"),
            text(answer, "companyName"),
        )

    def pay(self, debts: list[Debt], *, note: str = "", copies: int = 1, delay: float = 0.0) -> list[str]:
        """Activate each notice, take the money, queue the receipts; returns their ids."""
        payments = [
            (debt, self.body.get_payment(fiscal_code=debt.fiscal_code, nav=debt.nav, note=note))
            for debt in debts
        ]
        paid = []
        for debt, data in payments:
            receipt = self._receipt(debt, data)
            message = self.body.receipt(debt.fiscal_code, _receipt_content(debt, data, receipt, note))
            for _ in range(copies):
                self.store.add_delivery(receipt, message, time.time() + delay)
            self.store.mark_paid(debt.nav)
            paid.append(receipt["receipt_id"])
        self.wake()
        return paid

    def _receipt(self, debt: Debt, data: etree._Element) -> dict[str, str]:
        return {
            "receipt_id": uuid.uuid4().hex,
            "nav": debt.nav,
            "amount": text(data, "paymentAmount"),
            "paid_at": f"{self.clock().astimezone(ROME):%Y-%m-%dT%H:%M:%S}",
        }

    def deliver_due(self) -> int:
        """Deliver what is due; returns how many were tried."""
        tried = 0
        while row := self.store.claim_delivery(time.time(), time.time() + CLAIM_SECONDS):
            tried += 1
            try:
                self.body.send(row["message"])
                self.store.finish_delivery(row["id"], "consegnata")
            except (Refused, Silent) as problem:
                tries = row["tries"] + 1
                wait = RETRIES[tries - 1] if tries <= len(RETRIES) else HOUR
                if tries >= MOST_TRIES:
                    self.store.finish_delivery(row["id"], f"abbandonata: {problem}")
                else:
                    self.store.finish_delivery(row["id"], f"da riprovare: {problem}", time.time() + wait)
        return tried

    def wake(self) -> None:
        """The postman is a thread of this process; the queue is in the file, so a restart loses nothing."""
        if not self._background:
            return
        with self._starting:
            if self._postman is None or not self._postman.is_alive():
                self._postman = threading.Thread(target=self._go_round, name="node-postman", daemon=True)
                self._postman.start()

    def _go_round(self) -> None:
        while True:
            self.deliver_due()
            time.sleep(PULSE)


def _receipt_content(debt: Debt, data: etree._Element, receipt: dict[str, str], note: str) -> Content:
    """The receipt of paSendRTV2, in the order of the schema."""
    return [
        ("receiptId", receipt["receipt_id"]),
        ("noticeNumber", debt.nav),
        ("fiscalCode", debt.fiscal_code),
        ("outcome", "OK"),
        ("creditorReferenceId", text(data, "creditorReferenceId")),
        ("paymentAmount", receipt["amount"]),
        ("description", text(data, "description")),
        ("companyName", text(data, "companyName")),
        ("officeName", text(data, "officeName") or None),
        ("debtor", _copy(child(data, "debtor"))),
        ("transferList", _copy(child(data, "transferList"))),
        ("idPSP", "SIMULAZIONE"),
        ("pspFiscalCode", "00000000000"),
        ("PSPCompanyName", "Banca di prova (SIMULAZIONE)"),
        ("idChannel", "SIMULAZIONE_01"),
        ("channelDescription", "simulazione"),
        ("paymentMethod", "creditCard"),
        ("paymentNote", note or None),
        ("fee", "1.00"),
        ("paymentDateTime", receipt["paid_at"]),
        ("applicationDate", receipt["paid_at"][:10]),
        ("standIn", "false"),
    ]


def _copy(source: etree._Element | None) -> Any:
    """An element of the answer as content of ours: names and texts only."""
    if source is None:
        return None
    return [(etree.QName(item).localname, _copy(item) if len(item) else item.text or "") for item in source]
