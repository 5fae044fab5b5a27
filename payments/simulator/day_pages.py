"""The page of the day's closing: what has been collected, which defects, what has been closed."""

import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from payments.simulator.day import DEFECTS, MENDED, Payment
from payments.simulator.pages import euro, page

WORDS = {name: title for name, title, _ in DEFECTS}


def closing(
    *,
    waiting: Sequence[Payment],
    reports: Sequence[sqlite3.Row],
    credits_: Sequence[sqlite3.Row],
    portal: str,
    problem: str,
) -> str:
    warning = f'<p class="trouble" role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
    return page(
        "Chiudi la giornata",
        f'<p><a href="{{base}}/">← Il nodo di prova</a></p>{warning}'
        f"{_form(waiting)}{_closed(reports)}{_credits(credits_)}{_next_steps(portal)}",
        wide=True,
    )


def _form(waiting: Sequence[Payment]) -> str:
    total = sum((payment.amount for payment in waiting), Decimal(0))
    collected = (
        f"<p>Pagamenti da rendicontare: <strong>{len(waiting)}</strong>, in tutto <strong>{euro(total)}</strong>.</p>"
        if waiting
        else "<p>Nessun pagamento da rendicontare: paga un avviso, oppure scegli «Un pagamento senza ricevuta».</p>"
    )
    choices = "".join(
        f'<label class="choice"><input type="checkbox" name="difetto" value="{name}"><span><strong>{escape(title)}</strong>'
        f'<br><span class="small">{escape(what)}</span></span></label>'
        for name, title, what in DEFECTS
    )
    return (
        f'<form class="card" method="post" action="{{base}}/giornata"><h1>Chiudi la giornata</h1>{collected}'
        "<p>La banca di prova manda al Comune un bonifico e pubblica il flusso di rendicontazione. Scegli, se vuoi, che cosa "
        f'deve andare storto.</p><fieldset><legend>Difetti</legend><div class="choices">{choices}</div></fieldset>'
        '<button class="main">Chiudi la giornata</button></form>'
    )


def _closed(reports: Sequence[sqlite3.Row]) -> str:
    if not reports:
        return ""
    newest: dict[str, int] = {}
    for row in reports:
        newest[row["fdr"]] = max(row["revision"], newest.get(row["fdr"], 0))
    lines = "".join(_report(row, is_newest=newest[row["fdr"]] == row["revision"]) for row in reports)
    return (
        '<section class="card"><h2>Flussi chiusi</h2><table><thead><tr><th>Flusso</th><th>Difetti</th><th>File</th><th></th></tr>'
        f"</thead><tbody>{lines}</tbody></table></section>"
    )


def _report(row: sqlite3.Row, *, is_newest: bool) -> str:
    defects = [name for name in row["defects"].split(",") if name]
    words = ", ".join(WORDS.get(name, name).lower() for name in defects) or "nessuno"
    place = f"{{base}}/giornata/{escape(row['fdr'])}/{row['revision']}"
    mend = (
        f'<form method="post" action="{place}/ripara"><button>Pubblica la revisione giusta</button></form>'
        if is_newest and MENDED & set(defects)
        else ""
    )
    published = "" if row["visible"] else '<br><span class="small">non pubblicato</span>'
    return (
        f'<tr><td><span class="mono">{escape(row["fdr"])}</span><br><span class="small">revisione {row["revision"]}</span>{published}'
        f'</td><td>{escape(words)}</td><td><a href="{place}.xml">XML</a></td><td>{mend}</td></tr>'
    )


def _credits(rows: Iterable[sqlite3.Row]) -> str:
    lines = "".join(
        f"<tr><td>{row['number']}</td><td>{escape(row['day'])}</td><td>{_operation(row)}</td><td>{euro(row['amount'])}</td>"
        f'<td class="mono">{escape(row["reference"])}</td></tr>'
        for row in reversed(list(rows))
    )
    if not lines:
        return ""
    return (
        '<section class="card"><h2>Il conto del tesoriere</h2><table><thead><tr><th>Sospeso</th><th>Giorno</th><th>Operazione</th>'
        f"<th>Importo</th><th>Causale</th></tr></thead><tbody>{lines}</tbody></table>"
        '<a class="button" href="{base}/giornata/giornale.xml">Scarica il giornale di cassa (OPI, XML)</a></section>'
    )


def _operation(row: sqlite3.Row) -> str:
    return f"storno del {row['cancels']}" if row["operation"] == "cancelled" else "accredito"


def _next_steps(portal: str) -> str:
    return (
        '<section class="card"><h2>E adesso, nel portale</h2><ol><li>Apri '
        f'<a href="{escape(portal)}/ufficio/riconciliazione/">Ufficio, Quadratura con la tesoreria</a> come ragioneria.</li>'
        "<li>Premi «Chiedi i flussi adesso»: il portale li prende da qui.</li>"
        "<li>Scarica il giornale di cassa qui sopra e caricalo: trovi quello che non torna, e perché.</li></ol></section>"
    )
