"""A diet asked by a parent and weighed by the office: accepted with a code that the kitchen knows, or rejected with a reason."""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from enrolments import certificates, diet_holds, entitlements
from enrolments.errors import Refused
from enrolments.models import Diet, DietRequest, Pupil
from enrolments.rules import diets as rule
from enrolments.rules.documents import NotADocument
from identity.models import User

State = DietRequest.State


class DietRefused(Refused):
    """A request or a decision that cannot be taken as it is."""


@dataclass(frozen=True)
class Asked:
    """What a parent asks. The certificate is a must for reasons of health, and is not asked for the others."""

    kind: str
    reason: str
    first_day: dt.date
    last_day: dt.date | None = None
    certificate: bytes = b""
    certificate_until: dt.date | None = None


@dataclass(frozen=True)
class Decision:
    """What the office decides: the kitchen's code, the days, whether a mistake on the plate is an emergency."""

    code: str
    first_day: dt.date
    last_day: dt.date | None = None
    severe: bool = False
    certificate_until: dt.date | None = None


def ask(*, pupil: Pupil, asked: Asked, by: User, now: dt.datetime) -> DietRequest:
    """One request at a time for a child: the same pressed twice is refused with a sentence, never doubled."""
    _refuse_impossible(asked, now.date())
    try:
        with transaction.atomic():
            return _write(pupil, asked, by, now)
    except NotADocument as refusal:
        raise DietRefused(str(refusal)) from refusal
    except IntegrityError:
        if DietRequest.objects.waiting().filter(pupil=pupil).exists():
            raise DietRefused(
                f"C'è già una richiesta per {pupil.first_name} che l'ufficio sta valutando: ritirala se vuoi cambiarla."
            ) from None
        raise


def _write(pupil: Pupil, asked: Asked, by: User, now: dt.datetime) -> DietRequest:
    request = DietRequest.objects.create(
        pupil=pupil,
        kind=asked.kind,
        reason=asked.reason.strip(),
        first_day=asked.first_day,
        last_day=asked.last_day,
        certificate_until=asked.certificate_until,
        requested_by=by,
        requested_at=now,
    )
    if asked.certificate:
        certificates.keep(request=request, content=asked.certificate)
    return request


def _refuse_impossible(asked: Asked, today: dt.date) -> None:
    if asked.kind not in DietRequest.Kind.values or not asked.reason.strip():
        raise DietRefused("Scegli il tipo di richiesta e scrivi che cosa serve.")
    if asked.kind == DietRequest.Kind.HEALTH and not asked.certificate:
        raise DietRefused("Per motivi di salute serve il certificato: allega il PDF o una foto.")
    if asked.first_day < today:
        raise DietRefused("Il primo giorno è già passato: scegli da oggi in poi.")
    if asked.last_day and asked.last_day < asked.first_day:
        raise DietRefused("L'ultimo giorno viene prima del primo: correggi le date.")
    if asked.certificate_until and asked.certificate_until < today:
        raise DietRefused("Il certificato è già scaduto: allega quello nuovo.")


@transaction.atomic
def withdraw(*, request: DietRequest, by: User, now: dt.datetime) -> DietRequest:
    """A parent changes their mind before the office has decided. Twice is once."""
    mine = _locked(request)
    if mine.state == State.WITHDRAWN:
        return mine
    _refuse_decided(mine)
    mine.state, mine.told_at = State.WITHDRAWN, now
    mine.save(update_fields=["state", "told_at"])
    return mine


@transaction.atomic
def accept(*, request: DietRequest, decision: Decision, by: User, now: dt.datetime) -> Diet:
    """From its first day the kitchen sees the code and nothing else."""
    mine = _locked(request)
    _refuse_decided(mine)
    _refuse_decision(decision, now.date())
    diet = entitlements.assign_diet(
        pupil=mine.pupil,
        code=decision.code,
        reason=mine.reason,
        from_day=decision.first_day,
        to_day=decision.last_day,
        severe=decision.severe,
        certificate_until=decision.certificate_until,
        by=by,
        now=now,
    )
    _decide(mine, State.ACCEPTED, "", by, now)
    return diet


@transaction.atomic
def reject(*, request: DietRequest, reason: str, by: User, now: dt.datetime) -> DietRequest:
    """The reason is for the family, encrypted like the request."""
    if not reason.strip():
        raise DietRefused("Scrivi il motivo: la famiglia lo legge e sa che cosa fare.")
    mine = _locked(request)
    _refuse_decided(mine)
    return _decide(mine, State.REJECTED, reason.strip(), by, now)


@transaction.atomic
def renew(*, diet: Diet, certificate_until: dt.date, from_day: dt.date, by: User, now: dt.datetime) -> Diet:
    """A new certificate on paper: the diet goes on, and a meal on hold only for the old one comes back from that day."""
    if from_day < now.date() or certificate_until < from_day:
        raise DietRefused("Il certificato deve valere dopo il primo giorno, e il primo giorno non è passato.")
    mine = Diet.objects.select_for_update().get(pk=diet.pk)
    mine.certificate_until = certificate_until
    mine.save(update_fields=["certificate_until"])
    diet_holds.follow(diet=mine, today=from_day)
    return mine


def _refuse_decision(decision: Decision, today: dt.date) -> None:
    if not rule.NEUTRAL_CODE.fullmatch(decision.code):
        raise DietRefused(
            "Il codice è neutro: lettere, un trattino e un numero, per esempio D-03. Una parola direbbe alla cucina il perché."
        )
    if decision.first_day < today:
        raise DietRefused("La dieta comincia da oggi in poi: i pasti già serviti non cambiano.")
    if decision.certificate_until and decision.certificate_until < decision.first_day:
        raise DietRefused("Il certificato scade prima del primo giorno: chiedi alla famiglia quello nuovo.")


def _locked(request: DietRequest) -> DietRequest:
    return DietRequest.objects.select_for_update(of=("self",)).select_related("pupil").get(pk=request.pk)


def _refuse_decided(request: DietRequest) -> None:
    if request.state != State.RECEIVED:
        raise DietRefused("Questa richiesta è già stata valutata o ritirata: ricarica la pagina.")


def _decide(request: DietRequest, state: str, answer: str, by: User, now: dt.datetime) -> DietRequest:
    request.state, request.answer = state, answer
    request.decided_by, request.decided_at = by, now
    request.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return request
