"""What a late fact has changed on a day already decided, and the explanation the family reads beside the reversal."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from attendance.calendar import Calendar
from attendance.models import MealChange, ServiceDay
from enrolments import explanations
from enrolments.models import Explanation
from enrolments.rules import explaining
from wallets.ledger import Reasons

#: Part of the decision's statement: a row per child whose wallet or price is not what it was. ``why`` is a code and its
#: details, separated by a bar, the same for everybody it concerns: few distinct ones, whatever the number of children.
SQL = """
stored AS (SELECT * FROM attendance_meal m WHERE m.day = %(day)s {only_stored}),
changed AS (
    INSERT INTO attendance_mealchange
        (day, pupil_id, round, old_wallet, old_price, new_wallet, new_price, why, changed_at)
    SELECT %(day)s, coalesce(m.pupil_id, w.pupil_id), %(round)s, m.wallet_id, m.price, w.wallet_id, w.price,
        left(CASE
            WHEN d.pupil_id IS NULL THEN 'not_enrolled'
            WHEN w.pupil_id IS NOT NULL AND m.pupil_id IS NOT NULL AND m.wallet_id <> w.wallet_id THEN 'payer'
            WHEN w.pupil_id IS NOT NULL AND m.pupil_id IS NOT NULL THEN concat_ws('|', 'price', m.price, w.price)
            WHEN w.pupil_id IS NOT NULL THEN concat_ws('|', 'added', d.code, said.on_day, said.note)
            WHEN d.charged THEN d.missing
            WHEN d.code IN ('closure', 'weekday', 'patron', 'out_of_period', 'holiday')
                THEN concat_ws('|', 'shut', d.class_group_id)
            ELSE concat_ws('|', d.code, said.on_day, said.note) END, 300),
        %(now)s
    FROM stored m
    FULL JOIN wanted w ON w.pupil_id = m.pupil_id
    LEFT JOIN decided d ON d.pupil_id = coalesce(m.pupil_id, w.pupil_id)
    LEFT JOIN LATERAL (
        SELECT (a.marked_at AT TIME ZONE 'Europe/Rome')::date AS on_day,
            CASE WHEN a.source = 'office' THEN a.note END AS note
        FROM attendance_absence a WHERE a.day = %(day)s AND a.pupil_id = coalesce(m.pupil_id, w.pupil_id)
        ORDER BY a.marked_at DESC LIMIT 1
    ) said ON d.code NOT IN ('closure', 'weekday', 'patron', 'out_of_period', 'holiday', 'suspended')
    WHERE (m.wallet_id, m.price) IS DISTINCT FROM (w.wallet_id, w.price)
    RETURNING 1
)
"""
#: Code -> sentence; {0} is the date it was recorded, {1} the office's note.
SENTENCES = {
    "absent_parent": "assenza segnata dal genitore il {0}",
    "absent_both": "assenza segnata dal genitore e dalla scuola il {0}",
    "absent_school": "assenza registrata dalla scuola il {0}",
    "absent_school_late": "assenza registrata dalla scuola il {0}",
    "absent_office": "assenza registrata dall'ufficio il {0}: {1}",
    "not_enrolled": "non iscritto alla mensa in questa data",
    "suspended": "servizio sospeso in questa data",
    "diet_hold": "pasto sospeso in attesa di conferma",
    "payer": "il pasto di questo giorno spetta all'altra famiglia",
    "no_payer": "nessuna famiglia paga in questo giorno della settimana: l'ufficio verifica",
    "no_wallet": "la famiglia che paga non ha ancora un borsellino: l'ufficio verifica",
    "no_price": "il prezzo di questa data è da rivedere: l'ufficio verifica",
}
#: Above this many different (reason, price) pairs the late charges keep the explanation of their price alone.
TOLD_ONE_BY_ONE = 2000
ADDED = {
    "eats_office": "presenza registrata dall'ufficio il {0}: {1}",
    "eats": "pasto servito, registrato dopo l'addebito della sera",
}


def explain(row: ServiceDay) -> bool:
    """Write the explanation of each change of this round; whether there is any."""
    rows = MealChange.objects.filter(day=row.day, round=row.decided_times)
    reasons = list(rows.values_list("why", flat=True).distinct())
    if not reasons:
        return False
    closed = _closed(row.day, reasons)
    contents = {why: _content(row.day, closed.get(why) or sentence(why)) for why in reasons}
    ids = explanations.of_many(contents.values())
    found = [(why, ids[explanations.digest_of(content)]) for why, content in contents.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE attendance_mealchange c SET explanation_id = said.id
            FROM unnest(%s::text[], %s::integer[]) AS said(why, id)
            WHERE c.day = %s AND c.round = %s AND c.why = said.why""",
            [[why for why, _ in found], [pk for _, pk in found], row.day, row.decided_times],
        )
    _explain_new_meals(row)
    return True


def _explain_new_meals(row: ServiceDay) -> None:
    """A meal charged late says so beside its price. A change of the whole town (a revoked closure) is told by its closure:
    there are as many prices as families, and nobody asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT c.why, m.explanation_id FROM attendance_mealchange c
            JOIN attendance_meal m ON m.day = c.day AND m.wallet_id = c.new_wallet AND m.pupil_id = c.pupil_id
            WHERE c.day = %s AND c.round = %s LIMIT %s""",
            [row.day, row.decided_times, TOLD_ONE_BY_ONE + 1],
        )
        pairs = cursor.fetchall()
        if not pairs or len(pairs) > TOLD_ONE_BY_ONE:
            return
        prices = Explanation.objects.in_bulk({price for _, price in pairs})
        contents = [_late(row.day, why, prices[price].facts) for why, price in pairs]
        ids = explanations.of_many(contents)
        cursor.execute(
            """UPDATE attendance_meal m SET explanation_id = said.id
            FROM attendance_mealchange c
            JOIN unnest(%s::text[], %s::integer[], %s::integer[]) AS said(why, price, id) ON said.why = c.why
            WHERE c.day = %s AND c.round = %s AND m.day = c.day AND m.wallet_id = c.new_wallet
                AND m.pupil_id = c.pupil_id AND m.explanation_id = said.price""",
            [
                [why for why, _ in pairs],
                [price for _, price in pairs],
                [ids[explanations.digest_of(content)] for content in contents],
                row.day,
                row.decided_times,
            ],
        )


def _late(day: dt.date, why: str, price: dict[str, Any]) -> dict[str, Any]:
    """The facts of a price, with the reason why it is charged after its evening."""
    told = f"Addebito del {day:%d/%m/%Y} registrato dopo: {sentence(why)}."
    return {**price, "late": sentence(why), "sentences": [*price.get("sentences", []), told]}


def reasons(*, day: dt.date, wallets: tuple[int, int]) -> Reasons:
    """Why meals of that day are taken back on the wallets of a chunk: each child's last change, and a general one for the others."""
    concerned = Q(old_wallet__range=wallets) | Q(new_wallet__range=wallets)
    rows = MealChange.objects.filter(concerned, day=day, explanation__isnull=False)
    general = explanations.of(_content(day, "il giorno è stato rivisto dopo l'addebito"))
    return Reasons(general.pk, dict(rows.order_by("round").values_list("pupil_id", "explanation_id")))


def _content(day: dt.date, reason: str) -> dict[str, object]:
    return {
        "kind": "correction",
        "day": day.isoformat(),
        "reason": reason,
        "sentences": [f"Rettifica del {day:%d/%m/%Y}: {reason}."],
    }


def sentence(why: str) -> str:
    """The reason of a change as a family reads it; the calendar's own reasons are in ``_closed``."""
    code, *details = why.split("|")
    if code == "price":
        return f"prezzo del giorno ricalcolato: da {_euro(details[0])} a {_euro(details[1])}"
    if code == "added":
        return _filled(ADDED.get(details[0], ADDED["eats"]), details[1:])
    return _filled(SENTENCES.get(code, "il giorno è stato rivisto dopo l'addebito"), details)


def _closed(day: dt.date, reasons: list[str]) -> dict[str, str]:
    """ "shut|12" -> "mensa chiusa: ordinanza (ord. 7)": the calendar's answer for each class, read once for all."""
    class_ids = {why: int(why.removeprefix("shut|")) for why in reasons if why.startswith("shut|")}
    if not class_ids:
        return {}
    calendar = Calendar(set(class_ids.values()), day, day)
    answers = {why: calendar.service(class_id, day).sentence for why, class_id in class_ids.items()}
    return {why: (answer[:1].lower() + answer[1:]).rstrip(".") for why, answer in answers.items()}


def _filled(text: str, details: list[str]) -> str:
    on_day = details[0] if details else ""
    when = f"{dt.date.fromisoformat(on_day):%d/%m/%Y}" if on_day else "giorno stesso"
    return text.format(when, "|".join(details[1:])).rstrip(": ")


def _euro(amount: str) -> str:
    return explaining.euro(Decimal(amount))
