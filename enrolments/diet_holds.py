"""Days on which a diet is not safe and the child has no meal and no debit: a severe allergy until dietician and kitchen have
both confirmed, a certificate that has ended until a new one comes. What has happened stays: only today and later change.
"""

import datetime as dt

from django.db import transaction

from enrolments import diet_rules, rounds, timeline
from enrolments.errors import Refused
from enrolments.models import Diet, DietConfirmation, DietHold, Pupil
from enrolments.rules import diets as rule
from identity.models import Role, User

ONE_DAY = dt.timedelta(days=1)
Cause = DietHold.Cause


class ConfirmationRefused(Refused):
    """A confirmation that cannot be taken as it is."""


def was_confirmed(pupil: Pupil, code: str, day: dt.date) -> bool:
    """This severe diet is served until that day or the day before: a renewed certificate asks nobody again."""
    served = Diet.objects.overlapping(day - ONE_DAY, day).filter(pupil=pupil, code=code, severe=True).exists()
    released = DietConfirmation.objects.filter(pupil=pupil, code=code, released_at__isnull=False).exists()
    return served and released and not DietConfirmation.objects.waiting().filter(pupil=pupil).exists()


def begin(*, diet: Diet, confirmed: bool, today: dt.date, now: dt.datetime) -> None:
    """The diet has just been laid on its days: put on hold those that are not safe. Inside the operation's transaction."""
    Pupil.objects.select_for_update().get(pk=diet.pupil_id)
    first = max(diet.valid_from, today)
    _overtake(diet, now)
    if not confirmed:
        timeline.clear(DietHold.objects.filter(pupil=diet.pupil), first, diet.valid_to)
    if diet.severe and not confirmed:
        DietConfirmation.objects.create(pupil=diet.pupil, code=diet.code, first_day=first)
    follow(diet=diet, today=today)


def follow(*, diet: Diet, today: dt.date) -> None:
    """The days on hold of this diet from today on: all, until both have confirmed; those after the certificate's end, by the
    rule in force. To be called again when the certificate, the last day or the rule changes."""
    first = max(diet.valid_from, today)
    if diet.valid_to is not None:
        _free_the_gap_after(diet.pupil, diet.valid_to, today)
        if diet.valid_to < first:
            return
    timeline.clear(DietHold.objects.filter(pupil=diet.pupil, cause=Cause.EXPIRED), first, diet.valid_to)
    if DietConfirmation.objects.waiting().filter(pupil=diet.pupil, code=diet.code).exists():
        _hold(diet.pupil, Cause.SEVERE, first, diet.valid_to)
    if ends := _expired_from(diet, first):
        _hold(diet.pupil, Cause.EXPIRED, ends, diet.valid_to)


def _free_the_gap_after(pupil: Pupil, last_day: dt.date, today: dt.date) -> None:
    """Between two diets there is nothing to wait for."""
    after = max(last_day + ONE_DAY, today)
    following = Diet.objects.filter(pupil=pupil, valid_from__gt=last_day).order_by("valid_from").first()
    until = following.valid_from - ONE_DAY if following else None
    if until is None or after <= until:
        timeline.clear(DietHold.objects.filter(pupil=pupil), after, until)


def follow_rules(*, today: dt.date) -> None:
    """After the office has changed what happens to an expired certificate: every certificate in use is weighed again. A day on
    hold today stays so, the meal has perhaps been cooked for the others already."""
    tomorrow = today + ONE_DAY
    rows = Diet.objects.overlapping(tomorrow, dt.date.max).filter(certificate_until__isnull=False)
    rounds.each(rows, lambda diet: _follow_rule(diet, tomorrow), said="diets.rule_not_followed")


def _follow_rule(diet: Diet, first: dt.date) -> None:
    if _expired_from(diet, first) != _held_from(diet, first):
        with transaction.atomic():
            follow(diet=diet, today=first)


def _expired_from(diet: Diet, first: dt.date) -> dt.date | None:
    """The first day on hold that the rule asks for."""
    if diet.certificate_until is None:
        return None
    ends = max(diet_rules.expires_on(diet.certificate_until), diet.valid_from, first)
    return ends if diet.valid_to is None or ends <= diet.valid_to else None


def _held_from(diet: Diet, first: dt.date) -> dt.date | None:
    """The first day on hold as it is written."""
    rows = DietHold.objects.filter(pupil=diet.pupil, cause=Cause.EXPIRED)
    row = (
        rows.overlapping(max(diet.valid_from, first), diet.valid_to or dt.date.max)
        .order_by("valid_from")
        .first()
    )
    return max(row.valid_from, diet.valid_from, first) if row else None


def tidy(*, today: dt.date, now: dt.datetime) -> int:
    """Confirmations that nobody waits for any more, because the days on hold are over."""
    held = DietHold.objects.filter(cause=Cause.SEVERE).overlapping(today, dt.date.max)
    return (
        DietConfirmation.objects.waiting().exclude(pupil__in=held.values("pupil_id")).update(dropped_at=now)
    )


@transaction.atomic
def confirm_as_dietician(
    *, confirmation: DietConfirmation, by: User, now: dt.datetime, today: dt.date
) -> DietConfirmation:
    """Twice is once. Refused to whoever is not a dietician of the office."""
    if by.role != Role.OFFICE or not hasattr(by, "dietician"):
        raise ConfirmationRefused(
            "Solo una dietista può confermare: l'ufficio la indica nel pannello, alla voce Dietisti."
        )
    mine = _waiting(confirmation)
    if mine.dietician_at is None:
        mine.dietician, mine.dietician_at = by, now
        _release_when_both(mine, today, now, kitchen_was_last=False)
        mine.save()
    return mine


@transaction.atomic
def confirm_as_kitchen(
    *, confirmation: DietConfirmation, ready_from: dt.date, by: User, now: dt.datetime, today: dt.date
) -> DietConfirmation:
    """The kitchen is ready from that day, today at the earliest. Twice is once."""
    if by.role != Role.KITCHEN:
        raise ConfirmationRefused("Solo la cucina può dire da quando è pronta.")
    if ready_from < today:
        raise ConfirmationRefused("Il giorno è già passato: scegli da quando la cucina è pronta.")
    mine = _waiting(confirmation)
    if mine.kitchen_at is None:
        mine.kitchen, mine.kitchen_at, mine.ready_from = by, now, ready_from
        _release_when_both(mine, today, now, kitchen_was_last=True)
        mine.save()
    return mine


def _waiting(confirmation: DietConfirmation) -> DietConfirmation:
    """Locked: the dietician and the kitchen may press at the same instant."""
    mine = DietConfirmation.objects.select_for_update(of=("self",)).get(pk=confirmation.pk)
    if mine.dropped_at is not None:
        raise ConfirmationRefused("Questa dieta nel frattempo è cambiata: non c'è più niente da confermare.")
    return mine


def _release_when_both(
    mine: DietConfirmation, today: dt.date, now: dt.datetime, *, kitchen_was_last: bool
) -> None:
    if mine.dietician_at is None or mine.ready_from is None:
        return
    first = rule.served_from(
        ready_from=mine.ready_from, last_confirmed_on=today, kitchen_was_last=kitchen_was_last
    )
    for row in DietHold.objects.filter(pupil=mine.pupil, cause=Cause.SEVERE).overlapping(first, dt.date.max):
        timeline.end(row, first - ONE_DAY)
    mine.released_at = now


def _overtake(diet: Diet, now: dt.datetime) -> None:
    """The diet that was waiting gives way to this one, when this one takes all its days."""
    waiting = DietConfirmation.objects.waiting().filter(pupil=diet.pupil)
    if diet.valid_to is None:
        waiting.update(dropped_at=now)
    elif diet.severe and waiting.exists():
        raise ConfirmationRefused(
            "C'è già una dieta grave da confermare per questo bambino: aspetta le conferme o termina quella."
        )


def _hold(pupil: Pupil, cause: str, first: dt.date, last: dt.date | None) -> None:
    timeline.lay(
        DietHold.objects.filter(pupil=pupil),
        DietHold(pupil=pupil, cause=cause, valid_from=first, valid_to=last),
    )
