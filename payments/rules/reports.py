"""What a settlement report says, whatever it came in: REST or XML. Pure."""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from payments.rules.dates import is_credible
from payments.rules.evidence import REVOKED_OUTCOME

LARGEST = Decimal("999999999.99")
CENT = Decimal("0.01")
#: payStatus of the REST service and codiceEsitoSingoloPagamento of the file are the same thing.
OUTCOMES = {"EXECUTED": "0", "REVOKED": "3", "STAND_IN": "4", "STAND_IN_NO_RPT": "8", "NO_RPT": "9"}
_FLOW = re.compile(r"\d{4}-\d{2}-\d{2}(?P<psp>[^-]+)-")


class WrongReport(ValueError):
    """Not a report that can be kept; str() is an Italian sentence."""


@dataclass(frozen=True)
class IncomingLine:
    iuv: str
    iur: str
    transfer: int
    amount: Decimal
    outcome: str
    paid_on: dt.date


@dataclass(frozen=True)
class IncomingReport:
    """`flow_date` and `published_at` are aware. `receiver`: the body it is for, as far as it says."""

    fdr: str
    psp: str
    revision: int
    flow_date: dt.datetime
    regulation: str
    regulation_date: dt.date
    total: Decimal
    payments: int
    lines: Sequence[IncomingLine]
    psp_name: str = ""
    receiver: str = ""
    published_at: dt.datetime | None = None
    raw: str = ""

    def __post_init__(self) -> None:
        for day in (self.flow_date, self.regulation_date, self.published_at):
            if day is not None:
                _dated(day)

    @property
    def digest(self) -> str:
        """Of what it says, not of how it is written: the same report by REST and by file is the same."""
        said = [self.fdr, f"{self.total:.2f}", str(self.payments)]
        said += sorted(
            f"{line.iur}|{line.transfer}|{line.iuv}|{line.amount:.2f}|{line.outcome}|{line.paid_on}"
            for line in self.lines
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def line(
    *, iuv: str, iur: str, transfer: int, amount: Decimal, outcome: str, paid_on: dt.date
) -> IncomingLine:
    """A revoked amount may come with either sign and counts below zero; any other is above zero."""
    if not iuv or not iur or len(iuv) > 35 or len(iur) > 35:
        raise WrongReport("Una riga del flusso non ha IUV o IUR: il file è incompleto.")
    if outcome not in OUTCOMES.values():
        raise WrongReport(f"Una riga del flusso ha un esito sconosciuto («{outcome[:12]}»).")
    if not 1 <= transfer <= 5:
        raise WrongReport("Una riga del flusso ha un indice di versamento che non va da 1 a 5.")
    _dated(paid_on)
    euro = exact(amount)
    if euro == 0 or (euro < 0 and outcome != REVOKED_OUTCOME):
        raise WrongReport("Una riga del flusso ha un importo che non è maggiore di zero.")
    signed = -abs(euro) if outcome == REVOKED_OUTCOME else euro
    return IncomingLine(iuv, iur, transfer, signed, outcome, paid_on)


def _dated(day: dt.date) -> None:
    if not is_credible(day):
        raise WrongReport(
            f"Nel flusso c'è una data impossibile (anno {day.year}): chiedine una nuova revisione."
        )


def exact(amount: Decimal) -> Decimal:
    """Whole cents within the column's range."""
    if not amount.is_finite() or abs(amount) > LARGEST or amount != amount.quantize(CENT):
        raise WrongReport("Il flusso contiene un importo che non è in euro e centesimi.")
    return amount.quantize(CENT)


def psp_of(fdr: str) -> str:
    """identificativoFlusso is <YYYY-MM-DD><idPSP>-<flow>: the PSP, or nothing when it is made otherwise."""
    found = _FLOW.match(fdr)
    return found["psp"][:35] if found else ""
