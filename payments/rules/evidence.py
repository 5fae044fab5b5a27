"""What the reconciliation knows: receipts, lines of reports, reports, credits; and what it finds. Pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from payments.rules.labels import Label

REVOKED_OUTCOME = "3"


@dataclass(frozen=True)
class ReceiptFact:
    """Money that has arrived. `iuv` is the reference of its notice; `named`: the node has said its identifier; `counts`: it is
    not a second paper of the same money; `placed`: a wallet was credited; `undone`: and a person has reversed that; `same_as`: of one
    set aside, the receipt that has its money."""

    pk: int
    receipt_id: str
    iuv: str
    amount: Decimal
    paid_on: dt.date
    named: bool = True
    counts: bool = True
    placed: bool = True
    undone: bool = False
    same_as: int | None = None


@dataclass(frozen=True)
class LineFact:
    pk: int
    report: int
    iur: str
    iuv: str
    transfer: int
    amount: Decimal
    outcome: str
    paid_on: dt.date
    ours: bool = True

    @property
    def is_revoked(self) -> bool:
        return self.outcome == REVOKED_OUTCOME


@dataclass(frozen=True)
class ReportFact:
    """The newest revision of a flow."""

    pk: int
    fdr: str
    total: Decimal
    payments: int
    day: dt.date


@dataclass(frozen=True)
class CreditFact:
    """Money of the treasurer less what was taken back (below zero: a cancellation with a number of its own); `iuf` is read from
    its reference or said by a person."""

    pk: int
    amount: Decimal
    iuf: str
    iuv: str
    booked_on: dt.date


@dataclass(frozen=True)
class Finding:
    """What does not match. `key` is the same as long as it is the same thing."""

    label: Label
    key: str
    day: dt.date
    amount: Decimal
    reason: str
    receipt: int | None = None
    line: int | None = None
    report: int | None = None
    credit: int | None = None


@dataclass(frozen=True)
class Books:
    receipts: Iterable[ReceiptFact]
    lines: Iterable[LineFact]
    reports: Iterable[ReportFact]
    credits: Iterable[CreditFact]


@dataclass
class Judgement:
    """`receipts`: the label of each receipt by pk; `lines`: the line that reports it; `reports`: those whose credit is there,
    and exact."""

    receipts: dict[int, Label] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    reports: dict[int, Label] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def normal(identifier: str) -> str:
    """Banks change case and put blanks inside identifiers."""
    return "".join(identifier.split()).upper()
