"""Two people at the same thing in the same instant, with real connections: a parent at the cut-off, the office during the night.

Each pair has its naive twin, which must go wrong. The other pairs stand beside their operations: receipt and receipt in
tests/payments/test_receipts.py, refund and refund in tests/wallets/test_ledger.py, night and night in
tests/attendance/test_night_at_once.py.
"""

import datetime as dt
import threading
from decimal import Decimal

import pytest

from attendance import absences, corrections, freezing, night
from attendance.errors import TooLate
from attendance.models import Absence
from attendance.rules import cutoff
from identity.models import User
from tests.attendance.conftest import TUESDAY, balances_of, open_canteen
from tests.cast import Town, at, build_town
from tests.wallets.races import WAIT, together
from wallets import ledger
from wallets.errors import Busy
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
EVENING, NEXT_MORNING = at("2026-11-24 20:05"), at("2026-11-25 08:00")
IN_TIME, TOO_LATE = at("2026-11-24 09:00:59"), at("2026-11-24 09:01:00")
ROUNDS = 6


@pytest.fixture
def town(transactional_db: None) -> Town:
    """The cast's canteen opens on Tuesday 24 November."""
    built = open_canteen(build_town())
    for school in (built.primaria, built.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)
    return built


# -- a notice in time and one a second too late --------------------------------------------------------------------
def test_the_notice_in_time_stands_whichever_is_written_last(town: Town) -> None:
    for turn in range(ROUNDS):
        Absence.objects.all().delete()
        callers = [(town.anna, IN_TIME), (town.bruno, TOO_LATE)]
        said = together(
            *[lambda who=who, now=now: _mark(town, who, now) for who, now in callers[:: _way(turn)]]
        )
        refused = [one for one in said if isinstance(one, Exception)]
        assert [type(one) for one in refused] == [TooLate]
        assert Absence.objects.get().in_time
    night.run(now=EVENING)
    assert balances_of(town)["Bianchi"] == "-2.89"


def test_the_naive_twin_lets_the_late_notice_cover_the_one_in_time(town: Town) -> None:
    """Whoever writes last wins: the family that spoke in time pays."""
    looked, written = threading.Barrier(2), threading.Event()

    def naive(who: User, now: dt.datetime) -> None:
        in_time = cutoff.parent_in_time(TUESDAY, cutoff.DEFAULT_HOURS, now)
        looked.wait(WAIT)
        if not in_time:
            assert written.wait(WAIT)
        Absence.objects.update_or_create(
            day=TUESDAY,
            pupil_id=town.luca.pk,
            source=Absence.Source.PARENT,
            defaults={"absent": True, "in_time": in_time, "marked_by": who, "marked_at": now},
        )
        written.set()

    said = together(lambda: naive(town.anna, IN_TIME), lambda: naive(town.bruno, TOO_LATE))
    assert said == [None, None]
    night.run(now=EVENING)
    assert balances_of(town)["Bianchi"] == "-6.29"


def test_a_mark_and_a_withdrawal_in_the_same_instant_leave_what_was_told(town: Town) -> None:
    """The later word stands; a withdrawal that found nothing to take back says so, and the notice stands."""
    for turn in range(ROUNDS):
        first, last = at(f"2026-11-24 08:{10 + turn}:00"), at(f"2026-11-24 08:{10 + turn}:30")
        words = [lambda now=first: _mark(town, town.anna, now), lambda now=last: _take_back(town, now)]
        told = together(*words[:: _way(turn)])[:: _way(turn)]
        assert not [one for one in told if isinstance(one, Exception)]
        assert Absence.objects.get().absent == (told[1].changed == ())


# -- a correction while the night is charging ----------------------------------------------------------------------
def test_a_correction_during_the_night_is_given_back_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 1)
    for turn in range(ROUNDS):
        absent = turn % 2 == 0
        said = together(_night, lambda absent=absent, turn=turn: _correct(town, turn, absent=absent), _night)
        assert not [one for one in said if isinstance(one, Exception) and not isinstance(one, Busy)]
        night.run(now=NEXT_MORNING)
        assert balances_of(town) == {"Bianchi": "-2.89" if absent else "-6.29", "Neri": "-5.00"}
        assert night.due_days(NEXT_MORNING) == []


def test_the_naive_twin_charges_a_child_that_the_office_has_just_excused(town: Town) -> None:
    """The night looks for absences, the office looks for the debit to give back; neither sees the other's."""
    looked = threading.Barrier(2)
    wallet = Wallet.objects.get(household=town.family)

    def naive_night() -> None:
        absent = Absence.objects.filter(day=TUESDAY, pupil_id=town.luca.pk, absent=True).exists()
        looked.wait(WAIT)
        if not absent:
            _move(town, wallet, "-3.40", "pasto")

    def naive_office() -> None:
        charged = Entry.objects.filter(cause="adjustment:pasto").exists()
        looked.wait(WAIT)
        _correct(town, 0, absent=True)
        if charged:
            _move(town, wallet, "3.40", "storno")

    said = together(naive_night, naive_office)
    assert not [one for one in said if isinstance(one, Exception)]
    assert balances_of(town)["Bianchi"] == "-3.40"


def _way(turn: int) -> int:
    """Who is started first changes from turn to turn."""
    return 1 if turn % 2 == 0 else -1


def _mark(town: Town, who: User, now: dt.datetime) -> absences.Marked:
    return absences.mark(pupil=town.luca, days=[TUESDAY], by=who, now=now)


def _take_back(town: Town, now: dt.datetime) -> absences.Marked:
    return absences.withdraw(pupil=town.luca, days=[TUESDAY], by=town.bruno, now=now)


def _night() -> None:
    night.run(now=EVENING)


def _correct(town: Town, turn: int, *, absent: bool) -> bool:
    now = NEXT_MORNING - dt.timedelta(minutes=ROUNDS - turn)
    return corrections.correct(
        pupil=town.luca, day=TUESDAY, absent=absent, reason="prova", by=town.enzo, now=now
    )


def _move(town: Town, wallet: Wallet, euro: str, key: str) -> None:
    ledger.adjust(wallet=wallet, amount=Decimal(euro), key=key, reason="prova", by=town.enzo, now=EVENING)
