"""More of everything: ten families more, each with what fills the lists; three children more for Anna."""

import datetime as dt
from decimal import Decimal
from typing import Any

from stdnum.it import codicefiscale

from attendance import absences, disputes, light_meals, night
from attendance.models import Absence
from enrolments import diets, enrolling, families
from enrolments.families import ChildData, GuardianData
from enrolments.models import DietRequest, Household, Pupil
from identity import audit
from payments import notices
from payments.models import Receipt, UploadedReceipt
from payments.rules import wording
from tests.cast import ANNA, SUMMER, at, parent
from tests.guards.crawl.scene import NOW, PDF, TODAY, TOMORROW, YESTERDAY, Scene
from wallets import ledger
from wallets.models import Wallet

LETTERS = "BCDFGHLMNP"


def grow(scene: Scene) -> None:
    """Ten families with a child each in Luca's class, three siblings for Luca: notices, requests, disputes, papers of each."""
    office: dict[str, Any] = {"by": scene.town.enzo, "now": NOW}
    homes = [_family(scene, number) for number in range(10)]
    siblings = [_child(f"Z{letter}", 2019) for letter in LETTERS[:3]]
    families.register_family(applicant=ANNA, children=siblings, by=scene.town.enzo, now=SUMMER)
    ledger.open_wallets(households=[home for home, _ in homes], now=SUMMER)
    known = [scene.town.luca.pk, scene.town.sofia.pk, scene.town.tommaso.pk]
    for pupil in Pupil.objects.exclude(pk__in=known):
        enrolling.enrol(
            pupil=pupil,
            class_group=scene.town.classes["primaria 3A"],
            first_day=dt.date(2026, 9, 1),
            by=scene.town.enzo,
            now=SUMMER,
        )
    night.run(now=at("2026-11-23 21:00"))
    for number, (home, person) in enumerate(homes):
        _fill(scene, home, person, number, office)
    for view in range(5):
        audit.record_view(user=scene.town.enzo, kind="diet", subject=scene.luca.code, now=NOW)
        _paper(scene.family, scene.town.anna, 100 + view)


def _code(stem: str) -> str:
    return stem + codicefiscale.calc_check_digit(stem)


def _child(letters: str, year: int) -> ChildData:
    stem = f"NRX{letters}X{year % 100:02d}C10Z998"
    return ChildData(
        fiscal_code=_code(stem), first_name=letters, last_name="Neri", birth_date=dt.date(year, 3, 10)
    )


def _family(scene: Scene, number: int) -> tuple[Household, GuardianData]:
    letter = LETTERS[number]
    person = GuardianData(
        fiscal_code=_code(f"VRX{letter}{letter}X80B42Z998"),
        first_name=letter,
        last_name="Gialli",
        email=f"{letter.lower()}@posta.example",
    )
    home = families.register_family(
        applicant=person, others=[], children=[_child(f"Y{letter}", 2018)], by=scene.town.enzo, now=SUMMER
    )
    return home, person


def _fill(scene: Scene, home: Household, person: GuardianData, number: int, office: dict[str, Any]) -> None:
    user, wallet = parent(person), Wallet.objects.get(household=home)
    pupil = Pupil.objects.get(custodies__household=home)
    ill = diets.Asked(kind="health", reason="altro", first_day=TOMORROW, certificate=PDF)
    severe = diets.Decision(
        code=f"D-1{number}", first_day=TOMORROW, severe=True, certificate_until=dt.date(2026, 12, 10)
    )
    diets.accept(request=diets.ask(pupil=pupil, asked=ill, by=user, now=NOW), decision=severe, **office)
    diets.ask(pupil=pupil, asked=ill, by=user, now=NOW)
    wallets = Wallet.objects.filter(pk=wallet.pk)
    disputes.open_dispute(pupil=pupil, day=YESTERDAY, wallets=wallets, words="no", by=user, now=NOW)
    if number % 2:
        absences.mark(pupil=pupil, days=[TODAY], by=user, now=NOW)
    else:
        light_meals.ask(pupil=pupil, days=[TODAY], by=user, now=NOW)
    subject = wording.notice_subject(pupil_code=pupil.code, meals=30, year="2026/27")
    notices.issue(
        wallet=wallet,
        pupil=pupil,
        amount=Decimal("90.00"),
        subject=subject,
        due_date=dt.date(2026, 12, 24),
        now=NOW,
    )
    _paper(home, user, number)
    Receipt.objects.create(
        fiscal_code="80000000000",
        receipt_id=f"RT-X{number}",
        amount=Decimal("10.00"),
        channel=Receipt.Channel.SOAP,
        state=Receipt.State.TO_REVIEW,
        received_at=NOW,
    )
    assert DietRequest.objects.filter(pupil=pupil).count() == 2
    assert Absence.objects.filter(pupil=pupil).exists() == bool(number % 2)


def _paper(home: Household, user: Any, number: int) -> None:
    UploadedReceipt.objects.create(
        household=home,
        file="ricevute/nessuno.png",
        file_digest=f"{number:064d}",
        content_type="image/png",
        declared_amount=Decimal("10.00"),
        declared_paid_on=YESTERDAY,
        uploaded_by=user,
        uploaded_at=NOW,
    )
