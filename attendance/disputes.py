"""A parent disputes a charged meal; the office decides; the outcome is an entry.

Accepted: an office correction, which the night turns into the reversal of that very charge (its key is the dispute's, one
revision later), or an adjustment when the school year is closed. Rejected: a reason. Both parents are told (tasks.py).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, models, transaction

from attendance import corrections, evidence
from attendance import hours as adopted
from attendance.corrections import NOTE_LENGTH
from attendance.errors import NoServiceDay, NotDisputable, YearIsClosed
from attendance.models import Dispute
from attendance.rules import disputing
from attendance.rules.cutoff import ROME
from enrolments.models import Pupil
from identity.models import User
from wallets import ledger
from wallets.models import Charge, Entry, Wallet

State = Dispute.State
WORDS_LENGTH = 500


@dataclass(frozen=True)
class Disputable:
    """A charge that stands, with the clock of its dispute."""

    charge: Charge
    last_day: dt.date

    def days_left(self, today: dt.date) -> int:
        """Today counts: 0 is the last day, below zero it is too late."""
        return (self.last_day - today).days

    @property
    def amount(self) -> object:
        return -self.charge.amount


def standing_charge(*, pupil: Pupil, day: dt.date, wallets: models.QuerySet[Wallet]) -> Disputable | None:
    """The charge of that day that nothing has reversed, if one of these wallets paid it."""
    charge = Charge.objects.filter(service_day=day, pupil=pupil).order_by("-revision").first()
    if charge is None or charge.amount > 0 or not wallets.filter(pk=charge.wallet_id).exists():
        return None
    return Disputable(charge, window(charge.posted_on, day))


def window(charged_on: dt.date, meal_day: dt.date) -> dt.date:
    """The last day for a dispute, by the rules in force on the day of the meal."""
    hours = adopted.on(meal_day)
    return disputing.last_day(
        charged_on, until_day=hours.dispute_until_day, longest_days=hours.dispute_longest_days
    )


def latest(*, pupil: Pupil, day: dt.date, wallets: models.QuerySet[Wallet]) -> Dispute | None:
    rows = Dispute.objects.filter(pupil=pupil, day=day, wallet__in=wallets)
    return rows.select_related("pupil", "opened_by", "decided_by").order_by("-pk").first()


def open_dispute(
    *, pupil: Pupil, day: dt.date, wallets: models.QuerySet[Wallet], words: str, by: User, now: dt.datetime
) -> Dispute:
    """``wallets``: those of the parent who asks. Refused with ``NotDisputable`` outside the window, twice, without words."""
    said = words.strip()[:WORDS_LENGTH]
    if not said:
        raise NotDisputable("Scrivi che cosa non torna: l'ufficio parte da lì.")
    found = standing_charge(pupil=pupil, day=day, wallets=wallets)
    if found is None:
        raise NotDisputable("In questo giorno non c'è un addebito da contestare.")
    today = now.astimezone(ROME).date()
    if found.days_left(today) < 0:
        raise NotDisputable(
            f"Si poteva contestare fino al {found.last_day:%d/%m/%Y}. Se non torna ancora, chiama l'ufficio."
        )
    dispute = _dispute(found, said, by, now)
    try:
        with transaction.atomic():
            dispute.save(force_insert=True)
    except IntegrityError as error:
        if "one_open_dispute_per_pupil_and_day" in str(error) or "one_dispute_per_charge" in str(error):
            raise NotDisputable("Questo addebito è già stato contestato: trovi qui la risposta.") from None
        raise
    return dispute


def _dispute(found: Disputable, words: str, by: User, now: dt.datetime) -> Dispute:
    charge = found.charge
    pupil = Pupil.objects.get(pk=charge.pupil_id)
    days = adopted.on(charge.service_day).dispute_answer_days
    return Dispute(
        day=charge.service_day,
        pupil=pupil,
        wallet_id=charge.wallet_id,
        revision=charge.revision,
        amount=-charge.amount,
        words=words,
        evidence=evidence.gather(pupil=pupil, day=charge.service_day, charge=charge),
        opened_by=by,
        opened_at=now,
        answer_by=disputing.answer_by(now.astimezone(ROME).date(), answer_days=days),
    )


@transaction.atomic
def accept(*, dispute: Dispute, answer: str, by: User, now: dt.datetime) -> Dispute:
    """The family is right: the charge goes back, once. What has been reversed meanwhile is not touched again."""
    row = _open_row(dispute)
    newest = Charge.objects.filter(service_day=row.day, pupil=row.pupil_id).order_by("-revision").first()
    if newest is not None and newest.revision == row.revision:
        row.adjustment = _give_back(row, answer.strip(), by, now)
    return _decide(row, State.ACCEPTED, answer, by, now)


def _give_back(row: Dispute, answer: str, by: User, now: dt.datetime) -> Entry | None:
    """An office correction; in a closed year, which the night leaves alone, an adjustment."""
    reason = f"contestazione {row.label} accolta" + (f": {answer}" if answer else "")
    try:
        corrections.correct(
            pupil=row.pupil, day=row.day, absent=True, reason=reason[:NOTE_LENGTH], by=by, now=now
        )
    except YearIsClosed:
        return ledger.adjust(
            wallet=row.wallet,
            amount=row.amount,
            key=f"dispute:{row.pk}",
            reason=f"Pasto del {row.day:%d/%m/%Y}, {reason}"[:NOTE_LENGTH],
            pupil=row.pupil,
            by=by,
            now=now,
        )
    except NoServiceDay:
        return None  # a closure declared meanwhile: the night is about to reverse the whole day
    return None


@transaction.atomic
def reject(*, dispute: Dispute, answer: str, by: User, now: dt.datetime) -> Dispute:
    """The charge stays, and the family reads why."""
    if not answer.strip():
        raise NotDisputable("Scrivi il motivo: la famiglia lo leggerà accanto all'addebito.")
    return _decide(_open_row(dispute), State.REJECTED, answer, by, now)


@transaction.atomic
def withdraw(*, dispute: Dispute, by: User, now: dt.datetime) -> Dispute:
    """A parent thinks again: the charge stays and may be disputed anew within the window."""
    return _decide(_open_row(dispute), State.WITHDRAWN, "", by, now)


def _open_row(dispute: Dispute) -> Dispute:
    """The row, ours until the decision is written."""
    rows = Dispute.objects.select_for_update(of=("self",)).select_related("pupil", "wallet")
    row = rows.get(pk=dispute.pk)
    if not row.is_open:
        raise NotDisputable(f"La contestazione {row.label} è già chiusa: {row.get_state_display()}.")
    return row


def _decide(row: Dispute, state: State, answer: str, by: User, now: dt.datetime) -> Dispute:
    row.state, row.answer = state, answer.strip()[:WORDS_LENGTH]
    row.decided_by, row.decided_at = by, now
    row.save(update_fields=["state", "answer", "decided_by", "decided_at", "adjustment"])
    return row


def reversals(disputes: Iterable[Dispute]) -> dict[int, Charge]:
    """Dispute -> the reversal of its charge, where the night has already made it: one query."""
    rows = list(disputes)
    found = {
        (charge.service_day, charge.pupil_id, charge.revision): charge
        for charge in Charge.objects.filter(
            service_day__in={row.day for row in rows}, pupil__in={row.pupil_id for row in rows}
        )
    }
    keys = {row.pk: (row.day, row.pupil_id, row.revision + 1) for row in rows}
    return {pk: found[key] for pk, key in keys.items() if key in found}


def waiting() -> models.QuerySet[Dispute]:
    """The office's queue, the nearest deadline first."""
    rows = Dispute.objects.filter(state=State.OPEN).select_related("pupil", "opened_by", "wallet__household")
    return rows.order_by("answer_by", "pk")


def decided() -> models.QuerySet[Dispute]:
    """What was answered, newest first."""
    rows = Dispute.objects.exclude(state=State.OPEN).select_related(
        "pupil", "decided_by", "wallet__household"
    )
    return rows.order_by("-decided_at", "-pk")
