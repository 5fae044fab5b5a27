"""The parents that the simulated identity provider offers: each shows something of the portal."""

import datetime as dt

from django.db.models import Count, Q, QuerySet

from attendance.models import Dispute
from enrolments.models import Exemption, Guardian, Household
from enrolments.rules import names
from enrolments.sample.people import fiscal_code
from identity.local_idp import people as register
from identity.local_idp.people import DemoPerson
from mensa.demo import facts
from mensa.demo.plan import Step
from payments.models import UploadedReceipt
from wallets.models import Refund

#: Whom the portal does not know.
STRANGER = DemoPerson(
    fiscal_code=fiscal_code("Carla", "Prova", dt.date(1980, 2, 2), female=True, place="Z999"),
    first_name="Carla",
    last_name="Prova",
    birth_date="1980-02-02",
    email="carla@posta.example",
    note="non iscritta: il portale non la conosce",
)


def steps() -> list[Step]:
    return [Step("", lambda: (register.directory() / "people.json").exists(), write)]


def write() -> None:
    register.write([*choose(), STRANGER])


def choose() -> list[DemoPerson]:
    """One person for each story, no family twice; the order does not depend on keys."""
    used: set[int] = set()
    chosen = []
    for note, households in _stories().items():
        home = households.exclude(pk__in=used).order_by("applicant__fiscal_code").first()
        if home is not None:
            used |= set(
                Household.objects.filter(custodies__pupil__custodies__household=home).values_list(
                    "pk", flat=True
                )
            )
            chosen.append(_person(home.applicant, note))
    return chosen


def _stories() -> dict[str, QuerySet[Household]]:
    everybody = Household.objects.select_related("applicant")
    homes = everybody.filter(wallet__refunds__isnull=True)
    gone = everybody.filter(wallet__refunds__isnull=False)
    counted = homes.annotate(
        children=Count("custodies__pupil", distinct=True),
        schools=Count("custodies__pupil__enrolments__class_group__school", distinct=True),
    )
    today = Exemption.objects.on(facts.START.date())
    return {
        "due figli in due scuole": counted.filter(children=2, schools=2, wallet__balance__gt=40),
        "tre figli": counted.filter(children=3, wallet__balance__gt=0),
        "genitori separati: paga alcuni giorni": homes.filter(
            Q(custodies__monday=False) | Q(custodies__friday=False)
        ).distinct(),
        "credito basso": homes.filter(wallet__balance__gte=0, wallet__balance__lt=12),
        "sotto zero, un avviso aperto": homes.filter(
            wallet__balance__lt=0, wallet__notices__state="sent", wallet__notices__pupil__isnull=False
        ).distinct(),
        "figlio esente": homes.filter(custodies__pupil__exemptions__in=today),
        "non residente: fascia massima": homes.filter(residences__resident=False, residences__valid_to=None),
        "classe che mangia martedì e giovedì": counted.filter(
            children=1,
            custodies__pupil__enrolments__class_group__section="B",
            custodies__pupil__enrolments__class_group__school__code="BADEMO02",
        ),
        "ha inviato una ricevuta, in verifica": homes.filter(
            uploaded_receipts__state=UploadedReceipt.State.RECEIVED
        ),
        "assente ogni mercoledì fino a Natale": homes.filter(
            custodies__pupil__absence_patterns__ended_at=None,
            custodies__pupil__absence_patterns__isnull=False,
        ).distinct(),
        "contesta un addebito: l'ufficio deve rispondere": homes.filter(
            wallet__disputes__state=Dispute.State.OPEN
        ),
        "credito da restituire: manca l'IBAN": gone.filter(
            wallet__refunds__state=Refund.State.PREPARED, wallet__refunds__method=Refund.Method.BANK
        ),
    }


def _person(guardian: Guardian, note: str) -> DemoPerson:
    return DemoPerson(
        fiscal_code=guardian.fiscal_code,
        first_name=guardian.first_name,
        last_name=guardian.last_name,
        birth_date=names.born_on(guardian.fiscal_code, child=False).isoformat(),
        email=guardian.email,
        note=note,
    )
