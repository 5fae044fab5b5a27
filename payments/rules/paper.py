"""What a paper receipt says: numbers found in its text and codes. Pure. A hint for the office, never a decision."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from payments.rules import identifiers
from payments.rules.amounts import from_cents

_QR = re.compile(r"PAGOPA\|00[0-9]\|(\d{18})\|(\d{11})\|(\d{1,12})")
_NAV = re.compile(r"(?<!\d)([0-3]\d{3}(?:[ .]?\d{4}){3}[ .]?\d{2})(?!\d)")
_LABELLED_ID = re.compile(
    r"(?:IUR|univoco\s+(?:di\s+)?riscossione|(?:id|identificativo)\s+(?:della\s+)?(?:transazione|ricevuta)|payment\s*token)"
    r"[\s:.\-n°]*\s+([A-Za-z0-9][A-Za-z0-9_-]{9,34})",
    re.IGNORECASE,
)
_HEX_ID = re.compile(r"(?<![0-9a-fA-F])([0-9a-fA-F]{32})(?![0-9a-fA-F])")
_EURO = re.compile(
    r"(?:€|EUR|euro)\s*(\d{1,3}(?:\.\d{3})*,\d{2})|(\d{1,3}(?:\.\d{3})*,\d{2})\s*(?:€|EUR|euro)",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](20\d{2})(?!\d)")
_MOST = 10


@dataclass(frozen=True)
class Found:
    """Everything the paper seems to say, in reading order, without repeats."""

    navs: tuple[str, ...] = ()
    receipt_ids: tuple[str, ...] = ()
    amounts: tuple[Decimal, ...] = ()
    days: tuple[date, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        return {key: [str(value) for value in values] for key, values in asdict(self).items()}


def read(*, text: str, codes: tuple[str, ...] = ()) -> Found:
    """Codes are read first: they do not err."""
    qr = [match for code in codes for match in _QR.finditer(code)]
    navs = [match[1] for match in qr] + [nav for nav in map(_digits, _NAV.findall(text)) if _plausible(nav)]
    ids = _LABELLED_ID.findall(text) + _HEX_ID.findall(text)
    amounts = [from_cents(int(match[3])) for match in qr] + [_italian(a or b) for a, b in _EURO.findall(text)]
    days = [day for day in (_day(*match) for match in _DAY.findall(text)) if day]
    return Found(_once(navs), _once(i for i in ids if any(map(str.isdigit, i))), _once(amounts), _once(days))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _plausible(nav: str) -> bool:
    """Any eighteen digits could be a number of aux digit 1, which has no check digits and is no longer issued."""
    return nav[0] != "1" and identifiers.is_well_formed(nav)


def _italian(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", "."))


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _once(values: object) -> tuple:  # type: ignore[type-arg]
    return tuple(dict.fromkeys(values))[:_MOST]  # type: ignore[call-overload]
