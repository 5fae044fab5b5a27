"""The closing of a day: the payments collected become a settlement report and a transfer to the treasurer, with the defects asked for.

Pure: payments and defects in, report and credits out. The report has the shape of the REST service; documents.py writes the files.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

PSP = "SIMULAZIONE"
PSP_NAME = "Banca di prova (SIMULAZIONE)"
BIC = "SIMUITRRXXX"
EURO_MORE = Decimal("1.00")

#: Name, what the button says, what the office will find.
DEFECTS: tuple[tuple[str, str, str], ...] = (
    (
        "missing_receipt",
        "Un pagamento senza ricevuta",
        "Un avviso aperto risulta pagato; pagoPA ha la ricevuta, ma non l'ha consegnata.",
    ),
    ("lost_receipt", "Una ricevuta persa per sempre", "Come sopra, ma neanche pagoPA la trova più."),
    ("revoked", "Un pagamento revocato", "La banca riprende i soldi di un pagamento della giornata."),
    ("duplicate", "Una riga doppia", "Lo stesso pagamento compare due volte nel flusso."),
    (
        "wrong_sum",
        "Il flusso non torna con sé stesso",
        "Il totale dichiarato è un euro più della somma delle righe.",
    ),
    ("wrong_credit", "Accredito di un euro in meno", "Il tesoriere riceve meno di quanto dice il flusso."),
    ("mangled", "Causale storpiata", "La banca perde le barre e mette spazi a caso: si legge ancora."),
    ("unreadable", "Causale illeggibile", "Del flusso, nella causale, non resta niente."),
    ("missing_report", "Flusso non pubblicato", "Il bonifico arriva, il flusso no."),
    ("missing_credit", "Accredito mancante", "Il flusso c'è, il bonifico no."),
)
#: What a new revision mends; a payment revoked, or one without receipt, stays what it is.
MENDED = frozenset({"duplicate", "wrong_sum", "wrong_credit", "missing_report", "missing_credit"})
NAMES = frozenset(name for name, _, _ in DEFECTS)


@dataclass(frozen=True)
class Payment:
    """Money taken by the node. `paid_at`: wall time of Rome, as in its receipt."""

    receipt_id: str
    iuv: str
    amount: Decimal
    paid_at: str
    stand_in: bool = False


@dataclass(frozen=True)
class Body:
    """Whose money it is."""

    fiscal_code: str
    name: str


@dataclass(frozen=True)
class Report:
    """The header and the payments as the REST service says them; amounts are Decimal."""

    head: dict[str, Any]
    payments: list[dict[str, Any]]

    @property
    def total(self) -> Decimal:
        return Decimal(self.head["sumPayments"])


def identifier(day: dt.date, number: int) -> str:
    """identificativoFlusso: <YYYY-MM-DD><idPSP>-<flow>."""
    return f"{day.isoformat()}{PSP}-{number:06d}"


def report(
    *,
    fdr: str,
    revision: int,
    payments: Sequence[Payment],
    defects: Collection[str],
    body: Body,
    now: dt.datetime,
) -> Report:
    lines = [_line(payment, status=_status(payment)) for payment in payments]
    if "revoked" in defects and payments:
        lines.append(_line(payments[0], status="REVOKED"))
    if "duplicate" in defects and payments:
        lines.append(_line(payments[-1], status=_status(payments[-1])))
    for index, line in enumerate(lines, start=1):
        line["index"] = index
    total = sum((_signed(line) for line in lines), Decimal(0))
    if "wrong_sum" in defects:
        total += EURO_MORE
    return Report(_head(fdr, revision, len(lines), total, body, now), lines)


def _status(payment: Payment) -> str:
    return "STAND_IN" if payment.stand_in else "EXECUTED"


def _signed(line: dict[str, Any]) -> Decimal:
    amount: Decimal = line["pay"]
    return -amount if line["payStatus"] == "REVOKED" else amount


def _line(payment: Payment, *, status: str) -> dict[str, Any]:
    return {
        "index": 0,
        "iuv": payment.iuv,
        "iur": payment.receipt_id,
        "idTransfer": 1,
        "pay": payment.amount,
        "payStatus": status,
        "payDate": f"{payment.paid_at[:10]}T12:00:00Z",
    }


def _head(
    fdr: str, revision: int, count: int, total: Decimal, body: Body, now: dt.datetime
) -> dict[str, Any]:
    moment = now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "status": "PUBLISHED",
        "revision": revision,
        "created": moment,
        "updated": moment,
        "published": moment,
        "fdr": fdr,
        "fdrDate": moment,
        "regulation": f"SIM{fdr[-6:]}",
        "regulationDate": now.date().isoformat(),
        "bicCodePouringBank": BIC,
        "sender": {
            "type": "LEGAL_PERSON",
            "id": PSP,
            "pspId": PSP,
            "pspName": PSP_NAME,
            "pspBrokerId": PSP,
            "channelId": f"{PSP}_01",
        },
        "receiver": {
            "id": body.fiscal_code,
            "organizationId": body.fiscal_code,
            "organizationName": body.name,
        },
        "totPayments": count,
        "sumPayments": total,
        "computedTotPayments": count,
        "computedSumPayments": total,
    }


def reference(fdr: str, defects: Collection[str]) -> str:
    """The words of the transfer, as the treasurer's journal prints them."""
    if "unreadable" in defects:
        return "SIMULAZIONE ACCREDITO PAGOPA VARI ORD. BANCA DI PROVA"
    if "mangled" in defects:
        return f"SIMULAZIONE BONIFICO SEPA PUR LGPE- RIVERSAMENTO U RI {fdr[:7]} {fdr[7:10]} {fdr[10:]} ORD. BANCA"
    return f"SIMULAZIONE /PUR/LGPE-RIVERSAMENTO/URI/{fdr}"


def credited(total: Decimal, defects: Collection[str]) -> Decimal:
    """What the treasurer receives; zero: nothing is transferred."""
    if "missing_credit" in defects:
        return Decimal(0)
    return max(total - EURO_MORE, Decimal(0)) if "wrong_credit" in defects else total
