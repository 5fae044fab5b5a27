"""The books between days and money: empty after every night, and each check sees what it is there for."""

from decimal import Decimal

import pytest
from django.db import connection

from attendance import absences, night, sealing
from attendance.books import CHECKS
from attendance.models import AbsenceReceipt, DayChunk, Dispute, Meal, ServiceDay
from enrolments.models import Enrolment
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at
from wallets import books

pytestmark = pytest.mark.django_db
EVENING = at("2026-11-24 20:05")


@pytest.fixture
def charged(canteen: Town) -> Town:
    for school in (canteen.primaria, canteen.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)  # type: ignore[attr-defined]
    absences.mark(pupil=canteen.sofia, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    night.run(now=EVENING)
    return canteen


def found() -> set[str]:
    return {finding.check for finding in books.run(CHECKS)}


def test_after_a_night_the_books_are_in_order(charged: Town) -> None:
    assert found() == set()


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_each_check_sees_what_it_is_there_for(charged: Town, check: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    meal = Meal.objects.filter(day=TUESDAY, pupil_id=charged.luca.pk)
    match check:
        case "giorni_chiusi_in_pari":
            meal.delete()
        case "addebiti_di_giorni_di_servizio":
            DayChunk.objects.all().delete()
            ServiceDay.objects.filter(day=TUESDAY).delete()
        case "totali_dei_giorni":
            meal.delete()
        case "un_pasto_al_giorno":
            _second_meal(charged)
        case "pasti_di_iscritti":
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE enrolments_enrolment DISABLE TRIGGER USER")
            Enrolment.objects.filter(pupil=charged.luca).update(class_group=charged.classes["primaria 4A"])
        case "prezzi_dei_pasti":
            meal.update(price=Decimal("9.99"))
        case "ricevute_di_assenza_senza_salti":
            _receipt(charged, number=7)
        case "contestazioni_con_esito":
            _accepted_on_paper(charged)
        case "fogli_della_cucina":
            sealing.seal_due(now=EVENING)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute("UPDATE attendance_kitchensheet SET content = content || ' ' WHERE number = 1")
        case _:
            DayChunk.objects.all().delete()
    assert check in found()


def _second_meal(town: Town) -> None:
    meal = Meal.objects.get(day=TUESDAY, pupil_id=town.luca.pk)
    Meal.objects.create(
        day=TUESDAY,
        wallet_id=meal.wallet_id + 1000,
        pupil_id=meal.pupil_id,
        class_group_id=meal.class_group_id,
        price=meal.price,
        explanation_id=meal.explanation_id,
        verdict=meal.verdict,
    )


def _receipt(town: Town, number: int) -> None:
    AbsenceReceipt.objects.create(
        year=2026,
        number=number,
        code="B" * 12,
        pupil=town.luca,
        day=TUESDAY,
        word=AbsenceReceipt.Word.ABSENT,
        spoken_by=town.anna,
        spoken_at=EVENING,
        digest="",
    )


def _accepted_on_paper(town: Town) -> None:
    """Somebody writes the outcome without giving the money back."""
    Dispute.objects.create(
        day=TUESDAY,
        pupil=town.luca,
        wallet=town.family.wallet,
        revision=0,
        amount=Decimal("3.40"),
        words="no",
        evidence=[],
        opened_by=town.anna,
        opened_at=EVENING,
        answer_by=TUESDAY,
        state=Dispute.State.ACCEPTED,
        decided_by=town.enzo,
        decided_at=EVENING,
    )
