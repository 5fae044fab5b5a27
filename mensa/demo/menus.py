"""Diets on the demo's first morning: two requests to weigh, a severe allergy to confirm, a light meal for today."""

import datetime as dt

from django.db import transaction

from attendance import light_meals
from enrolments import diets
from enrolments.diets import Asked, Decision
from enrolments.models import Dietician, DietRequest, Enrolment, Pupil
from identity import audit
from identity.models import SensitiveKind
from mensa.demo import facts, paper, parents, people

YESTERDAY, TODAY = facts.START.date() - dt.timedelta(days=1), facts.START.date()
TOMORROW = TODAY + dt.timedelta(days=1)


def are_asked() -> bool:
    return DietRequest.objects.exists()


@transaction.atomic
def ask() -> None:
    """From tomorrow on: the meals already counted for this morning stay as they are."""
    Dietician.objects.get_or_create(
        user=people.office(), defaults={"qualification": "dietista della ASL (dimostrazione)"}
    )
    pupils = _pupils(4)
    if len(pupils) < 4:
        return
    severe, ill, creed, light = pupils
    request = _ask(severe, "health", "Allergia grave alle arachidi: shock anafilattico nel 2025.", 15)
    _read(request)
    decision = Decision(code="D-21", first_day=TOMORROW, severe=True, certificate_until=dt.date(2027, 6, 30))
    diets.accept(request=request, decision=decision, by=people.office(), now=facts.at(YESTERDAY, 16, 5))
    _ask(ill, "health", "Intolleranza al lattosio, certificato del pediatra.", 17)
    _ask(creed, "belief", "Niente carne di maiale.", 18)
    light_meals.ask(
        pupil=light,
        days=[TODAY],
        by=parents.first_of(light, now=facts.at(TODAY, 7)),
        now=facts.at(TODAY, 7, 50),
    )


def _pupils(how_many: int) -> list[Pupil]:
    """Children who eat the menu of all, in different families."""
    rows = Enrolment.objects.on(TODAY).filter(pupil__diets__isnull=True).select_related("pupil")
    ordered = [row.pupil for row in rows.order_by("pupil__fiscal_code")]
    return facts.dice("diete").sample(ordered, min(how_many, len(ordered)))


def _ask(pupil: Pupil, kind: str, reason: str, hour: int) -> DietRequest:
    certificate = paper.receipt("CERTIFICATO MEDICO", pupil.first_name) if kind == "health" else b""
    asked = Asked(kind=kind, reason=reason, first_day=TOMORROW, certificate=certificate)
    return diets.ask(
        pupil=pupil,
        asked=asked,
        by=parents.first_of(pupil, now=facts.at(YESTERDAY, 7)),
        now=facts.at(YESTERDAY, hour),
    )


def _read(request: DietRequest) -> None:
    """The office has opened it: the family sees that."""
    now = facts.at(YESTERDAY, 16)
    audit.record_view(user=people.office(), kind=SensitiveKind.DIET, subject=request.pupil.code, now=now)
