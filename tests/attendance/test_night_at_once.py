"""Two nights at once, a fact that arrives in the middle: each with a naive twin that must fail."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from attendance import corrections, freezing, night
from attendance.models import DayChunk, LateFact, Meal, ServiceDay
from tests.attendance.conftest import TUESDAY, balances_of
from tests.cast import Town, at
from tests.wallets.races import together
from wallets import ledger
from wallets.models import Charge

pytestmark = pytest.mark.django_db(transaction=True)
EVENING = at("2026-11-24 20:05")
NEXT_MORNING = at("2026-11-25 08:00")


@pytest.fixture
def town(committed_canteen: Town) -> Town:
    for school in (committed_canteen.primaria, committed_canteen.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)  # type: ignore[attr-defined]
    return committed_canteen


def test_two_nights_at_once_charge_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 1)
    results = together(*[lambda: night.run(now=EVENING)] * 3)
    assert not [result for result in results if isinstance(result, Exception)]
    night.run(now=EVENING)
    assert balances_of(town) == {"Bianchi": "-6.29", "Neri": "-5.00"}
    assert ServiceDay.objects.get(day=TUESDAY).state == "closed"
    assert Charge.objects.count() == 3


def test_a_night_that_checks_and_then_charges_would_charge_twice(town: Town) -> None:
    """The naive twin: look whether the meal is charged, then take the money. Two at once take it twice."""
    night.plan(now=EVENING)
    night.freeze(day=TUESDAY, now=EVENING)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_charge (pupil_id integer)")
    looked = threading.Barrier(2)
    try:
        together(*[lambda: _naive_night(looked)] * 2)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_charge")
            assert cursor.fetchone()[0] == 6
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE naive_charge")


def _naive_night(looked: threading.Barrier) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pupil_id FROM naive_charge")
        charged = {pk for (pk,) in cursor.fetchall()}
        looked.wait(20)
        for meal in Meal.objects.filter(day=TUESDAY):
            if meal.pupil_id not in charged:
                cursor.execute("INSERT INTO naive_charge VALUES (%s)", [meal.pupil_id])


def test_a_fact_committed_while_the_day_is_being_decided_is_not_lost(town: Town) -> None:
    """The correction is written before the decision and committed after it: its late fact stays in the queue."""
    night.plan(now=EVENING)
    written, decided = threading.Event(), threading.Event()

    def office() -> None:
        with transaction.atomic():
            _correct(town)
            written.set()
            assert decided.wait(20)

    def worker() -> None:
        assert written.wait(20)
        night.run_day(day=TUESDAY, now=EVENING)
        decided.set()

    assert not [result for result in together(office, worker) if result is not None]
    assert LateFact.objects.filter(day=TUESDAY, pupil_id=town.luca.pk).exists()
    assert balances_of(town)["Bianchi"] == "-6.29"
    night.run(now=NEXT_MORNING)
    assert balances_of(town)["Bianchi"] == "-2.89"


def test_without_the_queue_the_same_fact_would_be_lost(town: Town) -> None:
    """The naive twin: one flag on the day, lowered when the decision ends."""
    night.plan(now=EVENING)
    written, decided = threading.Event(), threading.Event()

    def office() -> None:
        with transaction.atomic():
            _correct(town)
            written.set()
            assert decided.wait(20)

    def worker() -> None:
        assert written.wait(20)
        night.run_day(day=TUESDAY, now=EVENING)
        decided.set()

    together(office, worker)
    LateFact.objects.all().delete()  # the flag, lowered
    night.run(now=NEXT_MORNING)
    assert balances_of(town)["Bianchi"] == "-6.29"


def test_the_row_of_a_day_waits_for_the_facts_already_under_way(town: Town) -> None:
    """A fact that did not see the row of its day is committed before the row exists: the decision will see it."""
    written, release = threading.Event(), threading.Event()
    order: list[str] = []

    def office() -> None:
        with transaction.atomic():
            _correct(town)
            written.set()
            assert release.wait(20)
            order.append("fact")

    def planner() -> None:
        assert written.wait(20)
        threading.Timer(0.5, release.set).start()
        night.plan(now=EVENING)
        order.append("row")

    together(office, planner)
    assert order == ["fact", "row"]
    night.run(now=EVENING)
    assert balances_of(town)["Bianchi"] == "-2.89"


def test_a_long_change_of_facts_is_not_waited_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the lock would hold back every parent: the next sweep makes the row."""
    monkeypatch.setattr(night, "LOCK_WAIT", "100ms")
    written, tried = threading.Event(), threading.Event()

    def import_of_the_office() -> None:
        with transaction.atomic():
            _correct(town)
            written.set()
            assert tried.wait(20)

    def planner() -> int:
        assert written.wait(20)
        made = night.plan(now=EVENING)
        tried.set()
        return made

    assert together(import_of_the_office, planner) == [None, 0]
    assert night.plan(now=EVENING) == 2


def test_a_range_being_posted_is_left_to_who_posts_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    night.plan(now=EVENING)
    night.freeze(day=TUESDAY, now=EVENING)
    chunk = DayChunk.objects.get()
    posting, release = threading.Event(), threading.Event()
    real = ledger.post_due

    def slow(**asked: Any) -> Any:
        posting.set()
        assert release.wait(20)
        return real(**asked)

    monkeypatch.setattr(ledger, "post_due", slow)

    def first() -> bool:
        return night.post(chunk_id=chunk.pk, now=EVENING)

    def second() -> tuple[bool, bool]:
        assert posting.wait(20)
        skipped = night.post(chunk_id=chunk.pk, now=EVENING)
        closed = night.close(day=TUESDAY, now=EVENING)
        release.set()
        return skipped, closed

    runners: list[Callable[[], Any]] = [first, second]
    assert together(*runners) == [True, (False, False)]
    assert night.close(day=TUESDAY, now=EVENING)


def test_a_range_posted_while_the_day_is_decided_again_is_posted_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.plan(now=EVENING)
    night.freeze(day=TUESDAY, now=EVENING)
    chunk = DayChunk.objects.get()
    posted, release = threading.Event(), threading.Event()
    real = ledger.post_due

    def slow(**asked: Any) -> Any:
        result = real(**asked)
        posted.set()
        assert release.wait(20)
        return result

    monkeypatch.setattr(ledger, "post_due", slow)

    def decide_again() -> None:
        assert posted.wait(20)
        _correct(town)
        threading.Timer(0.5, release.set).start()
        night.freeze(day=TUESDAY, now=NEXT_MORNING)

    runners: list[Callable[[], Any]] = [lambda: night.post(chunk_id=chunk.pk, now=EVENING), decide_again]
    assert together(*runners) == [True, None]
    assert DayChunk.objects.get().posted_at is None
    night.run(now=NEXT_MORNING)
    assert balances_of(town) == {"Bianchi": "-2.89", "Neri": "-5.00"}


def _correct(town: Town) -> None:
    corrections.correct(
        pupil=town.luca, day=TUESDAY, absent=True, reason="febbre", by=town.enzo, now=NEXT_MORNING
    )
