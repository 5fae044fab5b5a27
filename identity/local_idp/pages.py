"""The two pages of the simulated provider: choosing who to be, and the form that carries the answer back."""

from html import escape

from identity.local_idp.people import DemoPerson

ANOMALIES = {
    19: "Troppi tentativi sbagliati",
    20: "Livello di sicurezza insufficiente",
    21: "Tempo scaduto",
    22: "Consenso negato",
    23: "Identità sospesa",
    30: "Identità professionale",
}
SHOWN = 30

_STYLE = """
body{font-family:system-ui,sans-serif;margin:0;background:#f4f1ea;color:#222;line-height:1.5}
main{max-width:46rem;margin:0 auto;padding:1rem}
.simulazione{background:#7a0019;color:#fff;padding:.75rem 1rem;text-align:center;font-weight:700}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:1.5rem}
ul{list-style:none;padding:0;margin:0}li{margin:.35rem 0}
button{font:inherit;padding:.6rem 1rem;border-radius:6px;border:1px solid #555;background:#fff;text-align:left;cursor:pointer}
li button{width:100%}button strong{display:block}
button:focus-visible,input:focus-visible,summary:focus-visible{outline:3px solid #b35900;outline-offset:2px}
input{font:inherit;padding:.55rem;border:1px solid #555;border-radius:6px;width:min(100%,20rem)}
form{margin:0}summary{cursor:pointer;padding:.5rem 0}
"""


def _shell(title: str, body: str, nonce: str) -> str:
    return (
        f'<!doctype html><html lang="it"><head><meta charset="utf-8"><title>{escape(title)} - SIMULAZIONE</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style nonce="{nonce}">{_STYLE}</style></head><body>'
        '<header class="simulazione">SIMULAZIONE: questo non è un gestore SPID, qui nessuna identità è vera</header>'
        f"<main>{body}</main></body></html>"
    )


def choose(people: list[DemoPerson], *, query: str, words: str, nonce: str) -> str:
    """The list of demo people; the noted ones first. Every button posts back to the address of the question."""
    noted = [person for person in people if person.note] if not words else []
    others = [person for person in people if person not in noted] if not words else people
    body = (
        "<h1>Chi vuoi essere?</h1>"
        f'<form method="post" action="?{escape(query)}">'
        f"{_group('Persone da provare', noted)}{_group('Altre persone' if noted else 'Persone', others[:SHOWN])}"
        "</form>"
        f'<h2>Cerca</h2><form method="post" action="?{escape(query)}"><p><label for="cerca">Nome, cognome o codice '
        f'fiscale</label><br><input id="cerca" name="cerca" value="{escape(words)}"> <button type="submit">Cerca</button></p></form>'
        f'<form method="post" action="?{escape(query)}"><p><button name="anomalia" value="25">Annulla</button></p>'
        f"<details><summary>Altri esiti da provare</summary><ul>{_anomalies()}</ul></details></form>"
    )
    return _shell("Scegli un'identità", body, nonce)


def _group(title: str, people: list[DemoPerson]) -> str:
    if not people:
        return ""
    items = "".join(
        f'<li><button name="persona" value="{escape(person.fiscal_code)}"><strong>{escape(person.first_name)} '
        f"{escape(person.last_name)}</strong> {escape(person.note or person.fiscal_code)}</button></li>"
        for person in people
    )
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>"


def _anomalies() -> str:
    return "".join(
        f'<li><button name="anomalia" value="{number}">{escape(text)} (errore {number})</button></li>'
        for number, text in ANOMALIES.items()
    )


def carry_back(*, acs_url: str, response: str, relay_state: str, nonce: str) -> str:
    """Submits itself; without script there is a button."""
    body = (
        "<h1>Torno al portale</h1>"
        f'<form method="post" action="{escape(acs_url)}" id="risposta">'
        f'<input type="hidden" name="SAMLResponse" value="{escape(response)}">'
        f'<input type="hidden" name="RelayState" value="{escape(relay_state)}">'
        '<p><button type="submit">Continua</button></p></form>'
        f"<script nonce=\"{nonce}\">document.getElementById('risposta').submit()</script>"
    )
    return _shell("Torno al portale", body, nonce)


def refused(text: str, nonce: str) -> str:
    return _shell("Richiesta non valida", f"<h1>Richiesta non valida</h1><p>{escape(text)}</p>", nonce)
