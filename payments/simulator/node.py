"""What a node does: verify, activate, collect, then deliver the receipt until the creditor body says OK."""

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from payments.simulator.creditor import CreditorBody, Refused, Silent
from payments.simulator.day import Payment
from payments.simulator.day_store import DayStore
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
class Way:
    """How the receipt of a payment travels. `copies` 0: it never leaves; `delay` and `gap` in seconds, `gap` between one and the
    next, the first paid last."""

    copies: int = 1
    delay: float = 0.0
    gap: float = 0.0
    stand_in: bool = False


WAYS = {
    "pay": Way(),
    "late": Way(delay=LATE_SECONDS),
    "twice": Way(copies=2),
    "reorder": Way(gap=3.0, delay=12.0),
    "standin": Way(stand_in=True, delay=5.0),
    "lost": Way(copies=0),
    "close": Way(),
}


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
        self.days = DayStore(store)
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

    def pay(self, debts: list[Debt], *, note: str = "", way: Way = WAYS["pay"]) -> list[str]:
        """Activate each notice, take the money, queue the receipts; returns their ids."""
        payments = [
            (debt, self.body.get_payment(fiscal_code=debt.fiscal_code, nav=debt.nav, note=note))
            for debt in debts
        ]
        paid = []
        for place, (debt, data) in enumerate(payments):
            receipt = self._receipt(debt, data)
            content = _receipt_content(debt, data, receipt, note, stand_in=way.stand_in)
            message = self.body.receipt(debt.fiscal_code, content)
            delay = way.delay + way.gap * (len(payments) - 1 - place)
            for _ in range(way.copies):
                self.store.add_delivery(receipt, message, time.time() + delay)
            self._remember(debt, data, receipt, stand_in=way.stand_in)
            paid.append(receipt["receipt_id"])
        self.wake()
        return paid

    def _remember(self, debt: Debt, data: etree._Element, receipt: dict[str, str], *, stand_in: bool) -> None:
        """For the closing of the day, and for Biz-Events."""
        self.store.mark_paid(debt.nav)
        self.days.add_payment(
            Payment(
                receipt["receipt_id"],
                text(data, "creditorReferenceId"),
                Decimal(receipt["amount"]),
                receipt["paid_at"],
                stand_in,
            ),
            nav=debt.nav,
            document=_business_event(debt, data, receipt),
        )

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


def _receipt_content(
    debt: Debt, data: etree._Element, receipt: dict[str, str], note: str, *, stand_in: bool
) -> Content:
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
        ("standIn", "true" if stand_in else "false"),
    ]


def _business_event(debt: Debt, data: etree._Element, receipt: dict[str, str]) -> dict[str, Any]:
    """The receipt as Biz-Events tells it, for a body that has missed it; amounts as JSON numbers."""
    transfer = child(child(data, "transferList"), "transfer")
    debtor = child(data, "debtor")
    return {
        "receiptId": receipt["receipt_id"],
        "noticeNumber": debt.nav,
        "fiscalCode": debt.fiscal_code,
        "outcome": "OK",
        "creditorReferenceId": text(data, "creditorReferenceId"),
        "paymentAmount": float(receipt["amount"]),
        "description": text(data, "description"),
        "companyName": text(data, "companyName"),
        "debtor": {
            "entityUniqueIdentifierType": "F",
            "entityUniqueIdentifierValue": text(debtor, "uniqueIdentifier", "entityUniqueIdentifierValue"),
            "fullName": text(debtor, "fullName"),
        },
        "transferList": [
            {
                "idTransfer": 1,
                "transferAmount": float(text(transfer, "transferAmount") or receipt["amount"]),
                "fiscalCodePA": debt.fiscal_code,
                "iban": text(transfer, "IBAN"),
                "mbdAttachment": "",
                "remittanceInformation": text(transfer, "remittanceInformation"),
                "transferCategory": text(transfer, "transferCategory"),
            }
        ],
        "idPSP": "SIMULAZIONE",
        "pspCompanyName": "Banca di prova (SIMULAZIONE)",
        "idChannel": "SIMULAZIONE_01",
        "paymentMethod": "creditCard",
        "fee": 1,
        "paymentDateTime": receipt["paid_at"][:10],
        "paymentDateTimeFormatted": receipt["paid_at"],
    }


def _copy(source: etree._Element | None) -> Any:
    """An element of the answer as content of ours: names and texts only."""
    if source is None:
        return None
    return [(etree.QName(item).localname, _copy(item) if len(item) else item.text or "") for item in source]
