"""What the treasurer gives: the OPI "Giornale di cassa" (XML, versions 1.4 to 1.8 alike) or a list (CSV, XLSX). Read leniently.

Only money coming in that has to do with pagoPA is taken: the journal of a town names other citizens, and they are not for us.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial

from lxml import etree

from enrolments import sheets
from enrolments.rules.columns import said
from payments import closed_xml
from payments.closed_xml import UnreadableXml, text
from payments.errors import PaymentRefused
from payments.rules import treasury_reference
from payments.rules.dates import is_credible

Key = tuple[int, str]  # of a credit: financial year and number
LARGEST_AMOUNT = Decimal("9999999999.99")
CENT = Decimal("0.01")
#: OPI: executed money, and its cancellation. REGOLARIZZATO and RIPRISTINATO are bookkeeping: no money moves.
OPERATIONS = {"ESEGUITO": "credit", "STORNATO": "cancelled"}
COLUMNS = {
    "number": (
        "numero",
        "numero sospeso",
        "sospeso",
        "provvisorio",
        "numero provvisorio",
        "bolletta",
        "quietanza",
    ),
    "booked_on": ("data", "data movimento", "data contabile", "data operazione"),
    "amount": ("importo", "importo euro", "entrata", "avere"),
    "reference": ("causale", "descrizione", "descrizione causale"),
    "year": ("esercizio", "anno"),
    "value_day": ("valuta", "data valuta"),
}
NOTHING = "niente è stato caricato."
_THOUSANDS = re.compile(r"-?\d{1,3}(\.\d{3})+", re.ASCII)
_LISTED_EURO = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d{1,2})?|-?\d+\.\d{1,2}", re.ASCII)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([/.-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)", re.ASCII)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})([/.-])(?P<month>\d{1,2})\2(?P<year>\d{4}|\d{2})(?!\d)", re.ASCII)
REQUIRED = ("number", "booked_on", "amount", "reference")


class WrongJournal(PaymentRefused):
    """Nothing of the file was taken; the sentence says where it stops."""


@dataclass(frozen=True)
class IncomingCredit:
    """A movement of the journal. `operation`: credit, or cancelled for the cancellation of that number."""

    year: int
    number: str
    amount: Decimal
    booked_on: dt.date
    reference: str
    operation: str = "credit"
    value_day: dt.date | None = None

    @property
    def key(self) -> Key:
        return self.year, self.number


@dataclass(frozen=True)
class Journal:
    credits: tuple[IncomingCredit, ...]
    left_out: int


@dataclass(frozen=True)
class _Row:
    """A movement of money coming in, or of its cancellation, not read further until it is known to be for us."""

    reference: str
    number: str
    is_cancellation: bool
    read: Callable[[], IncomingCredit]


def _chosen(rows: list[_Row], held: Collection[Key], total: int) -> Journal:
    """Those that speak of pagoPA, and the cancellations of a number that we hold whatever they say."""
    speaking = [row.read() for row in rows if treasury_reference.is_pagopa(row.reference)]
    keys = {*held, *(credit.key for credit in speaking if credit.operation == "credit")}
    numbers = {number for _, number in keys}
    silent = [
        row.read()
        for row in rows
        if row.is_cancellation and row.number in numbers and not treasury_reference.is_pagopa(row.reference)
    ]
    taken = (*speaking, *(credit for credit in silent if credit.key in keys))
    return Journal(taken, total - len(taken))


def read_opi(data: bytes, held: Collection[Key] = ()) -> Journal:
    """Movements of type ENTRATA that are a SOSPESO ENTRATA, executed or cancelled. `held`: the credits that are here already."""
    root = closed_xml.parse(data)
    rows = list(closed_xml.named(root, "movimento_conto_evidenza"))
    if "giornale" not in etree.QName(root).localname.lower() and not rows:
        raise UnreadableXml(
            "Non è un giornale di cassa OPI: chiedi al tesoriere il file «Giornale di cassa»."
        )
    year = text(root, "esercizio")
    return _chosen(list(_movements(rows, year)), held, len(rows))


def _movements(rows: list[etree._Element], year: str) -> Iterator[_Row]:
    for row in rows:
        operation = OPERATIONS.get(text(row, "tipo_operazione").upper())
        is_income = text(row, "tipo_movimento").upper() == "ENTRATA"
        if operation and is_income and "SOSPESO" in text(row, "tipo_documento").upper():
            number = _opi_number(row, operation)
            read = partial(_movement, row, operation, year)
            yield _Row(text(row, "causale"), _bare(number), operation == "cancelled", read)


def _opi_number(row: etree._Element, operation: str) -> str:
    """A cancellation names the number that it cancels."""
    cancelled = text(row, "numero_bolletta_quietanza_storno") if operation == "cancelled" else ""
    return cancelled or text(row, "numero_bolletta_quietanza")


def _movement(row: etree._Element, operation: str, year: str) -> IncomingCredit:
    number = _opi_number(row, operation)
    booked_on = _day(text(row, "data_movimento"), number)
    value_day = text(row, "data_valuta_ente")
    return IncomingCredit(
        year=int(year) if re.fullmatch(r"\d{4}", year, re.ASCII) else booked_on.year,
        number=_number(number),
        amount=_euro(text(row, "importo"), number),
        booked_on=booked_on,
        reference=text(row, "causale")[:1000],
        operation=operation,
        value_day=_day(value_day, number) if value_day else None,
    )


def read_list(data: bytes, name: str, held: Collection[Key] = ()) -> Journal:
    """A CSV or XLSX with a header; columns in any order, those that are not known are left alone. An amount below zero is a
    cancellation."""
    rows = sheets.read(data, name, what="il giornale di cassa")
    places = _places(rows[0][1])
    found = [
        _Row(
            _cell(cells, places, "reference"),
            _bare(_cell(cells, places, "number")),
            _is_below_zero(_cell(cells, places, "amount")),
            partial(_listed, number, cells, places),
        )
        for number, cells in rows[1:]
    ]
    return _chosen(found, held, len(found))


def _places(header: list[str]) -> dict[str, int]:
    """Where each column is; a required one that is missing is said by its Italian name."""
    names = [" ".join(re.sub(r"[^\w]", " ", cell).lower().split()) for cell in header]
    places = {
        field: names.index(known)
        for field, synonyms in COLUMNS.items()
        for known in synonyms[::-1]
        if known in names
    }
    missing = [COLUMNS[field][0] for field in REQUIRED if field not in places]
    if missing:
        raise WrongJournal(
            f"Nella prima riga mancano le colonne: {', '.join(missing)}. Servono numero, data, importo e causale. "
            + said(header)
        )
    return places


def _cell(cells: list[str], places: dict[str, int], field: str) -> str:
    place = places.get(field)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _listed(row: int, cells: list[str], places: dict[str, int]) -> IncomingCredit:
    where = f"riga {row}"
    booked_on = _day(_cell(cells, places, "booked_on"), where)
    year, value_day = _cell(cells, places, "year"), _cell(cells, places, "value_day")
    return IncomingCredit(
        year=int(year) if re.fullmatch(r"\d{4}", year, re.ASCII) else booked_on.year,
        number=_number(_cell(cells, places, "number"), where),
        amount=_listed_euro(_cell(cells, places, "amount"), where),
        booked_on=booked_on,
        reference=_cell(cells, places, "reference")[:1000],
        operation="cancelled" if _is_below_zero(_cell(cells, places, "amount")) else "credit",
        value_day=_day(value_day, where) if value_day else None,
    )


def _number(value: str, where: str = "") -> str:
    number = _bare(value)
    if not number or len(number) > 20:
        raise WrongJournal(
            f"Un movimento non ha il numero del sospeso ({where or 'numero mancante'}): {NOTHING}"
        )
    return number


def _bare(number: str) -> str:
    return "".join(number.split()).lstrip("0")


def _is_below_zero(amount: str) -> bool:
    return amount.replace("€", "").lstrip().startswith("-")


def _euro(value: str, where: str) -> Decimal:
    """Of an XML: "1234.50"; a decimal comma is met in real files. The sign is in the operation."""
    return _exact(value.replace(".", "").replace(",", ".") if "," in value else value, value, where)


def _listed_euro(value: str, where: str) -> Decimal:
    """As it is written in Italy: "1.234,50", "1.200", "1234", also "1234.50"; where three decimals might be thousands of
    another country ("1,200") nobody guesses."""
    plain = value.replace("€", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    if not _LISTED_EURO.fullmatch(plain):
        raise WrongJournal(
            f"«{value[:20]}» non è un importo in euro e centesimi ({where}): scrivilo come 1.200,00; {NOTHING}"
        )
    if "," in plain or _THOUSANDS.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    return _exact(plain, value, where)


def _exact(plain: str, value: str, where: str) -> Decimal:
    try:
        amount = abs(Decimal(plain))
        if (
            not amount.is_finite()
            or amount > LARGEST_AMOUNT
            or amount == 0
            or amount != amount.quantize(CENT)
        ):
            raise InvalidOperation
    except ArithmeticError as wrong:
        raise WrongJournal(f"«{value[:20]}» non è un importo in euro ({where}): {NOTHING}") from wrong
    return amount.quantize(CENT)


def _day(value: str, where: str) -> dt.date:
    """2026-11-24 (also as the beginning of an instant), 24/11/2026, 24-11-2026, 24.11.26."""
    found = _YEAR_FIRST.match(value) or _DAY_FIRST.match(value)
    try:
        day = dt.date(_year(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        day = None
    if day is None or not is_credible(day):
        raise WrongJournal(f"«{value[:20]}» non è una data ({where}): {NOTHING}")
    return day


def _year(written: str) -> int:
    return int(written) + (2000 if len(written) == 2 else 0)
