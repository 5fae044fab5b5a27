"""Invariants of the books: each is one set query that finds what must not exist. Empty, or somebody must look.

``check_books`` runs these and those of the other apps (``attendance.books.CHECKS``, ``payments.books.CHECKS``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from wallets import digests

SHOWN = 20  # rows told for each broken invariant


@dataclass(frozen=True)
class Check:
    """``sql`` selects one text per finding, without personal data: ids, days, amounts."""

    name: str
    sentence: str
    sql: str


@dataclass(frozen=True)
class Finding:
    check: str
    sentence: str
    count: int
    examples: tuple[str, ...]


CHECKS: tuple[Check, ...] = (
    Check(
        "saldo_e_somma",
        "Il saldo di ogni borsellino è la somma dei suoi movimenti.",
        """SELECT format('borsellino %s: saldo %s, somma %s', w.id, w.balance, COALESCE(m.total, 0))
        FROM wallets_wallet w LEFT JOIN (
            SELECT wallet_id, sum(amount) AS total FROM (
                SELECT wallet_id, amount FROM wallets_charge UNION ALL SELECT wallet_id, amount FROM wallets_entry
            ) AS all_movements GROUP BY wallet_id
        ) m ON m.wallet_id = w.id WHERE w.balance <> COALESCE(m.total, 0)""",
    ),
    Check(
        "movimenti_con_borsellino",
        "Ogni addebito ha un borsellino, un alunno e una spiegazione che esistono.",
        """SELECT format('addebito %s, alunno %s', c.service_day, c.pupil_id) FROM wallets_charge c
        LEFT JOIN wallets_wallet w ON w.id = c.wallet_id LEFT JOIN enrolments_pupil p ON p.id = c.pupil_id
        LEFT JOIN enrolments_explanation e ON e.id = c.explanation_id
        WHERE w.id IS NULL OR p.id IS NULL OR e.id IS NULL""",
    ),
    Check(
        "un_addebito_al_giorno",
        "Per ogni bambino e giorno c'è al massimo un addebito non stornato.",
        """SELECT format('alunno %s, %s', pupil_id, service_day) FROM wallets_charge GROUP BY service_day, pupil_id
        HAVING sum(CASE WHEN revision % 2 = 0 THEN 1 ELSE -1 END) NOT IN (0, 1)""",
    ),
    Check(
        "revisioni_in_fila",
        "Le revisioni di un addebito vanno da zero in su senza salti.",
        """SELECT format('alunno %s, %s', pupil_id, service_day) FROM wallets_charge GROUP BY service_day, pupil_id
        HAVING min(revision) <> 0 OR max(revision) <> count(*) - 1""",
    ),
    Check(
        "storni_di_addebiti_esatti",
        "Lo storno di un addebito è esatto e sullo stesso borsellino.",
        """SELECT format('alunno %s, %s', r.pupil_id, r.service_day) FROM wallets_charge r JOIN wallets_charge c
        ON c.service_day = r.service_day AND c.pupil_id = r.pupil_id AND c.revision = r.revision - 1
        WHERE r.revision % 2 = 1 AND (c.amount <> -r.amount OR c.wallet_id <> r.wallet_id)""",
    ),
    Check(
        "addebiti_della_famiglia",
        "Ogni addebito è sul borsellino di una famiglia del bambino.",
        """SELECT DISTINCT format('borsellino %s, alunno %s', c.wallet_id, c.pupil_id)
        FROM (SELECT DISTINCT wallet_id, pupil_id FROM wallets_charge) c JOIN wallets_wallet w ON w.id = c.wallet_id
        WHERE NOT EXISTS (SELECT FROM enrolments_custody k
            WHERE k.household_id = w.household_id AND k.pupil_id = c.pupil_id)""",
    ),
    Check(
        "addebito_e_prezzo",
        "L'importo di un addebito è quello della sua spiegazione.",
        """SELECT format('alunno %s, %s: %s invece di %s', c.pupil_id, c.service_day, -c.amount, e.facts ->> 'amount')
        FROM wallets_charge c JOIN enrolments_explanation e ON e.id = c.explanation_id
        WHERE c.revision % 2 = 0 AND e.facts ->> 'kind' = 'price' AND (e.facts ->> 'amount')::numeric <> -c.amount""",
    ),
    Check(
        "addebiti_annunciati",
        "Ogni primo addebito sta in una registrazione del suo giorno.",
        """SELECT format('borsellino %s, %s', c.wallet_id, c.service_day)
        FROM (SELECT DISTINCT service_day, wallet_id FROM wallets_charge) c
        WHERE NOT EXISTS (SELECT FROM wallets_posting p
            WHERE p.service_day = c.service_day AND p.wallets @> c.wallet_id)""",
    ),
    Check(
        "storni_esatti",
        "Ogni storno è esatto, sullo stesso borsellino, e non storna uno storno.",
        """SELECT format('movimento %s', r.id) FROM wallets_entry r LEFT JOIN wallets_entry e ON e.id = r.reverses_id
        WHERE r.kind = 'reversal' AND (e.id IS NULL OR e.amount <> -r.amount OR e.wallet_id <> r.wallet_id
            OR e.kind = 'reversal')""",
    ),
    Check(
        "segno_e_tipo",
        "Ogni movimento ha il segno del suo tipo.",
        """SELECT format('movimento %s', id) FROM wallets_entry
        WHERE (kind IN ('top_up', 'recredit') AND amount <= 0) OR (kind = 'refund' AND amount >= 0) OR amount = 0""",
    ),
    Check(
        "rettifiche_firmate",
        "Ogni rettifica ha un autore e un motivo.",
        """SELECT format('movimento %s', id) FROM wallets_entry
        WHERE kind = 'adjustment' AND (recorded_by_id IS NULL OR reason = '')""",
    ),
    Check(
        "giroconti_a_due_lati",
        "Ogni giroconto esce da un borsellino ed entra in un altro per lo stesso importo.",
        """SELECT format('giroconto %s', key) FROM (
            SELECT regexp_replace(cause, ':(in|out)$', '') AS key, amount, wallet_id FROM wallets_entry
            WHERE kind = 'transfer') sides
        GROUP BY key HAVING count(*) <> 2 OR sum(amount) <> 0 OR count(DISTINCT wallet_id) <> 2""",
    ),
    Check(
        "rimborsi_e_movimenti",
        "Ogni rimborso approvato ha tolto dal borsellino proprio il suo importo, e ogni uscita ha il suo rimborso.",
        """SELECT format('rimborso %s', r.id) FROM wallets_refund r JOIN wallets_entry e ON e.id = r.entry_id
        WHERE e.amount <> -r.amount OR e.wallet_id <> r.wallet_id
        UNION ALL
        SELECT format('movimento %s', e.id) FROM wallets_entry e LEFT JOIN wallets_refund r ON r.entry_id = e.id
        WHERE e.kind = 'refund' AND r.id IS NULL""",
    ),
    Check(
        "riaccrediti",
        "Un rimborso torna nel borsellino una volta, per intero, solo se il bonifico è tornato indietro o è stato annullato.",
        """SELECT format('rimborso %s', r.id) FROM wallets_refund r LEFT JOIN wallets_entry e ON e.id = r.recredit_id
        WHERE (r.recredit_id IS NOT NULL) <> (r.state = 'bounced' OR r.state = 'cancelled' AND r.entry_id IS NOT NULL)
            OR e.amount <> r.amount OR e.wallet_id <> r.wallet_id""",
    ),
    Check(
        "elenchi_di_bonifici",
        "Il totale di ogni elenco di bonifici è la somma dei suoi rimborsi.",
        """SELECT format('elenco %s', x.id) FROM wallets_refundexport x LEFT JOIN wallets_refund r ON r.export_id = x.id
        GROUP BY x.id HAVING x.total <> COALESCE(sum(r.amount), 0) OR x.transfers <> count(r.id)""",
    ),
    Check(
        "un_borsellino_per_famiglia",
        "Ogni famiglia con figli ha il suo borsellino.",
        """SELECT DISTINCT format('famiglia %s', k.household_id) FROM enrolments_custody k
        WHERE NOT EXISTS (SELECT FROM wallets_wallet w WHERE w.household_id = k.household_id)""",
    ),
    Check(
        "anni_previsti",
        "Nessun addebito cade fuori dagli anni scolastici previsti dalle partizioni.",
        """SELECT format('alunno %s, %s', pupil_id, service_day) FROM wallets_charge
        WHERE service_day < '2021-09-01' OR service_day >= '2046-09-01'""",
    ),
    Check(
        "guardie_in_servizio",
        "I trigger che proteggono i movimenti sono al loro posto e accesi.",
        """SELECT format('%s su %s', needed.trigger_name, needed.table_name) FROM (VALUES
            ('append_only', 'wallets_entry'), ('a_check', 'wallets_entry'), ('b_move_balances', 'wallets_entry'),
            ('c_check_given_away', 'wallets_entry'), ('append_only', 'wallets_charge'), ('a_check', 'wallets_charge'),
            ('b_move_balances', 'wallets_charge'), ('append_only', 'wallets_posting'),
            ('append_only', 'wallets_dailydigest'), ('balance_moved_by_movements_only', 'wallets_wallet'),
            ('wallet_opens_at_zero', 'wallets_wallet'), ('wallets_are_kept', 'wallets_wallet')
        ) AS needed (trigger_name, table_name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = needed.table_name::regclass
            AND t.tgname = needed.trigger_name AND t.tgenabled = 'O')
        UNION ALL
        SELECT format('partizione %s', c.relname) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE i.inhparent = 'wallets_charge'::regclass AND 2 <> (SELECT count(*) FROM pg_trigger t
            WHERE t.tgrelid = c.oid AND t.tgname IN ('append_only', 'charges_enter_by_the_table') AND t.tgenabled = 'O')""",
    ),
)
DIGESTS = ("impronte", "I movimenti dei giorni passati sono quelli della loro impronta.")


def run(checks: Sequence[Check]) -> list[Finding]:
    """What is broken, nothing when all is well."""
    return [finding for finding in map(_run_one, checks) if finding is not None]


def changed_days() -> list[Finding]:
    """The digests again, compared with the movements of today."""
    days = digests.verify()
    if not days:
        return []
    return [Finding(*DIGESTS, len(days), tuple(f"{day:%d/%m/%Y}" for day in days[:SHOWN]))]


def _run_one(check: Check) -> Finding | None:
    with connection.cursor() as cursor:
        cursor.execute(check.sql)
        rows = cursor.fetchmany(SHOWN)
        if not rows:
            return None
        return Finding(check.name, check.sentence, cursor.rowcount, tuple(row[0] for row in rows))
