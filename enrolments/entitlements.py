"""What a family or a child is entitled to, from a day to a day: ISEE, residence, exemption, diet."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pghistory
from django.db import transaction

from enrolments import diet_holds, price_facts, pricing, timeline
from enrolments.errors import Refused
from enrolments.models import (
    Custody,
    Diet,
    EnrolmentRules,
    Exemption,
    Household,
    IseeDeclaration,
    Pupil,
    Residence,
)
from enrolments.rules import isee as rule
from identity.models import User

DIET_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")


class EntitlementRefused(Refused):
    """A declaration that cannot be taken as it is."""


@transaction.atomic
def declare_isee(
    *,
    household: Household,
    value: Decimal,
    filed_on: dt.date,
    protocol: str = "",
    has_omissions: bool = False,
    kind: str = IseeDeclaration.Kind.ORDINARY,
    by: User,
    now: dt.datetime,
) -> IseeDeclaration:
    """An ISEE that the family presented; it counts from the day the rules say (domain.md, section 3) and not before.

    The same declaration again (household, date, protocol) returns the stored one: a correction is `correct_isee`.
    """
    known = (
        household.isee.filter(filed_on=filed_on, protocol=protocol, kind=kind).order_by("valid_from").first()
    )
    if known is not None:
        return known
    row = new_isee(
        household=household,
        value=value,
        filed_on=filed_on,
        protocol=protocol,
        has_omissions=has_omissions,
        kind=kind,
        now=now,
    )
    timeline.lay(IseeDeclaration.objects.filter(household=household), row)
    _refresh([household])
    return row


def new_isee(
    *,
    household: Household,
    value: Decimal,
    filed_on: dt.date,
    protocol: str,
    has_omissions: bool,
    kind: str,
    now: dt.datetime,
    rules: Iterable[EnrolmentRules] | None = None,
) -> IseeDeclaration:
    """The row, not saved, with the days on which it counts."""
    if value < 0 or value != value.quantize(Decimal("0.01")):
        raise EntitlementRefused("Il valore dell'ISEE è in euro, da zero in su, con due decimali al più.")
    if filed_on > now.date():
        raise EntitlementRefused(
            "La data dell'ISEE è nel futuro: scrivi il giorno in cui è stato presentato."
        )
    applied = price_facts.rules_on(EnrolmentRules.objects.all() if rules is None else rules, filed_on)
    current = kind == IseeDeclaration.Kind.CURRENT
    try:
        first, last = rule.validity(filed_on, current=current, grace=price_facts.grace_of(applied))
    except rule.IseeNeverValid as error:
        raise EntitlementRefused(str(error)) from error
    return IseeDeclaration(
        household=household,
        value=value,
        filed_on=filed_on,
        protocol=protocol,
        has_omissions=has_omissions,
        kind=kind,
        valid_from=first,
        valid_to=last,
    )


@transaction.atomic
def correct_isee(
    *,
    declaration: IseeDeclaration,
    value: Decimal,
    has_omissions: bool = False,
    by: User,
    now: dt.datetime,
) -> IseeDeclaration:
    """A false or mistaken declaration (DPR 445/2000 art. 75): the right value counts from the first day of the wrong one,
    so the meals already charged are charged again at the right price. The history keeps the wrong value."""
    if value < 0 or value != value.quantize(Decimal("0.01")):
        raise EntitlementRefused("Il valore dell'ISEE è in euro, da zero in su, con due decimali al più.")
    IseeDeclaration.objects.filter(
        household=declaration.household, filed_on=declaration.filed_on, protocol=declaration.protocol
    ).update(value=value, has_omissions=has_omissions)
    declaration.refresh_from_db()
    _refresh([declaration.household])
    return declaration


@transaction.atomic
def set_residence(
    *, household: Household, resident: bool, from_day: dt.date, by: User, now: dt.datetime
) -> Residence:
    """The family moves in or out from a day on, until it moves again."""
    row = Residence(household=household, resident=resident, valid_from=from_day)
    laid = timeline.lay(Residence.objects.filter(household=household), row)
    _refresh([household])
    return laid


@transaction.atomic
def exempt(
    *,
    pupil: Pupil,
    kind: str,
    act: str,
    from_day: dt.date,
    to_day: dt.date | None = None,
    by: User,
    now: dt.datetime,
) -> Exemption:
    """Meals at 0.00 for a child with a disability (L. 104/1992 art. 3 c. 3) or by decision of the social services."""
    if kind not in Exemption.Kind.values or not act.strip():
        raise EntitlementRefused(
            "Un'esenzione ha un motivo (L. 104/1992 o servizi sociali) e l'atto che la concede."
        )
    row = Exemption(pupil=pupil, kind=kind, act=act.strip(), valid_from=from_day, valid_to=to_day)
    _refuse_backwards(row.valid_from, row.valid_to)
    laid = timeline.lay(Exemption.objects.filter(pupil=pupil), row)
    pricing.refresh(pupil_ids=[pupil.pk])
    return laid


@transaction.atomic
def end_exemption(
    *, exemption: Exemption, last_day: dt.date, reason: str, by: User, now: dt.datetime
) -> None:
    """The child pays again from the day after. The reason stays in the history, beside who decided it and when.

    One that was written by mistake disappears, when its last day is the one before its first: never for a wrong year.
    """
    if not reason.strip():
        raise EntitlementRefused("Scrivi perché l'esenzione finisce: l'atto, o chi lo ha chiesto.")
    if last_day < (never := exemption.valid_from - timeline.ONE_DAY):
        raise EntitlementRefused(
            f"L'esenzione comincia il {exemption.valid_from:%d/%m/%Y} e non può finire prima. "
            f"Se non doveva esserci, scrivi come ultimo giorno il {never:%d/%m/%Y}: sarà tolta."
        )
    with pghistory.context(motivo=reason.strip(), deciso_da=by.pk):
        timeline.end(exemption, last_day)
    pricing.refresh(pupil_ids=[exemption.pupil_id])


@dataclass(frozen=True)
class Ending:
    """When somebody ended an exemption, from which last day, and why."""

    decided_at: dt.datetime
    last_day: dt.date
    reason: str


def endings_of(exemption: Exemption) -> list[Ending]:
    """From the history, the newest first."""
    events = Exemption.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        pgh_obj_id=exemption.pk, pgh_context__metadata__has_key="motivo"
    )
    return [
        Ending(one.pgh_created_at, one.valid_to, one.pgh_context.metadata["motivo"])
        for one in events.select_related("pgh_context").order_by("-pgh_id")
    ]


@transaction.atomic
def assign_diet(
    *,
    pupil: Pupil,
    code: str,
    reason: str = "",
    from_day: dt.date,
    to_day: dt.date | None = None,
    severe: bool = False,
    certificate_until: dt.date | None = None,
    by: User,
    now: dt.datetime,
) -> Diet:
    """From a day on the kitchen prepares this diet. `reason` is encrypted and for the office alone.

    A severe allergy holds the meal until dietician and kitchen have confirmed; a certificate holds it when it has ended.
    """
    if not DIET_CODE.fullmatch(code):
        raise EntitlementRefused(
            "Il codice della dieta ha al più 12 caratteri: lettere maiuscole, cifre e trattini, per esempio D-03."
        )
    row = Diet(
        pupil=pupil,
        code=code,
        reason=reason,
        valid_from=from_day,
        valid_to=to_day,
        severe=severe,
        certificate_until=certificate_until,
    )
    _refuse_backwards(row.valid_from, row.valid_to)
    confirmed = severe and diet_holds.was_confirmed(pupil, code, from_day)
    laid = timeline.lay(Diet.objects.filter(pupil=pupil), row)
    if laid is row:
        diet_holds.begin(diet=laid, confirmed=confirmed, today=now.date(), now=now)
    return laid


def _refuse_backwards(first: dt.date, last: dt.date | None) -> None:
    if last is not None and last < first:
        raise EntitlementRefused("L'ultimo giorno viene prima del primo: correggi le date.")


def _refresh(households: Iterable[Household]) -> None:
    children = Custody.objects.filter(household__in=list(households)).values_list("pupil_id", flat=True)
    pricing.refresh(pupil_ids=set(children))
