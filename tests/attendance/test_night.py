"""The night: what is owed is charged once, whoever runs it, however often, however late."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from attendance import absences, corrections, freezing, night, registers, tasks
from attendance.errors import TooLate
from attendance.models import (
    ClassWeekdays,
    Closure,
    DayChunk,
    Meal,
    PricingFailure,
    SchoolPhase,
    ServiceDay,
    Suspension,
)
from enrolments import enrolling, entitlements
from enrolments.models import Custody, Guardian, Household, Price, SchoolYear
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import Town, at
from wallets import ledger
from wallets.models import Charge, Wallet

pytestmark = pytest.mark.django_db
Balances = Callable[[], dict[str, str]]
EVENING = at("2026-11-24 20:05")
NEXT_MORNING = at("2026-11-25 08:00")


@pytest.fixture
def only_today(canteen: Town) -> Town:
    """The canteen opens on Tuesday 24 November: one day to charge."""
    canteen.primaria.canteen_periods.update(valid_from=TUESDAY)
    canteen.infanzia.canteen_periods.update(valid_from=TUESDAY)
    return canteen


def test_the_night_charges_everybody_who_was_not_absent(only_today: Town, balances: Balances) -> None:
    (day,) = night.run(now=EVENING)
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}
    assert (day.state, day.due_count, day.due_total) == ("closed", 3, Decimal("11.29"))
    assert (day.posted_count, day.posted_total, day.failed_count) == (3, Decimal("11.29"), 0)


def test_a_nation_is_decided_some_children_at_a_time_and_nobody_is_missed(
    only_today: Town, balances: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "PUPILS_AT_ONCE", 1)
    absences.mark(pupil=only_today.sofia, days=[TUESDAY], by=only_today.anna, now=at("2026-11-24 08:00"))
    Price.objects.filter(pupil=only_today.tommaso).delete()
    (day,) = night.run(now=EVENING)
    assert balances() == {"Bianchi": "-3.40", "Neri": "0.00"}
    assert (day.due_count, day.failed_count, day.skipped) == (1, 1, {"absent_parent": 1})


def test_running_the_night_twice_charges_once(only_today: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    before = balances()
    assert night.run(now=EVENING) == []
    assert night.run(now=NEXT_MORNING) == []
    assert balances() == before
    assert Charge.objects.count() == 3


def test_before_its_hour_a_day_is_not_due(only_today: Town) -> None:
    night.plan(now=at("2026-11-24 19:59"))
    assert night.due_days(at("2026-11-24 19:59:59")) == []
    assert night.due_days(at("2026-11-24 20:00")) == [TUESDAY]


def test_missed_nights_are_made_up_for_oldest_first(canteen: Town, balances: Balances) -> None:
    canteen.primaria.canteen_periods.update(valid_from=dt.date(2026, 11, 19))
    canteen.infanzia.canteen_periods.update(valid_from=dt.date(2026, 11, 19))
    days = [row.day for row in night.run(now=EVENING)]
    assert days == [dt.date(2026, 11, day) for day in (19, 20, 23, 24)]
    assert balances() == {"Bianchi": "-25.16", "Neri": "-20.00"}
    assert night.run(now=EVENING) == []


def test_an_absent_child_is_not_charged(only_today: Town, balances: Balances) -> None:
    absences.mark(pupil=only_today.luca, days=[TUESDAY], by=only_today.anna, now=at("2026-11-24 08:59"))
    (day,) = night.run(now=EVENING)
    assert balances() == {"Bianchi": "-2.89", "Neri": "-5.00"}
    assert day.skipped == {"absent_parent": 1}


def test_a_late_notice_spares_no_debit(only_today: Town, balances: Balances) -> None:
    with pytest.raises(TooLate):
        absences.mark(pupil=only_today.luca, days=[TUESDAY], by=only_today.anna, now=at("2026-11-24 09:01"))
    night.run(now=EVENING)
    assert balances()["Bianchi"] == "-6.29"


def test_the_roll_call_counts(only_today: Town, balances: Balances) -> None:
    registers.confirm(
        class_group=only_today.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[only_today.tommaso.pk],
        by=only_today.dora,
        now=at("2026-11-24 09:10"),
    )
    night.run(now=EVENING)
    assert balances() == {"Bianchi": "-6.29", "Neri": "0.00"}


def test_where_only_parents_count_the_debit_stays(only_today: Town, balances: Balances) -> None:
    SchoolPhase.objects.create(school=only_today.primaria, phase="C", valid_from=FIRST)
    registers.confirm(
        class_group=only_today.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[only_today.tommaso.pk],
        by=only_today.dora,
        now=at("2026-11-24 09:10"),
    )
    night.run(now=EVENING)
    assert balances()["Neri"] == "-5.00"
    assert Meal.objects.get(pupil_id=only_today.tommaso.pk).verdict == "charged_unannounced"


def test_an_absence_corrected_after_the_debit_is_given_back_with_its_reason(
    only_today: Town, balances: Balances
) -> None:
    night.run(now=EVENING)
    corrections.correct(
        pupil=only_today.luca,
        day=TUESDAY,
        absent=True,
        reason="certificato medico",
        by=only_today.enzo,
        now=NEXT_MORNING,
    )
    assert night.due_days(NEXT_MORNING) == [TUESDAY]
    night.run(now=NEXT_MORNING)
    night.run(now=NEXT_MORNING)
    assert balances()["Bianchi"] == "-2.89"
    charge, reversal = Charge.objects.filter(pupil_id=only_today.luca.pk).order_by("revision")
    assert (charge.amount, reversal.amount) == (Decimal("-3.40"), Decimal("3.40"))
    assert (reversal.service_day, reversal.posted_on) == (TUESDAY, NEXT_MORNING.date())
    assert (
        reversal.explanation.facts["reason"]
        == "assenza registrata dall'ufficio il 25/11/2026: certificato medico"
    )


def test_a_presence_found_later_is_charged_late(only_today: Town, balances: Balances) -> None:
    absences.mark(pupil=only_today.luca, days=[TUESDAY], by=only_today.anna, now=at("2026-11-24 08:00"))
    night.run(now=EVENING)
    corrections.correct(
        pupil=only_today.luca,
        day=TUESDAY,
        absent=False,
        reason="ha mangiato",
        by=only_today.enzo,
        now=NEXT_MORNING,
    )
    night.run(now=NEXT_MORNING)
    assert balances()["Bianchi"] == "-6.29"
    charge = Charge.objects.get(pupil_id=only_today.luca.pk)
    assert charge.posted_on == NEXT_MORNING.date()
    assert charge.explanation.facts["band"] == "D"
    assert charge.explanation.facts["sentences"][-1] == (
        "Addebito del 24/11/2026 registrato dopo: presenza registrata dall'ufficio il 25/11/2026: ha mangiato."
    )


def test_an_absence_on_a_day_closed_later_is_credited_once(only_today: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    corrections.correct(
        pupil=only_today.luca, day=TUESDAY, absent=True, reason="x", by=only_today.enzo, now=NEXT_MORNING
    )
    night.run(now=NEXT_MORNING)
    _close(only_today)
    night.run(now=NEXT_MORNING)
    assert balances() == {"Bianchi": "0.00", "Neri": "0.00"}
    assert Charge.objects.filter(pupil_id=only_today.luca.pk).count() == 2


def test_a_closure_after_the_debit_gives_everything_back_and_its_revocation_takes_it_again(
    only_today: Town, balances: Balances
) -> None:
    night.run(now=EVENING)
    closure = _close(only_today)
    night.run(now=NEXT_MORNING)
    assert balances() == {"Bianchi": "0.00", "Neri": "0.00"}
    reasons = {row.explanation.facts["reason"] for row in Charge.objects.all() if row.amount > 0}
    assert reasons == {"mensa chiusa: ordinanza (ord. n. 7)"}
    closure.revoked_at, closure.revoked_by = NEXT_MORNING, only_today.enzo
    closure.save()
    night.run(now=NEXT_MORNING)
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}
    assert Charge.objects.count() == 9


def test_a_price_corrected_in_the_past_leaves_the_difference(only_today: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    Price.objects.filter(pupil=only_today.tommaso).update(amount=Decimal("4.20"))
    night.run(now=NEXT_MORNING)
    assert balances()["Neri"] == "-4.20"
    reversal = Charge.objects.get(pupil_id=only_today.tommaso.pk, revision=1)
    assert (
        reversal.explanation.facts["reason"]
        == "prezzo del giorno ricalcolato: da 5,00\N{NO-BREAK SPACE}€ a 4,20\N{NO-BREAK SPACE}€"
    )


def test_a_withdrawal_dated_back_gives_the_meals_back(only_today: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    enrolling.withdraw(
        pupil=only_today.tommaso, last_day=dt.date(2026, 11, 23), by=only_today.enzo, now=NEXT_MORNING
    )
    night.run(now=NEXT_MORNING)
    assert balances()["Neri"] == "0.00"


def test_a_class_change_dated_back_changes_nothing_where_both_classes_eat(
    only_today: Town, balances: Balances
) -> None:
    night.run(now=EVENING)
    enrolling.change_class(
        pupil=only_today.tommaso,
        class_group=only_today.classes["primaria 4A"],
        from_day=TUESDAY,
        by=only_today.enzo,
        now=NEXT_MORNING,
    )
    night.run(now=NEXT_MORNING)
    assert balances()["Neri"] == "-5.00"
    assert Charge.objects.filter(pupil_id=only_today.tommaso.pk).count() == 1
    assert (
        Meal.objects.get(pupil_id=only_today.tommaso.pk).class_group_id
        == only_today.classes["primaria 4A"].pk
    )


def test_a_meal_moves_to_the_household_that_pays_that_weekday(only_today: Town, balances: Balances) -> None:
    night.run(now=EVENING)
    with transaction.atomic():
        Custody.objects.filter(pupil=only_today.luca).update(tuesday=False)
        Custody.objects.create(
            pupil=only_today.luca,
            household=only_today.carla_family,
            valid_from=FIRST,
            monday=False,
            wednesday=False,
            thursday=False,
            friday=False,
        )
        price = Price.objects.filter(pupil=only_today.luca).first()
        assert price is not None
        Price.objects.create(
            pupil=only_today.luca,
            household=only_today.carla_family,
            amount=Decimal("5.00"),
            explanation=price.explanation,
            valid_from=FIRST,
        )
    night.run(now=NEXT_MORNING)
    assert balances() == {"Bianchi": "-2.89", "Neri": "-10.00"}


def test_a_suspended_child_is_not_charged_and_not_absent(only_today: Town, balances: Balances) -> None:
    Suspension.objects.create(
        pupil=only_today.tommaso, act="det. 5", decided_by=only_today.enzo, valid_from=FIRST
    )
    (day,) = night.run(now=EVENING)
    assert balances()["Neri"] == "0.00"
    assert day.skipped == {"suspended": 1}


def test_a_child_without_a_price_keeps_the_day_open_and_stops_nobody(
    only_today: Town, balances: Balances
) -> None:
    kept = Price.objects.filter(pupil=only_today.tommaso).first()
    assert kept is not None
    Price.objects.filter(pupil=only_today.tommaso).delete()
    (day,) = night.run(now=EVENING)
    assert (day.state, day.failed_count) == ("frozen", 1)
    assert balances() == {"Bianchi": "-6.29", "Neri": "0.00"}
    assert PricingFailure.objects.get().reason
    kept.pk = None
    kept.save(force_insert=True)
    (day,) = night.run(now=NEXT_MORNING)
    assert (day.state, day.failed_count) == ("closed", 0)
    assert balances()["Neri"] == "-5.00"
    assert PricingFailure.objects.get().solved_at == NEXT_MORNING


def test_a_family_without_a_wallet_is_charged_when_it_has_one(only_today: Town) -> None:
    applicant = Guardian.objects.create(
        fiscal_code="XXXYYY80A01Z998X", first_name="Ivo", last_name="Poveri", sort_key="poveri ivo"
    )
    poor = Household.objects.create(code="SENZABOR", applicant=applicant)
    Custody.objects.filter(pupil=only_today.tommaso).update(household=poor)
    Price.objects.filter(pupil=only_today.tommaso).update(household=poor)
    (day,) = night.run(now=EVENING)
    assert (day.failed_count, PricingFailure.objects.get().reason) == (
        1,
        "La famiglia che paga non ha ancora un borsellino.",
    )
    ledger.open_wallets(households=[poor], now=NEXT_MORNING)
    (day,) = night.run(now=NEXT_MORNING)
    assert day.state == "closed"
    assert Wallet.objects.get(household=poor).balance == Decimal("-5.00")


def test_the_database_refuses_to_close_a_day_that_does_not_tally(only_today: Town) -> None:
    night.run(now=EVENING)
    with pytest.raises(IntegrityError, match="a_closed_day_tallies"), transaction.atomic():
        ServiceDay.objects.filter(day=TUESDAY).update(due_count=4)


def test_days_of_a_closed_year_are_left_alone(only_today: Town) -> None:
    night.run(now=EVENING)
    _close(only_today)
    SchoolYear.objects.update(state=SchoolYear.State.CLOSED)
    assert night.due_days(NEXT_MORNING) == []


def test_a_worker_killed_between_two_ranges_leaves_exactly_its_own(
    only_today: Town, balances: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(freezing, "CHUNK", 1)
    real, calls = ledger.post_due, []

    def dies_on_the_second(**asked: object) -> object:
        calls.append(asked)
        if len(calls) == 2:
            real(**asked)  # type: ignore[arg-type]
            raise KeyboardInterrupt
        return real(**asked)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "post_due", dies_on_the_second)
    with pytest.raises(KeyboardInterrupt):
        night.run(now=EVENING)
    assert DayChunk.objects.filter(posted_at__isnull=True).count() == 1
    assert ServiceDay.objects.get(day=TUESDAY).state == "frozen"
    (day,) = night.run(now=EVENING)
    assert day.state == "closed"
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}


def test_an_isee_filed_in_the_grace_is_recalculated_from_january_and_credited_once(
    canteen: Town, balances: Balances
) -> None:
    """Edge case 2 of the domain: in January without the new ISEE, filed on 20 February."""
    january = dt.date(2027, 1, 12)
    canteen.primaria.canteen_periods.update(valid_from=january, valid_to=january)
    canteen.infanzia.canteen_periods.update(valid_from=january, valid_to=january)
    night.run(now=at("2027-01-12 20:05"))
    before = balances()["Bianchi"]
    entitlements.declare_isee(
        household=canteen.family,
        value=Decimal("4000.00"),
        filed_on=dt.date(2027, 2, 20),
        protocol="INPS-ISEE-2027-00000001X",
        by=canteen.enzo,
        now=at("2027-02-20 10:00"),
    )
    for _ in range(2):
        night.run(now=at("2027-02-20 10:10"))
    assert (before, balances()["Bianchi"]) == ("-6.29", "-1.85")
    assert Charge.objects.filter(pupil_id=canteen.luca.pk).count() == 3


def test_moving_to_a_class_that_did_not_eat_that_day_gives_the_meal_back(
    only_today: Town, balances: Balances
) -> None:
    other = only_today.classes["primaria 4A"]
    ClassWeekdays.objects.create(class_group=other, valid_from=FIRST, tuesday=False)
    night.run(now=EVENING)
    enrolling.change_class(
        pupil=only_today.tommaso, class_group=other, from_day=TUESDAY, by=only_today.enzo, now=NEXT_MORNING
    )
    night.run(now=NEXT_MORNING)
    assert balances()["Neri"] == "0.00"
    reversal = Charge.objects.get(pupil_id=only_today.tommaso.pk, revision=1)
    assert reversal.explanation.facts["reason"] == "la classe non mangia di martedì"


def test_the_sweep_of_the_workers_does_the_whole_night(only_today: Town, balances: Balances) -> None:
    clock.move_to(at("2026-11-24 19:55"))
    tasks.sweep()
    assert balances() == {"Bianchi": "0.00", "Neri": "0.00"}
    clock.move_to(EVENING)
    tasks.sweep()
    tasks.sweep()
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}
    assert ServiceDay.objects.get(day=TUESDAY).state == "closed"


def test_the_command_says_what_it_did_and_fails_while_a_day_is_open(
    only_today: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.move_to(EVENING)
    call_command("run_night")
    assert "24/11/2026 chiuso: 3 pasti dovuti, 3 addebitati, 0 senza prezzo" in capsys.readouterr().out
    call_command("run_night")
    assert "Niente da addebitare." in capsys.readouterr().out
    Price.objects.filter(pupil=only_today.tommaso).delete()
    with pytest.raises(SystemExit, match="1"):
        call_command("run_night")


def test_the_queries_of_a_night_do_not_depend_on_how_many_eat(only_today: Town) -> None:
    for pupil in (only_today.luca, only_today.sofia):
        corrections.correct(
            pupil=pupil, day=TUESDAY, absent=True, reason="x", by=only_today.enzo, now=at("2026-11-24 08:00")
        )
    with CaptureQueriesContext(connection) as few:
        night.run(now=EVENING)
    assert ServiceDay.objects.get(day=TUESDAY).due_count == 1
    tomorrow = at("2026-11-25 20:05")
    with CaptureQueriesContext(connection) as many:
        night.run(now=tomorrow)
    assert ServiceDay.objects.get(day=tomorrow.date()).due_count == 3
    assert len(many) <= len(few)


def _close(town: Town) -> Closure:
    return Closure.objects.create(
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason=Closure.Reason.ORDINANCE,
        act="ord. n. 7",
        declared_by=town.enzo,
        declared_at=NEXT_MORNING,
    )
