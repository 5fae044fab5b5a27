"""The names of what the reconciliation finds: those of the national reference (p4pa), with Italian words and what to do. Pure."""

from enum import Enum


class Label(Enum):
    """How a payment stands, or what does not match."""

    RT_IUF_TES = "RT_IUF_TES"
    RT_TES = "RT_TES"
    RT_IUF = "RT_IUF"
    RT_NO_IUF = "RT_NO_IUF"
    RT_IUF_DIV_IMP = "RT_IUF_DIV_IMP"
    RT_TWICE = "RT_TWICE"
    IUV_NO_RT = "IUV_NO_RT"
    IUF_SUM = "IUF_SUM"
    IUF_NO_TES = "IUF_NO_TES"
    IUF_TES_DIV_IMP = "IUF_TES_DIV_IMP"
    TES_NO_IUF_OR_IUV = "TES_NO_IUF_OR_IUV"
    DUPLICATE = "DUPLICATE"
    REVOKED = "REVOKED"
    REVOKED_BACK = "REVOKED_BACK"

    @property
    def words(self) -> str:
        """For people."""
        return _SAID[self.value][0]

    @property
    def to_do(self) -> str:
        """What the office does about it; empty when it is settled."""
        return _SAID[self.value][1]


_SAID = {
    "RT_IUF_TES": ("quadrato", ""),
    "RT_TES": ("quadrato con bonifico singolo", ""),
    "RT_IUF": (
        "rendicontato, non ancora quadrato",
        "Carica il giornale di cassa del tesoriere; se c'è già, guarda il caso del suo flusso.",
    ),
    "RT_NO_IUF": (
        "pagato, non ancora rendicontato",
        (
            "Chiedi al nodo i flussi mancanti («Chiedi i flussi adesso»). Se il flusso non c'è, chiedi alla banca"
            " che ha incassato il pagamento: il nome è sulla ricevuta."
        ),
    ),
    "RT_IUF_DIV_IMP": (
        "importo rendicontato diverso dalla ricevuta",
        (
            "Confronta la ricevuta con il flusso e chiedi alla banca quale importo è giusto; poi correggi il "
            "borsellino con una rettifica, se serve."
        ),
    ),
    "RT_TWICE": (
        "accreditato due volte",
        (
            "Confronta le due ricevute dell'avviso con il flusso. Se il pagamento è uno solo, storna dal pannello il "
            "movimento in più e avvisa la famiglia; se sono due, chiedi alla banca quando riporta l'altro."
        ),
    ),
    "IUV_NO_RT": (
        "rendicontato senza ricevuta",
        (
            "La ricevuta è stata richiesta a pagoPA. Se non arriva, accredita dalla rendicontazione: quando la "
            "ricevuta arriverà non accrediterà di nuovo."
        ),
    ),
    "IUF_SUM": (
        "flusso che non torna con sé stesso",
        "Il totale del flusso non è la somma delle sue righe: chiedi alla banca una nuova revisione.",
    ),
    "IUF_NO_TES": (
        "rendicontato, non accreditato",
        (
            "Carica il giornale di cassa. Se il bonifico non c'è, chiedi al tesoriere; se c'è ma la causale è "
            "illeggibile, abbinalo."
        ),
    ),
    "IUF_TES_DIV_IMP": (
        "accredito di importo diverso dal flusso",
        (
            "Chiedi alla banca del pagamento perché il bonifico è diverso dal flusso: deve integrarlo o "
            "pubblicare una nuova revisione."
        ),
    ),
    "TES_NO_IUF_OR_IUV": (
        "accredito senza flusso",
        (
            "Se riconosci il flusso, abbinalo qui sotto. Se manca il flusso, chiedilo al nodo o caricalo dal file"
            " della banca."
        ),
    ),
    "DUPLICATE": (
        "rendicontato due volte",
        (
            "Lo stesso pagamento è in due righe: chiedi alla banca se il secondo bonifico va restituito. Il "
            "borsellino non cambia."
        ),
    ),
    "REVOKED": (
        "pagamento revocato",
        (
            "La banca ha ripreso i soldi e il borsellino è stato stornato: avvisa la famiglia e, se vuole ancora "
            "pagare, emetti un nuovo avviso."
        ),
    ),
    "REVOKED_BACK": (
        "revoca ritirata",
        (
            "La banca non riporta più la revoca: i soldi sono del Comune e il borsellino è ancora stornato. Riaccredita "
            "la famiglia; se hai già rimediato con una rettifica, chiudi il caso."
        ),
    ),
}
