"""The fault codes of a creditor body (SANP, "Dominio EC"). No Django.

Of the published list we never say PAA_PAGAMENTO_IN_CORSO (the node alone keeps two payments apart), PAA_RECEIPT_DUPLICATA (a
receipt that comes again is answered OK, so that it stops coming) and PAA_ATTIVA_RPT_IMPORTO_NON_VALIDO (of primitives that
are no more).
"""

from payments.soap.envelope import Content

DESCRIPTIONS = {
    "PAA_PAGAMENTO_SCONOSCIUTO": "Pagamento in attesa sconosciuto all'Ente Creditore",
    "PAA_PAGAMENTO_ANNULLATO": "Pagamento in attesa annullato dall'Ente Creditore",
    "PAA_PAGAMENTO_SCADUTO": "Pagamento in attesa scaduto",
    "PAA_PAGAMENTO_DUPLICATO": "Pagamento in attesa risulta concluso all'Ente Creditore",
    "PAA_ID_DOMINIO_ERRATO": "idPA errato",
    "PAA_ID_INTERMEDIARIO_ERRATO": "idBrokerPA errato",
    "PAA_STAZIONE_INT_ERRATA": "idStation errata",
    "PAA_SINTASSI_XSD": "Errore di sintassi XSD",
    "PAA_SINTASSI_EXTRAXSD": "Errore di sintassi extra XSD",
    "PAA_SEMANTICA": "Errore semantico",
    "PAA_SYSTEM_ERROR": "Errore generico",
}


class Refusal(Exception):
    """An application error: the answer is outcome KO with this fault, always with HTTP 200."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail

    def content(self, fiscal_code: str) -> Content:
        fault: Content = [
            ("faultCode", self.code),
            ("faultString", DESCRIPTIONS[self.code]),
            ("id", fiscal_code),
            ("description", self.detail or None),
        ]
        return [("outcome", "KO"), ("fault", fault)]
