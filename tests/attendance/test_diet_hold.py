"""A child whose diet is not safe yet: no meal, no debit, not absent; and the night agrees with the pages."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.urls import reverse

from attendance import kitchen, night, registers, verdicts
from enrolments import diet_holds, diets, entitlements
from enrolments.models import Diet, DietConfirmation, DietHold, Dietician, DietRules, School
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at, client_of

pytestmark = pytest.mark.django_db
Balances = Callable[[], dict[str, str]]
EVENING, NEXT_MORNING = at("2026-11-24 20:10"), at("2026-11-25 08:00")


@pytest.fixture
def held(canteen: Town) -> Town:
    """Luca has a severe allergy and nobody has confirmed; the canteen opens on Tuesday 24 November."""
    canteen.primaria.canteen_periods.update(valid_from=TUESDAY)
    canteen.infanzia.canteen_periods.update(valid_from=TUESDAY)
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-07", from_day=FIRST, severe=True, by=canteen.enzo, now=SUMMER
    )
    Dietician.objects.create(user=canteen.enzo, qualification="dietista")
    return canteen


def confirm_both(town: Town, ready: dt.date, now: dt.datetime) -> None:
    one = DietConfirmation.objects.get()
    diet_holds.confirm_as_dietician(confirmation=one, by=town.enzo, now=now, today=now.date())
    diet_holds.confirm_as_kitchen(
        confirmation=one, ready_from=ready, by=town.franca, now=now, today=now.date()
    )


def test_the_pages_say_on_hold_and_not_absent(held: Town) -> None:
    found = verdicts.of_pupils(pupils=[held.luca], days=[TUESDAY])[held.luca.pk, TUESDAY]
    assert (found.code, found.eats, found.charged, found.held) == ("diet_hold", False, False, True)
    assert found.sentence == "Pasto sospeso in attesa di conferma: nessun addebito."
    assert not found.can_mark(at("2026-11-24 08:00"))


def test_the_kitchen_does_not_cook_it(held: Town) -> None:
    sheet = kitchen.sheet(day=TUESDAY, schools=School.objects.all(), now=at("2026-11-24 10:00"))
    assert (sheet.total, sheet.diets) == (2, [])


def test_the_night_debits_nothing_and_says_why(held: Town, balances: Balances) -> None:
    (day,) = night.run(now=EVENING)
    assert balances() == {"Bianchi": "-2.89", "Neri": "-5.00"}
    assert day.skipped == {"diet_hold": 1}


def test_with_the_dietician_alone_the_meal_stays_on_hold(held: Town, balances: Balances) -> None:
    diet_holds.confirm_as_dietician(
        confirmation=DietConfirmation.objects.get(),
        by=held.enzo,
        now=at("2026-11-24 07:00"),
        today=TUESDAY,
    )
    night.run(now=EVENING)
    assert balances()["Bianchi"] == "-2.89"


def test_confirmed_by_both_the_child_eats_the_diet_and_pays(held: Town, balances: Balances) -> None:
    confirm_both(held, TUESDAY, at("2026-11-24 07:30"))
    sheet = kitchen.sheet(day=TUESDAY, schools=School.objects.all(), now=at("2026-11-24 10:00"))
    assert (sheet.total, sheet.diets) == (3, ["D-07"])
    night.run(now=EVENING)
    assert balances()["Bianchi"] == "-6.29"


def test_a_confirmation_never_charges_the_days_that_were_on_hold(held: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    confirm_both(held, dt.date(2026, 11, 25), NEXT_MORNING)
    night.run(now=NEXT_MORNING)
    assert balances()["Bianchi"] == "-2.89"


def test_a_hold_written_after_the_debit_gives_it_back_once(held: Town, balances: Balances) -> None:
    confirm_both(held, TUESDAY, at("2026-11-24 07:30"))
    night.run(now=EVENING)
    DietHold.objects.create(pupil=held.luca, cause="severe", valid_from=TUESDAY, valid_to=TUESDAY)
    night.run(now=NEXT_MORNING)
    night.run(now=NEXT_MORNING)
    assert balances()["Bianchi"] == "-2.89"


def test_an_expired_certificate_stops_the_debit_where_the_town_says_so(
    held: Town, balances: Balances
) -> None:
    confirm_both(held, TUESDAY, at("2026-11-23 07:30"))
    DietRules.objects.create(act="det. n. 8/2026", valid_from=FIRST, when_expired="hold")
    diets.renew(
        diet=Diet.objects.get(),
        certificate_until=TUESDAY,
        from_day=TUESDAY,
        by=held.enzo,
        now=at("2026-11-23 08:00"),
    )
    night.run(now=at("2026-11-25 20:10"))
    assert balances()["Bianchi"] == "-9.18"  # Luca and Sofia on Tuesday, Sofia alone on Wednesday


def test_school_and_kitchen_read_on_hold_and_no_reason(held: Town) -> None:
    clock.move_to(at("2026-11-24 08:00"))
    roll = reverse("attendance:register", args=[held.classes["primaria 3A"].pk, "2026-11-24"])
    register = client_of(held.dora).get(roll).content.decode()
    sheet = client_of(held.franca).get(reverse("attendance:kitchen")).content.decode()
    assert "pasto sospeso in attesa di conferma" in register
    assert "3A: 1 (D-07)" in sheet
    assert "Luca" not in sheet
    for page in (register, sheet):
        assert "allerg" not in page


def test_a_child_on_hold_is_not_counted_as_present(held: Town) -> None:
    sheet = registers.read(class_group=held.classes["primaria 3A"], day=TUESDAY)
    assert (sheet.absent, sheet.present) == (0, 1)
