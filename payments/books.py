"""Invariants of payments, for check_books: what must not exist, and work that is owed for too long."""

from wallets.books import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "ricevuta_e_movimento",
        "Ogni ricevuta accreditata ha un movimento dello stesso importo, con la sua causa.",
        """SELECT format('ricevuta %s', r.id) FROM payments_receipt r LEFT JOIN wallets_entry e ON e.id = r.entry_id
        WHERE r.state = 'credited' AND (e.id IS NULL OR e.amount <> r.amount
            OR upper(e.cause) <> upper('receipt:' || r.fiscal_code || ':' || r.receipt_id))""",
    ),
    Check(
        "identificativi_unici",
        "Nessun identificativo di ricevuta è accreditato due volte, comunque siano scritte le sue lettere.",
        """SELECT format('ricevute %s', string_agg(r.id::text, ', ' ORDER BY r.id)) FROM payments_receipt r
        JOIN wallets_entry e ON e.id = r.entry_id
        WHERE NOT EXISTS (SELECT FROM wallets_entry s WHERE s.reverses_id = e.id)
        GROUP BY r.fiscal_code, upper(r.receipt_id) HAVING count(*) > 1""",
    ),
    Check(
        "movimento_e_ricevuta",
        "Ogni ricarica nata da una ricevuta ha la sua ricevuta.",
        """SELECT format('movimento %s', e.id) FROM wallets_entry e
        LEFT JOIN payments_receipt r ON r.entry_id = e.id
        WHERE e.kind = 'top_up' AND e.cause LIKE 'receipt:%' AND r.id IS NULL""",
    ),
    Check(
        "borsellino_dell_avviso",
        "Il pagamento di un avviso è nel borsellino dell'avviso.",
        """SELECT format('ricevuta %s, avviso %s', r.id, n.id) FROM payments_receipt r
        JOIN payments_notice n ON n.id = r.notice_id JOIN wallets_entry e ON e.id = r.entry_id
        WHERE e.wallet_id <> n.wallet_id AND e.recorded_by_id IS NULL""",
    ),
    Check(
        "avviso_pagato",
        "Ogni avviso pagato ha una ricevuta accreditata.",
        """SELECT format('avviso %s', n.id) FROM payments_notice n WHERE n.state = 'paid' AND NOT EXISTS (
            SELECT FROM payments_receipt r WHERE r.notice_id = n.id AND r.state = 'credited')""",
    ),
    Check(
        "ricevute_da_accreditare",
        "Nessuna ricevuta arrivata da più di un'ora aspetta di essere accreditata.",
        """SELECT format('ricevuta %s', id) FROM payments_receipt
        WHERE state = 'received' AND received_at < now() - interval '1 hour'""",
    ),
    Check(
        "avviso_del_bambino",
        "Ogni avviso per un bambino è di una famiglia del bambino.",
        """SELECT format('avviso %s', n.id) FROM payments_notice n JOIN wallets_wallet w ON w.id = n.wallet_id
        WHERE n.pupil_id IS NOT NULL AND NOT EXISTS (SELECT FROM enrolments_custody k
            WHERE k.household_id = w.household_id AND k.pupil_id = n.pupil_id)""",
    ),
    Check(
        "ricevuta_consegnata",
        "Ogni ricevuta consegnata e accettata è accreditata alla famiglia che l'ha inviata.",
        """SELECT format('consegnata %s', u.id) FROM payments_uploadedreceipt u
        JOIN wallets_wallet w ON w.household_id = u.household_id
        LEFT JOIN payments_receipt r ON r.id = u.receipt_id LEFT JOIN wallets_entry e ON e.id = r.entry_id
        WHERE u.state = 'matched' AND e.wallet_id IS DISTINCT FROM w.id""",
    ),
    Check(
        "campagne",
        "Ogni riga inviata di una campagna ha il suo avviso, per lo stesso bambino e borsellino.",
        """SELECT format('riga %s', i.id) FROM payments_campaignitem i LEFT JOIN payments_notice n ON n.id = i.notice_id
        WHERE i.notice_id IS NOT NULL AND (n.pupil_id, n.wallet_id, n.campaign_id)
            IS DISTINCT FROM (i.pupil_id, i.wallet_id, i.campaign_id)""",
    ),
    Check(
        "pagamenti_revocati",
        "Ogni pagamento revocato e stornato ha lo storno del movimento della sua ricevuta, o dell'ultimo riaccredito.",
        """SELECT format('caso %s', c.id) FROM payments_reconciliationcase c JOIN wallets_entry s ON s.id = c.reversal_id
        LEFT JOIN payments_receipt r ON r.id = c.receipt_id WHERE s.reverses_id IS DISTINCT FROM r.entry_id
            AND NOT EXISTS (SELECT FROM payments_reconciliationcase b
                WHERE b.receipt_id = c.receipt_id AND b.recredit_id = s.reverses_id)""",
    ),
    Check(
        "revoche_ritirate",
        "Una revoca ritirata dalla banca ridà al borsellino proprio l'importo dello storno.",
        """SELECT format('caso %s', c.id) FROM payments_reconciliationcase c JOIN wallets_entry e ON e.id = c.recredit_id
        LEFT JOIN wallets_entry s ON s.id = c.reversal_id
        WHERE (e.wallet_id, e.amount) IS DISTINCT FROM (s.wallet_id, -s.amount)
            OR e.cause <> 'restored:' || s.id OR e.recorded_by_id IS NULL""",
    ),
)
