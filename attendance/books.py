"""What must hold between the days and the money: each a set query that finds what must not exist (see wallets/books.py)."""

from wallets.books import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "giorni_chiusi_in_pari",
        "In un giorno chiuso gli addebiti sono esattamente i pasti dovuti, bambino per bambino.",
        """SELECT format('giorno %s, alunno %s', coalesce(m.day, c.service_day), coalesce(m.pupil_id, c.pupil_id))
        FROM (
            SELECT m.* FROM attendance_meal m JOIN attendance_serviceday d ON d.day = m.day AND d.state = 'closed'
            WHERE m.price > 0
        ) m FULL JOIN (
            SELECT c.service_day, c.pupil_id, c.wallet_id, -sum(c.amount) AS charged
            FROM wallets_charge c JOIN attendance_serviceday d ON d.day = c.service_day AND d.state = 'closed'
            GROUP BY 1, 2, 3 HAVING sum(c.amount) <> 0
        ) c ON c.service_day = m.day AND c.pupil_id = m.pupil_id AND c.wallet_id = m.wallet_id
        WHERE m.price IS DISTINCT FROM c.charged""",
    ),
    Check(
        "addebiti_di_giorni_di_servizio",
        "Ogni addebito è di un giorno che la notte ha deciso.",
        """SELECT DISTINCT format('giorno %s', c.service_day) FROM wallets_charge c
        LEFT JOIN attendance_serviceday d ON d.day = c.service_day
        WHERE d.day IS NULL OR d.state = 'open'""",
    ),
    Check(
        "totali_dei_giorni",
        "I totali di un giorno sono la somma dei suoi pasti.",
        """SELECT format('giorno %s: %s pasti, contati %s', d.day, d.due_count, count(m.day) FILTER (WHERE m.price > 0))
        FROM attendance_serviceday d LEFT JOIN attendance_meal m ON m.day = d.day WHERE d.state <> 'open'
        GROUP BY d.id HAVING d.due_count <> count(m.day) FILTER (WHERE m.price > 0)
            OR d.due_total <> coalesce(sum(m.price), 0) OR d.free_count <> count(m.day) FILTER (WHERE m.price = 0)""",
    ),
    Check(
        "un_pasto_al_giorno",
        "Un bambino ha al massimo un pasto al giorno.",
        """SELECT format('giorno %s, alunno %s', day, pupil_id) FROM attendance_meal
        GROUP BY day, pupil_id HAVING count(*) > 1""",
    ),
    Check(
        "pasti_di_iscritti",
        "Ogni pasto è di un bambino iscritto quel giorno nella sua classe.",
        """SELECT format('giorno %s, alunno %s', m.day, m.pupil_id) FROM attendance_meal m
        WHERE NOT EXISTS (
            SELECT FROM enrolments_enrolment e WHERE e.pupil_id = m.pupil_id AND e.class_group_id = m.class_group_id
                AND e.valid_from <= m.day AND (e.valid_to IS NULL OR e.valid_to >= m.day)
        ) AND NOT EXISTS (SELECT FROM attendance_latefact f WHERE f.day = m.day)""",
    ),
    Check(
        "prezzi_dei_pasti",
        "Ogni pasto ha il prezzo della regola in quella data, per la famiglia che paga.",
        """SELECT format('giorno %s, alunno %s: %s', m.day, m.pupil_id, m.price) FROM attendance_meal m
        JOIN wallets_wallet w ON w.id = m.wallet_id
        LEFT JOIN enrolments_price p ON p.pupil_id = m.pupil_id AND p.household_id = w.household_id
            AND p.valid_from <= m.day AND (p.valid_to IS NULL OR p.valid_to >= m.day)
        LEFT JOIN enrolments_schoolyear y ON m.day BETWEEN y.valid_from AND y.valid_to
        WHERE p.amount IS DISTINCT FROM m.price AND y.state IS DISTINCT FROM 'closed'
            AND NOT EXISTS (SELECT FROM attendance_latefact f WHERE f.day = m.day)""",
    ),
    Check(
        "fogli_della_cucina",
        "I fogli della cucina sono numerati senza buchi e ognuno ha l'impronta del suo contenuto e di quello prima.",
        """SELECT format('anno %s, foglio %s', k.year_id, k.number) FROM (
            SELECT k.*, row_number() OVER w AS expected, lag(k.digest, 1, '') OVER w AS before
            FROM attendance_kitchensheet k WINDOW w AS (PARTITION BY k.year_id ORDER BY k.number)
        ) k WHERE k.number <> k.expected OR k.previous <> k.before OR k.digest <> encode(sha256(convert_to(
            k.previous || chr(10) || k.number || chr(10) || k.content, 'UTF8')), 'hex')""",
    ),
    Check(
        "parti_senza_sovrapposizioni",
        "Le parti di un giorno non si sovrappongono e contengono tutti i suoi borsellini.",
        """SELECT format('giorno %s, borsellino %s', m.day, m.wallet_id) FROM attendance_meal m
        JOIN attendance_serviceday d ON d.day = m.day
        LEFT JOIN attendance_daychunk c ON c.service_day_id = d.id
            AND m.wallet_id BETWEEN c.first_wallet AND c.last_wallet
        GROUP BY m.day, m.wallet_id, m.pupil_id HAVING count(c.id) <> 1""",
    ),
    Check(
        "ricevute_di_assenza_senza_salti",
        "Le ricevute di assenza di un anno sono numerate senza salti.",
        """SELECT format('anno %s: %s ricevute, l''ultima è la n. %s', year, count(*), max(number))
        FROM attendance_absencereceipt GROUP BY year HAVING count(*) <> max(number)""",
    ),
    Check(
        "contestazioni_con_esito",
        "Una contestazione accolta ha il suo storno, o la sua rettifica.",
        """SELECT format('contestazione C%s', d.id) FROM attendance_dispute d
        JOIN attendance_serviceday s ON s.day = d.day AND s.state = 'closed'
        WHERE d.state = 'accepted' AND d.adjustment_id IS NULL
            AND NOT EXISTS (SELECT FROM attendance_latefact f WHERE f.day = d.day)
            AND NOT EXISTS (
                SELECT FROM wallets_charge c WHERE c.service_day = d.day AND c.pupil_id = d.pupil_id
                    AND c.revision = d.revision + 1)""",
    ),
)
