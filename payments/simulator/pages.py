"""The pages of the simulator: plain HTML, every value escaped, SIMULAZIONE on each."""

from collections.abc import Iterable
from decimal import Decimal
from html import escape
from typing import Any

STYLE = """
*{box-sizing:border-box}body{margin:0;font:17px/1.5 "Titillium Web",system-ui,sans-serif;color:#17324d;background:#eef2f7}
.name{padding:1rem;margin:0}.sim{margin:0;background:#b00020;color:#fff;text-align:center;padding:.6rem 1rem;font-weight:700;letter-spacing:.12em;font-size:1.05rem}
header{background:#fff;border-bottom:1px solid #d9dfe6;text-align:center;font-weight:700;font-size:1.3rem}
main{max-width:36rem;margin:1.5rem auto;padding:0 1rem}main.wide{max-width:60rem}
.card{background:#fff;border:1px solid #d9dfe6;border-radius:12px;padding:1.25rem;margin-bottom:1.25rem;overflow-x:auto}
h1{font-size:1.6rem;margin:0 0 .75rem}h2{font-size:1.15rem;margin:0 0 .5rem}p{margin:0 0 .75rem}
ul{list-style:none;margin:0;padding:0}li{padding:.6rem 0;border-bottom:1px solid #e8ecf0}li:last-child{border:0}
.row{display:flex;justify-content:space-between;gap:1rem}.total{font-size:1.4rem;font-weight:700}
button,.button{display:block;width:100%;font:inherit;font-weight:700;padding:.8rem 1rem;margin:.5rem 0 0;border-radius:8px;
border:2px solid #0066cc;background:#fff;color:#004d99;cursor:pointer;text-align:center;text-decoration:none}
button.main{background:#0066cc;color:#fff;font-size:1.15rem}button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid #ff9900;outline-offset:2px}
label{font-weight:700;display:block}input{font:inherit;width:100%;padding:.7rem;border:1px solid #5b6f82;border-radius:8px;margin-top:.25rem}
table{border-collapse:collapse;width:100%;font-size:.95rem}th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid #e8ecf0}
fieldset{border:0;padding:0;margin:0 0 .5rem}legend{font-weight:700;padding:0;margin-bottom:.25rem}ol{padding-left:1.4rem;margin:0}ol li{border:0;padding:.25rem 0}
.choices{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:.5rem}
.choice{display:flex;gap:.6rem;align-items:flex-start;font-weight:400;border:1px solid #d9dfe6;border-radius:8px;padding:.6rem .75rem;cursor:pointer}
.choice input{width:1.3rem;height:1.3rem;flex:none;margin:.15rem 0 0;accent-color:#0066cc}.trouble{background:#fdecef;border-left:5px solid #b00020;padding:.8rem 1rem;border-radius:6px}
a{color:#004d99}td button{padding:.45rem .8rem;margin:0;font-size:.95rem}td .mono,td.mono{font-size:.85rem;overflow-wrap:anywhere}
.small{color:#455b71;font-size:.95rem}.mono{font-family:ui-monospace,monospace}
"""

PAY_BUTTONS = (
    ("late", "Paga, ma la ricevuta arriva dopo un minuto"),
    ("twice", "Paga, e la ricevuta viene consegnata due volte"),
    ("reorder", "Paga, e le ricevute arrivano in ordine inverso"),
    ("standin", "Paga mentre il portale è irraggiungibile (stand-in)"),
    ("lost", "Paga, ma la ricevuta non parte mai"),
    ("close", "Paga e chiudi il browser (la ricevuta arriva lo stesso)"),
    ("fail", "Il pagamento non riesce"),
    ("cancel", "Annulla e torna al portale"),
    ("leave", "Chiudi il browser senza pagare"),
)


def page(title: str, content: str, *, wide: bool = False) -> str:
    shape = " class=wide" if wide else ""
    return (
        '<!doctype html><html lang="it"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - SIMULAZIONE pagoPA</title>"
        '<link rel="stylesheet" href="{base}/style.css"><link rel="icon" href="data:,"></head><body>'
        '<header><p class="sim">SIMULAZIONE – nessun pagamento vero</p><p class="name">pagoPA di prova</p></header>'
        f"<main{shape}>{content}</main></body></html>"
    )


def euro(amount: Decimal | str) -> str:
    text = f"{Decimal(amount):,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{text}\N{NO-BREAK SPACE}€"


def checkout(cart: dict[str, Any]) -> str:
    notices = cart["paymentNotices"]
    total = sum((Decimal(notice["amount"]) / 100 for notice in notices), Decimal(0))
    rows = "".join(
        f'<li class="row"><span>{escape(notice["description"])}<br><span class="small">{escape(notice["companyName"])}</span>'
        f"</span><strong>{euro(Decimal(notice['amount']) / 100)}</strong></li>"
        for notice in notices
    )
    others = "".join(
        f'<button name="esito" value="{value}">{escape(label)}</button>' for value, label in PAY_BUTTONS
    )
    return page(
        "Paga",
        f'<form method="post"><section class="card"><h1>Il tuo pagamento</h1><ul>{rows}</ul>'
        f'<p class="row total"><span>Totale</span><span>{euro(total)}</span></p>'
        f'<button class="main" name="esito" value="pay">Paga {euro(total)}</button></section>'
        f'<section class="card"><h2>Oppure prova un altro esito</h2>{others}</section></form>',
    )


def message(title: str, *sentences: str, link: tuple[str, str] | None = None) -> str:
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    button = f'<a class="button" href="{escape(link[0])}">{escape(link[1])}</a>' if link else ""
    return page(title, f'<section class="card"><h1>{escape(title)}</h1>{text}{button}</section>')


def counter(number: str = "", problem: str = "") -> str:
    warning = f'<p class="trouble" role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
    return page(
        "Sportello",
        '<section class="card"><h1>Sportello, tabaccheria, banca</h1>'
        "<p>Scrivi il numero dell'avviso di carta, o il testo letto dal suo codice QR.</p>"
        f'{warning}<form method="get"><label for="numero">Codice avviso</label>'
        f'<input id="numero" name="numero" value="{escape(number)}" autocomplete="off" required>'
        '<button class="main">Cerca l\'avviso</button></form></section>'
        '<form class="card" method="post" action="{base}/sportello/foto" enctype="multipart/form-data">'
        '<label for="foto">Oppure carica una foto del QR dell\'avviso</label>'
        '<input id="foto" name="foto" type="file" accept="image/png,image/jpeg" required>'
        "<button>Leggi il QR</button></form>",
    )


def counter_found(nav: str, debt: Any) -> str:
    return page(
        "Sportello",
        f'<section class="card"><h1>{euro(debt.amount)}</h1><p>{escape(debt.description)}</p>'
        f'<p class="small">{escape(debt.company)} – avviso <span class="mono">{escape(nav)}</span></p>'
        f'<form method="post"><input type="hidden" name="numero" value="{escape(nav)}">'
        '<button class="main" name="esito" value="pay">Paga in contanti</button>'
        '<button name="esito" value="late">Paga, ma la ricevuta arriva dopo un minuto</button>'
        '<button name="esito" value="twice">Paga, e la ricevuta viene consegnata due volte</button>'
        '<button name="esito" value="standin">Paga mentre il portale è irraggiungibile (stand-in)</button>'
        '<button name="esito" value="lost">Paga, ma la ricevuta non parte mai</button></form></section>',
    )


def home(rows: Iterable[Any]) -> str:
    lines = "".join(
        f'<tr><td>{escape(row["paid_at"].replace("T", " "))}</td><td class="mono">{escape(row["nav"])}</td>'
        f"<td>{euro(row['amount'])}</td><td>{row['tries']}</td><td>{escape(row['outcome'] or 'in coda')}</td></tr>"
        for row in rows
    )
    table = (
        "<table><thead><tr><th>Pagato</th><th>Avviso</th><th>Importo</th><th>Tentativi</th><th>Ricevuta</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>"
        if lines
        else "<p>Ancora nessun pagamento.</p>"
    )
    return page(
        "Nodo",
        '<section class="card"><h1>Il nodo di prova</h1><p>Risponde al portale della mensa come il nodo pagoPA.</p>'
        '<a class="button" href="{base}/sportello">Paga un avviso di carta allo sportello</a>'
        '<a class="button" href="{base}/giornata">Chiudi la giornata: flusso e giornale di cassa</a>'
        '<a class="button" href="{base}/io">I messaggi arrivati nell\'app IO</a></section>'
        f'<section class="card"><h2>Ultime ricevute</h2>{table}'
        '<form method="post" action="{base}/consegne"><button>Consegna adesso quelle in attesa</button></form></section>',
        wide=True,
    )
