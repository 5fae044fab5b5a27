"""What the app IO says, event by event. Pure. No name and no code of a child, no diet, no income: a telephone shows it locked.

The app takes subjects of 10 to 120 characters and texts of 80 to 10,000, in Markdown.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from payments.rules.amounts import printed

SUBJECT = (10, 120)
TEXT = (80, 10_000)


@dataclass(frozen=True)
class Words:
    subject: str
    text: str


def opening(*, year: str, until: date | None, site: str) -> Words:
    end = f" Puoi presentare la domanda fino al {until:%d/%m/%Y}." if until else ""
    return Words(
        f"Mensa scolastica: iscrizioni aperte per il {year}",
        f"Sono aperte le iscrizioni al servizio di mensa per l'anno scolastico {year}.{end}\n\n"
        f"A chi rivolgerti lo trovi nel portale della mensa: {site}",
    )


def notice(*, amount: Decimal, due: date, town: str) -> Words:
    return Words(
        "Mensa scolastica: avviso di pagamento",
        f"{town} ti ha inviato un avviso per la mensa scolastica.\n\n"
        f"**Importo**: {printed(amount)} euro\n\n**Da pagare entro il** {due:%d/%m/%Y}\n\n"
        "Quello che paghi entra nel borsellino della famiglia e si scala a ogni pasto. Se hai già pagato, non devi fare altro.",
    )


def due_soon(*, amount: Decimal, due: date) -> Words:
    return Words(
        "Mensa scolastica: un avviso sta per scadere",
        f"L'avviso da {printed(amount)} euro per la mensa scolastica scade il {due:%d/%m/%Y}.\n\n"
        "Se hai già pagato, non devi fare altro: il pagamento può arrivare con un po' di ritardo.",
    )


def unpaid(*, amount: Decimal, due: date, site: str) -> Words:
    return Words(
        "Mensa scolastica: un avviso non risulta pagato",
        f"L'avviso da {printed(amount)} euro per la mensa scolastica era da pagare entro il {due:%d/%m/%Y} e non risulta pagato.\n\n"
        "Se hai già pagato, non devi fare altro: il pagamento può arrivare con un po' di ritardo. "
        f"Se non puoi pagare adesso, scrivi all'ufficio: trovi come nel portale della mensa: {site}",
    )


def topped_up(*, amount: Decimal, code: str, site: str) -> Words:
    return Words(
        "Mensa scolastica: ricarica ricevuta",
        f"Abbiamo ricevuto {printed(amount)} euro: sono nel borsellino {code}.\n\n"
        f"Saldo, movimenti e ricevuta del pagamento sono nel portale della mensa: {site}",
    )


def low_credit(*, code: str, site: str) -> Words:
    return Words(
        "Mensa scolastica: il borsellino sta per finire",
        f"Il credito del borsellino {code} sta per finire. Nessun bambino resta senza pranzo per questo: "
        f"quando puoi, ricarica dal portale della mensa: {site}",
    )


def debt(*, code: str, site: str) -> Words:
    return Words(
        "Mensa scolastica: il borsellino è sotto zero",
        f"Il borsellino {code} è sotto zero. Nessun bambino resta senza pranzo per questo: quando puoi, ricarica dal portale "
        f"della mensa. Se hai difficoltà a pagare, parlane con l'ufficio: {site}",
    )


def enrolled(*, year: str, children: int, site: str) -> Words:
    """How many, not who."""
    what = "L'iscrizione" if children == 1 else f"L'iscrizione di {children} figli"
    return Words(
        "Mensa scolastica: iscrizione accolta",
        f"{what} al servizio di mensa per l'anno scolastico {year} è stata accolta.\n\n"
        f"Nel portale della mensa trovi il calendario, il prezzo del pasto e il borsellino: {site}",
    )


def withdrawn(*, first: date, children: int, site: str) -> Words:
    """How many, not who."""
    whose, have = ("di un figlio", "ha") if children == 1 else (f"di {children} figli", "hanno")
    return Words(
        "Mensa scolastica: rinuncia registrata",
        f"Abbiamo registrato la rinuncia {whose} al servizio di mensa: dal {first:%d/%m/%Y} non {have} più pasti né addebiti.\n\n"
        "Il credito che resta non si perde: vale per gli altri figli, oppure l'ufficio te lo rimborsa. "
        f"I particolari e il saldo sono nel portale della mensa: {site}",
    )


def reductions(*, site: str) -> Words:
    return Words(
        "Mensa scolastica: puoi chiedere un'agevolazione",
        "Per il servizio di mensa ci sono tariffe ridotte ed esenzioni. Se pensi che ti spettino, chiedile "
        "subito all'ufficio: non valgono per i pasti già serviti.\n\n"
        f"Come raggiungere l'ufficio, e quanto paghi adesso, è nel portale della mensa: {site}",
    )


def benefit(*, site: str) -> Words:
    """The same whether it is an exemption or a declaration, and whatever it says."""
    return Words(
        "Mensa scolastica: agevolazioni aggiornate",
        "L'ufficio ha registrato una dichiarazione o un'agevolazione che conta per il prezzo dei pasti della tua famiglia.\n\n"
        f"Quanto paghi e perché è nel portale della mensa: {site}",
    )


def benefit_ends(*, first: date, site: str) -> Words:
    """Says what stops holding, not the price: that follows from the town's rules."""
    return Words(
        "Mensa scolastica: agevolazioni da rinnovare",
        f"Una dichiarazione o un'agevolazione che conta per il prezzo dei pasti della tua famiglia non vale più dal {first:%d/%m/%Y}. "
        f"Se ti spetta ancora, rinnovala con l'ufficio.\n\nCome raggiungerlo, e quanto paghi, è nel portale della mensa: {site}",
    )


def diet_decided(*, accepted: bool, site: str) -> Words:
    """The same sentence for every reason; what was decided about it is in the portal, behind SPID."""
    outcome = "accolta" if accepted else "non accolta"
    return Words(
        f"Mensa scolastica: richiesta {outcome}",
        f"La richiesta che hai presentato per il servizio di mensa è stata {outcome}.\n\n"
        f"I dettagli e i prossimi passi sono nel portale della mensa: {site}",
    )


def diet_dropped(*, site: str) -> Words:
    return Words(
        "Mensa scolastica: richiesta ritirata",
        "La richiesta che avevi presentato per il servizio di mensa è stata ritirata prima che l'ufficio la valutasse.\n\n"
        f"Se serve ancora, presentane un'altra dal portale della mensa: {site}",
    )


def diet_ends(*, first: date, site: str) -> Words:
    return Words(
        "Mensa scolastica: una richiesta non vale più",
        f"Una richiesta accolta per il servizio di mensa non vale più dal {first:%d/%m/%Y}.\n\n"
        f"Se serve ancora, presentane subito un'altra o parlane con l'ufficio: trovi tutto nel portale della mensa: {site}",
    )


def certificate(*, year: int, site: str) -> Words:
    return Words(
        f"Mensa scolastica: attestazione delle spese {year}",
        f"È pronta l'attestazione di quanto hai versato nel {year} per la mensa scolastica, per la dichiarazione dei redditi.\n\n"
        f"La trovi nell'estratto conto, nel portale della mensa: {site}",
    )
