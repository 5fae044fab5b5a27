"""What a family reads beside a charge of its statement: how to dispute it, or how its dispute stands."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.urls import reverse

from attendance import hours as adopted
from attendance.models import Dispute
from attendance.rules import disputing
from attendance.rules.cutoff import Hours
from identity.models import Role
from identity.templatetags.pages import day_month, euro
from wallets.remarks import Asked, Key, Remark, key_of
from wallets.statement import Movement

State = Dispute.State


def tell(asked: Asked) -> Mapping[Key, Remark]:
    """Two queries, whatever the number of lines."""
    lines = {key: line for line in asked.lines if (key := key_of(line))}
    if not lines:
        return {}
    disputes = _disputes(asked, {key[0] for key in lines})
    reversed_ones = {key for line in asked.all_lines if (key := key_of(line)) and key[2] % 2 == 1}
    hours = adopted.on_days({key[0] for key in lines})
    told: dict[Key, Remark] = {}
    for key, line in lines.items():
        day, pupil, revision = key
        dispute = disputes.get((day, pupil, revision - revision % 2))
        if dispute and (remark := _of_dispute(dispute, asked, line)):
            told[key] = remark
        elif (
            line.amount < 0
            and (day, pupil, revision + 1) not in reversed_ones
            and asked.reader.role == Role.PARENT
        ):
            told |= _invitation(key, line, hours[day], asked.today)
    return told


def _disputes(asked: Asked, days: set[dt.date]) -> dict[Key, Dispute]:
    rows = Dispute.objects.filter(wallet=asked.wallet, day__in=days).exclude(state=State.WITHDRAWN)
    return {(row.day, row.pupil_id, row.revision): row for row in rows}


def _of_dispute(row: Dispute, asked: Asked, line: Movement) -> Remark | None:
    """Beside the charge how it stands; beside its reversal where it comes from."""
    if line.revision != row.revision:
        return (
            Remark(f"Esito della contestazione {row.label}.", _page(asked, line), "Leggi")
            if row.state == State.ACCEPTED
            else None
        )
    words = {
        State.OPEN: f"Contestazione {row.label} in attesa: risposta entro il {day_month(row.answer_by)}.",
        State.ACCEPTED: f"Contestazione {row.label} accolta: {euro(Decimal(row.amount))} restituiti.",
        State.REJECTED: f"Contestazione {row.label} respinta: {row.answer.rstrip('.')}.",
    }
    return Remark(words[State(row.state)], _page(asked, line), "Leggi")


def _invitation(key: Key, line: Movement, hours: Hours, today: dt.date) -> dict[Key, Remark]:
    last = disputing.last_day(
        line.recorded_on, until_day=hours.dispute_until_day, longest_days=hours.dispute_longest_days
    )
    if today > last or line.pupil is None:
        return {}
    url = reverse("attendance:dispute", args=[line.pupil.code, f"{line.day:%Y-%m-%d}"])
    return {
        key: Remark(f"Non torna? Fino al {day_month(last)} puoi contestarlo:", url, "contesta", quiet=True)
    }


def _page(asked: Asked, line: Movement) -> str:
    """The family's page of the dispute, the office's queue; the accounts office has no business there."""
    if asked.reader.role == Role.PARENT and line.pupil is not None:
        return reverse("attendance:dispute", args=[line.pupil.code, f"{line.day:%Y-%m-%d}"])
    return reverse("attendance:disputes") if asked.reader.role in (Role.OFFICE, Role.AUDITOR) else ""
