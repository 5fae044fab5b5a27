"""Each word of a parent has its receipt: numbered without gaps, verifiable by anybody who holds it, impossible to change."""

import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from attendance import absence_receipts, absences
from attendance.errors import TooLate
from attendance.models import AbsenceReceipt
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.attendance.test_pages import text
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
EARLY = at("2026-11-24 08:30")
WEDNESDAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(EARLY)
    cache.clear()


def test_each_day_marked_has_a_receipt_with_the_hour_of_the_server(canteen: Town) -> None:
    done = absences.mark(pupil=canteen.luca, days=[TUESDAY, WEDNESDAY], by=canteen.anna, now=EARLY)
    first, second = done.receipts
    assert (first.label, first.day, first.word) == ("1/2026", TUESDAY, "absent")
    assert (second.label, second.day) == ("2/2026", WEDNESDAY)
    assert first.spoken_at == EARLY
    assert absences.marked_sentence(done) == (
        "Assenza segnata per martedì 24/11 e mercoledì 25/11. Ricevute dal n. 1/2026 al n. 2/2026."
    )
    assert re.fullmatch(r"[346789BCDFGHJKMNPQRTVWXY]{12}", first.code)
    assert absence_receipts.is_intact(first)


def test_a_double_tap_has_one_receipt(canteen: Town) -> None:
    for _ in range(2):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    assert AbsenceReceipt.objects.count() == 1


def test_the_later_word_of_the_other_parent_takes_the_place_and_the_receipt_says_so(canteen: Town) -> None:
    marked = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    assert absence_receipts.standing(marked).word == "valida"
    back = absences.withdraw(
        pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 08:40")
    ).receipts[0]
    standing = absence_receipts.standing(marked)
    assert (standing.word, standing.later) == ("ritirata", back)
    assert "un genitore ha annullato l'assenza" in standing.sentence
    again = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:50"))
    assert absence_receipts.standing(back).word == "superata"
    assert absence_receipts.standing(again.receipts[0]).word == "valida"


def test_a_late_notice_has_a_receipt_that_says_late(canteen: Town) -> None:
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:01:00"))
    assert AbsenceReceipt.objects.get().word == "late"


def test_a_refused_day_leaves_no_receipt(canteen: Town) -> None:
    with pytest.raises(TooLate):
        absences.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:01:00"))
    assert not AbsenceReceipt.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attendance_absencereceipt SET spoken_at = now()",
        "DELETE FROM attendance_absencereceipt",
        "TRUNCATE attendance_absencereceipt",
    ],
)
def test_a_receipt_never_changes(canteen: Town, change: str) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or TRUNCATE has another reason to refuse
        with pytest.raises(DatabaseError, match="non si modifica"), transaction.atomic():
            cursor.execute(change)


def test_a_paper_with_another_day_has_another_hash(canteen: Town) -> None:
    receipt = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    receipt.day = WEDNESDAY
    assert not absence_receipts.is_intact(receipt)


@pytest.mark.django_db(transaction=True)
def test_parents_who_tap_at_the_same_instant_get_numbers_without_gaps(committed_canteen: Town) -> None:
    town = committed_canteen
    pupils = [(town.luca, town.anna), (town.sofia, town.bruno), (town.tommaso, town.carla)] * 2
    days = [dt.date(2026, 12, day) for day in (1, 2, 3, 4, 9, 10)]

    def tap(step: int) -> None:
        pupil, parent = pupils[step]
        try:
            absences.mark(pupil=pupil, days=days, by=parent, now=EARLY)
            absences.withdraw(pupil=pupil, days=days[:2], by=parent, now=EARLY)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as crowd:
        list(crowd.map(tap, range(len(pupils))))
    numbers = sorted(AbsenceReceipt.objects.values_list("number", flat=True))
    assert len(numbers) >= 24
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_printable_page_has_everything_and_belongs_to_the_family(
    canteen: Town, client_of: Browser
) -> None:
    receipt = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    url = reverse("attendance:receipt", args=[canteen.luca.code, receipt.code])
    page = client_of(canteen.bruno).get(url)
    said = text(page)
    for piece in (
        "Ricevuta n. 1/2026",
        "Bianchi Luca",
        "ore 08:30:00",
        receipt.short_code,
        "Valida",
        "Anna Rossi",
    ):
        assert piece in said
    assert "data:image/svg+xml" in page.content.decode()
    assert client_of(canteen.carla).get(url).status_code == 404
    assert client_of(canteen.dora).get(url).status_code == 403
    assert client_of(canteen.enzo).get(url).status_code == 200


def test_the_code_on_the_printed_page_can_be_read_back(canteen: Town, client_of: Browser) -> None:
    receipt = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    url = reverse("attendance:receipt", args=[canteen.luca.code, receipt.code])
    page = client_of(canteen.anna).get(url)
    assert f"/ricevuta/{receipt.code}/" in page.context["address"]


def test_anybody_verifies_a_receipt_and_reads_nothing_of_the_child(canteen: Town) -> None:
    receipt = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    page = Client().get(reverse("attendance:verify", args=[receipt.code]))
    said = text(page)
    assert page.status_code == 200
    for piece in ("Valida", "martedì 24 novembre 2026", "ore 08:30:00", "n. 1/2026"):
        assert piece in said
    for secret in ("Luca", "Bianchi", "Anna", "Rossi", canteen.luca.code, "Ulivo", "3A"):
        assert secret not in page.content.decode()
    absences.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 08:40"))
    later = text(Client().get(reverse("attendance:verify", args=[receipt.code])))
    assert "Ritirata" in later
    assert "Bruno" not in later


def test_the_code_is_typed_as_people_type(canteen: Town) -> None:
    receipt = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY).receipts[0]
    asked = {"code": receipt.short_code.lower()}
    page = Client().post(reverse("attendance:verify_code"), asked, follow=True)
    assert "Valida" in text(page)
    wrong = Client().post(reverse("attendance:verify_code"), {"code": "BBBB-BBBB-BBBB"})
    assert wrong.status_code == 422
    assert "Nessuna ricevuta ha questo codice" in text(wrong)
    assert Client().get(reverse("attendance:verify", args=["BBBBBBBBBBBB"])).status_code == 404


def test_who_tries_codes_is_stopped(canteen: Town) -> None:
    url = reverse("attendance:verify", args=["BBBBBBBBBBBB"])
    client = Client()
    answers = [client.get(url).status_code for _ in range(70)]  # two minutes may meet: twice thirty
    assert 429 in answers


def test_the_list_of_receipts_asks_the_same_queries_whatever_its_length(
    canteen: Town, client_of: Browser, django_assert_max_num_queries: Callable[..., object]
) -> None:
    absences.mark(
        pupil=canteen.luca,
        days=absences.days_between(dt.date(2026, 11, 24), dt.date(2026, 12, 20)),
        by=canteen.anna,
        now=EARLY,
    )
    anna = client_of(canteen.anna)
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        page = anna.get(reverse("attendance:receipts", args=[canteen.luca.code]))
    assert text(page).count("valida") >= 15
