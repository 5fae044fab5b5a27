"""The page of the simulated app IO: the messages as a telephone would show them, and who uses the app."""

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from payments.simulator.io_store import ALLOWED, NOBODY, SWITCHED_OFF
from payments.simulator.pages import euro, page

ROME = ZoneInfo("Europe/Rome")
STATES = {
    ALLOWED: "Usa l'app IO e riceve i messaggi della mensa",
    SWITCHED_OFF: "Ha spento il servizio nell'app",
    NOBODY: "Non ha l'app IO",
}


def everybody(messages: Sequence[sqlite3.Row], *, town: str, trouble: str = "") -> str:
    said = f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else ""
    return _page("Messaggi arrivati nell'app IO", said + _FIND + _shown(messages, town))


def of_person(messages: Sequence[sqlite3.Row], *, number: str, whose: str, state: str, town: str) -> str:
    everybodys = '<p><a href="{base}/io">I messaggi di tutti</a></p>'
    parts = everybodys + _who_uses_it(number, state) + _shown(messages, town)
    return _page(f"Messaggi per {whose}", parts)


def _page(title: str, parts: str) -> str:
    return page(
        "App IO",
        f'<p><a href="{{base}}/">← Il nodo di prova</a></p><h1>{escape(title)}</h1>'
        f"<p>L'app IO di prova: nessun messaggio parte davvero.</p>{parts}",
    )


#: Sent in the body: a fiscal code has no business in an address.
_FIND = (
    '<form class="card" method="post" action="{base}/io"><label for="cf">Una persona sola, per codice fiscale</label>'
    '<input id="cf" name="cf" required maxlength="16" autocomplete="off"><button>Mostra</button></form>'
)


def _shown(messages: Sequence[sqlite3.Row], town: str) -> str:
    return "".join(_message(row, town) for row in messages) or '<p class="card">Ancora nessun messaggio.</p>'


def _message(row: sqlite3.Row, town: str) -> str:
    content = json.loads(row["body"])["content"]
    arrived = dt.datetime.fromisoformat(row["created_at"]).astimezone(ROME)
    return (
        f'<article class="card"><p class="small">{escape(town)} – Mensa scolastica<br>{arrived:%d/%m/%Y %H:%M} per '
        f'<a class="mono" href="{{base}}/io/{row["person"]}">{escape(row["fiscal_code"])}</a></p>'
        f"<h2>{escape(content['subject'])}</h2>{_text(content['markdown'])}{_payment(content)}</article>"
    )


def _text(markdown: str) -> str:
    """Paragraphs, bold and addresses: what our messages use."""
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(markdown))
    linked = re.sub(r"(https?://[^\s&<]+)", r'<a href="\1">\1</a>', bold)
    return "".join(f"<p>{one}</p>" for one in linked.split("\n\n"))


def _payment(content: dict[str, Any]) -> str:
    data = content.get("payment_data")
    if not data:
        return ""
    nav = escape(data["notice_number"])
    return (
        f'<p class="small">Avviso <span class="mono">{nav}</span></p>'
        f'<a class="button" href="{{base}}/sportello?numero={nav}">Paga {euro(Decimal(data["amount"]) / 100)}</a>'
    )


def _who_uses_it(number: str, state: str) -> str:
    choices = "".join(
        f'<label class="choice"><input type="radio" name="stato" value="{value}"{" checked" if value == state else ""}>'
        f"<span>{escape(label)}</span></label>"
        for value, label in STATES.items()
    )
    return (
        f'<form class="card" method="post" action="{{base}}/io/{number}">'
        f'<fieldset><legend>Questa persona</legend><div class="choices">{choices}</div></fieldset>'
        "<button>Salva</button></form>"
    )
