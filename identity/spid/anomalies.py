"""What SPID providers answer when a login does not end well (SPID technical rules, table of anomalies): a text and a way back."""

import re
from dataclasses import dataclass

from lxml import etree

from identity.spid import names as n

_NUMBER = re.compile(r"\AErrorCode nr0?(\d{1,2})\Z")


@dataclass(frozen=True)
class Anomaly:
    """`number` as in the table; `title` and `text` for the person at the keyboard."""

    number: int
    title: str
    text: str


USER_ANOMALIES = {
    anomaly.number: anomaly
    for anomaly in (
        Anomaly(
            19,
            "Troppi tentativi",
            "Il tuo gestore di identità ha fermato l'accesso perché le credenziali sono state sbagliate più volte. "
            "Aspetta qualche minuto e riprova; se non le ricordi, recuperale sul sito del gestore.",
        ),
        Anomaly(
            20,
            "Serve un livello di sicurezza più alto",
            "Per entrare serve un'identità di livello 2, cioè con una seconda conferma (app o codice). "
            "Il tuo gestore di identità spiega come attivarla.",
        ),
        Anomaly(
            21,
            "Tempo scaduto",
            "La pagina del gestore di identità è rimasta aperta troppo a lungo. Puoi riprovare adesso.",
        ),
        Anomaly(
            22,
            "Consenso non dato",
            "Hai scelto di non inviare i tuoi dati al Comune: senza nome e codice fiscale non possiamo riconoscerti. "
            "Se hai cambiato idea, riprova e conferma l'invio dei dati.",
        ),
        Anomaly(
            23,
            "Identità sospesa o revocata",
            "La tua identità digitale risulta sospesa o revocata, o le credenziali sono bloccate. "
            "Rivolgiti al tuo gestore di identità per riattivarla.",
        ),
        Anomaly(
            25,
            "Accesso annullato",
            "Hai annullato l'accesso. Quando vuoi puoi riprovare.",
        ),
        Anomaly(
            30,
            "Identità di tipo non adatto",
            "Hai usato un'identità di tipo diverso da quello richiesto (per esempio professionale). "
            "Entra con la tua identità personale di cittadino.",
        ),
    )
}

#: Anything else (8 to 18: a fault of ours or of the provider): nothing the person can mend.
FAULT = Anomaly(
    0,
    "Accesso non riuscito",
    "Il gestore di identità non ha completato l'accesso per un problema tecnico. Non dipende da te: riprova tra "
    "qualche minuto e, se succede ancora, chiama l'ufficio mensa.",
)


def number_in(root: etree._Element) -> int | None:
    """The number in `ErrorCode nrNN`. The message is not signed, so nothing else of it is used or shown."""
    message = root.find(f"{n.tag(n.SAMLP, 'Status')}/{n.tag(n.SAMLP, 'StatusMessage')}")
    match = _NUMBER.match((message.text or "").strip()) if message is not None else None
    return int(match.group(1)) if match else None


def explain(number: int | None) -> Anomaly:
    return USER_ANOMALIES.get(number or 0, FAULT)
