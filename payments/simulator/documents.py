"""The files of a closed day, as banks and treasurers write them: FlussoRiversamento and the OPI "Giornale di cassa"."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from lxml import etree

from payments.simulator.day import Report

FDR = "http://www.digitpa.gov.it/schemas/2011/Pagamenti/"
OUTCOMES = {"EXECUTED": "0", "REVOKED": "3", "STAND_IN": "4", "STAND_IN_NO_RPT": "8", "NO_RPT": "9"}
OPERATIONS = {"credit": "ESEGUITO", "cancelled": "STORNATO"}
Content = list[tuple[str, Any]]


def settlement(report: Report) -> bytes:
    """FlussoRiversamento 1.0, in the order of its schema."""
    head = report.head
    root = etree.Element(f"{{{FDR}}}FlussoRiversamento", nsmap={"pay_i": FDR})
    _fill(
        root,
        [
            ("versioneOggetto", "1.0"),
            ("identificativoFlusso", head["fdr"]),
            ("dataOraFlusso", head["fdrDate"].removesuffix("Z")),
            ("identificativoUnivocoRegolamento", head["regulation"]),
            ("dataRegolamento", head["regulationDate"]),
            ("istitutoMittente", _institute("Mittente", head["sender"]["id"], head["sender"]["pspName"])),
            ("codiceBicBancaDiRiversamento", head["bicCodePouringBank"]),
            (
                "istitutoRicevente",
                _institute("Ricevente", head["receiver"]["id"], head["receiver"]["organizationName"]),
            ),
            ("numeroTotalePagamenti", str(head["totPayments"])),
            ("importoTotalePagamenti", f"{head['sumPayments']:.2f}"),
            *(("datiSingoliPagamenti", _single(line)) for line in report.payments),
        ],
        FDR,
    )
    return _written(root)


def _institute(which: str, code: str, name: str) -> Content:
    identifier = [("tipoIdentificativoUnivoco", "G"), ("codiceIdentificativoUnivoco", code)]
    return [(f"identificativoUnivoco{which}", identifier), (f"denominazione{which}", name[:70])]


def _single(line: Mapping[str, Any]) -> Content:
    return [
        ("identificativoUnivocoVersamento", line["iuv"]),
        ("identificativoUnivocoRiscossione", line["iur"]),
        ("indiceDatiSingoloPagamento", str(line["idTransfer"])),
        ("singoloImportoPagato", f"{line['pay']:.2f}"),
        ("codiceEsitoSingoloPagamento", OUTCOMES[line["payStatus"]]),
        ("dataEsitoSingoloPagamento", line["payDate"][:10]),
    ]


def journal(credits_: Iterable[Mapping[str, Any]], *, town: str, now: dt.datetime) -> bytes:
    """The treasurer's journal of one year: each movement with its number, its reference and, if cancelled, what it cancels."""
    rows = list(credits_)
    root = etree.Element("flusso_giornale_di_cassa")
    _fill(
        root,
        [
            ("codice_ABI_BT", "00000"),
            ("identificativo_flusso_BT", f"SIMULAZIONE-{now:%Y%m%d%H%M%S}"),
            ("data_ora_creazione_flusso", f"{now:%Y-%m-%dT%H:%M:%S}"),
            ("descrizione_ente", town),
            ("esercizio", str(now.year)),
            (
                "informazioni_conto_evidenza",
                [
                    ("conto_evidenza", "0000001"),
                    *(("movimento_conto_evidenza", _movement(row)) for row in rows),
                ],
            ),
        ],
    )
    return _written(root)


def _movement(row: Mapping[str, Any]) -> Content:
    cancelled: Content = [("numero_bolletta_quietanza_storno", str(row["cancels"]))] if row["cancels"] else []
    return [
        ("tipo_movimento", "ENTRATA"),
        ("tipo_documento", "SOSPESO ENTRATA"),
        ("tipo_operazione", OPERATIONS[row["operation"]]),
        ("importo", f"{Decimal(row['amount']):.2f}"),
        ("numero_bolletta_quietanza", str(row["number"])),
        *cancelled,
        ("data_movimento", row["day"]),
        ("data_valuta_ente", row["day"]),
        ("cliente", [("anagrafica_cliente", "BANCA DI PROVA (SIMULAZIONE)")]),
        ("causale", row["reference"]),
    ]


def _fill(parent: etree._Element, content: Content, namespace: str = "") -> None:
    for name, value in content:
        item = etree.SubElement(parent, f"{{{namespace}}}{name}" if namespace else name)
        if isinstance(value, list):
            _fill(item, value, namespace)
        else:
            item.text = value


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
