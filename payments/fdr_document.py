"""The settlement report as a file (FlussoRiversamento): read leniently, whatever version and prefixes; see docs/manuale/pagopa.md."""

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from payments import closed_xml
from payments.closed_xml import UnreadableXml, text
from payments.rules import reports
from payments.rules.reports import IncomingLine, IncomingReport, WrongReport

ROME = ZoneInfo("Europe/Rome")
MOST_LINES = 20_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,35}", re.ASCII)


def is_report(data: bytes) -> bool:
    """An XML with a report in it; what is XML and cannot be read is refused."""
    if not closed_xml.is_xml(data):
        return False
    return next(closed_xml.named(closed_xml.parse(data), "FlussoRiversamento"), None) is not None


def read(data: bytes, *, revision: int = 1) -> IncomingReport:
    """UnreadableXml with a sentence when something essential is missing. The file does not say its revision: the office does."""
    root = closed_xml.parse(data)
    if etree.QName(root).localname != "FlussoRiversamento":
        found = next(closed_xml.named(root, "FlussoRiversamento"), None)
        if found is None:
            raise UnreadableXml(
                "Non è un flusso di rendicontazione: il file comincia con «FlussoRiversamento»."
            )
        root = found
    try:
        return _report(root, data, revision)
    except WrongReport as wrong:
        raise UnreadableXml(str(wrong)) from wrong


def _report(root: etree._Element, data: bytes, revision: int) -> IncomingReport:
    fdr = text(root, "identificativoFlusso")
    if not _ID.fullmatch(fdr):
        raise WrongReport("Il flusso non ha un identificativo valido (identificativoFlusso).")
    rows = list(closed_xml.named(root, "datiSingoliPagamenti"))
    if not 1 <= len(rows) <= MOST_LINES:
        raise WrongReport(f"Il flusso deve avere da 1 a {MOST_LINES} pagamenti.")
    sender = next(closed_xml.named(root, "istitutoMittente"), root)
    receiver = next(closed_xml.named(root, "istitutoRicevente"), root)
    code = text(sender, "codiceIdentificativoUnivoco")
    return IncomingReport(
        fdr=fdr,
        psp=reports.psp_of(fdr) or code[:35] or "?",
        revision=revision,
        flow_date=_moment(text(root, "dataOraFlusso")),
        regulation=text(root, "identificativoUnivocoRegolamento")[:35],
        regulation_date=_day(text(root, "dataRegolamento"), "dataRegolamento"),
        total=_euro(text(root, "importoTotalePagamenti")),
        payments=_count(text(root, "numeroTotalePagamenti")),
        lines=tuple(map(_line, rows)),
        psp_name=(text(sender, "denominazioneMittente") or code)[:70],
        receiver=text(receiver, "codiceIdentificativoUnivoco"),
        raw=closed_xml.decoded(data),
    )


def _line(row: etree._Element) -> IncomingLine:
    return reports.line(
        iuv=text(row, "identificativoUnivocoVersamento"),
        iur=text(row, "identificativoUnivocoRiscossione"),
        transfer=_count(text(row, "indiceDatiSingoloPagamento") or "1"),
        amount=_euro(text(row, "singoloImportoPagato")),
        outcome=text(row, "codiceEsitoSingoloPagamento"),
        paid_on=_day(text(row, "dataEsitoSingoloPagamento"), "dataEsitoSingoloPagamento"),
    )


def _euro(value: str) -> Decimal:
    """ "10.00" by the schema; "10,00" and "-10.00" are met in real files."""
    try:
        return reports.exact(Decimal(value.replace(",", ".")))
    except ArithmeticError as wrong:
        raise WrongReport(f"Nel flusso «{value[:20]}» non è un importo.") from wrong


def _count(value: str) -> int:
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise WrongReport(f"Nel flusso «{value[:20]}» non è un numero di pagamenti.")
    return int(value)


def _day(value: str, name: str) -> dt.date:
    """A date, also with an offset behind it (2026-11-24Z) or as the beginning of an instant."""
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError as wrong:
        raise WrongReport(f"Nel flusso la data «{value[:20]}» ({name}) non si legge.") from wrong


def _moment(value: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError as wrong:
        raise WrongReport(f"Nel flusso la data «{value[:25]}» (dataOraFlusso) non si legge.") from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=ROME)
