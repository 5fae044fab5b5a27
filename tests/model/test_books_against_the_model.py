"""Whatever happens, in whatever order: the books say what the canteen on paper says.

Hypothesis invents weeks of a small town: children enrolled, moved and withdrawn, absences, closures declared and revoked, money that
arrives once, twice or is reversed, new ISEE and fares, nights run, missed and interrupted. Every step is done to the portal and to the
paper; then balances, net debits and statements are compared.

Longer runs, with new inventions each time: MENSA_MODEL_EXAMPLES=500 MENSA_MODEL_STEPS=60.
"""

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from attendance import absences, closures, corrections, freezing, night
from attendance.models import Closure, ServiceDay
from enrolments import enrolling, entitlements, fares, pricing
from enrolments.errors import Refused
from enrolments.models import IseeDeclaration, Level, Pupil
from mensa.books import all_checks
from payments import notices, receipts
from payments.configuration import creditor
from payments.models import Receipt
from payments.receipts import IncomingReceipt
from tests import cast
from tests.model import canteen as paper
from tests.model.town import FIRST, LAST, on_paper, open_canteen
from wallets import books, ledger, statement
from wallets.errors import CauseReused
from wallets.models import Entry, Wallet

MORNING, THE_END = cast.at("2026-11-23 08:00"), cast.at("2026-12-12 06:00")
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
HOURS = ("08:30:00", "09:00:59", "09:01:00", "19:59:59", "20:00:00", "20:05:00", "23:30:00")
CLASSES = ("infanzia 2A", "primaria 3A", "primaria 4A")
CHILDREN, FAMILIES = ("Luca", "Sofia", "Giulia", "Tommaso"), ("Bianchi", "Neri")
EXAMPLES = int(os.environ.get("MENSA_MODEL_EXAMPLES") or 0)
STEPS = int(os.environ.get("MENSA_MODEL_STEPS") or 30)

BOUNDED = settings(
    max_examples=EXAMPLES or 12,
    stateful_step_count=STEPS,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

child, family, class_name, day = (st.sampled_from(row) for row in (CHILDREN, FAMILIES, CLASSES, DAYS))
days = st.lists(day, min_size=1, max_size=4, unique=True)
amount = st.sampled_from([Decimal("5.00"), Decimal("33.33"), Decimal("102.00")])
isee = st.sampled_from([Decimal(value) for value in ("0.00", "5000.00", "5000.01", "14999.99", "30000.01")])
filed = st.sampled_from([dt.date(2026, 10, 20), dt.date(2026, 11, 20), dt.date(2026, 12, 1)])
raised = st.sampled_from([Decimal("0.90"), Decimal("1.10")])
#: Where a worker may die: what it calls, and at which call. A range is a single wallet here.
WHERE = ("post", "posted", "decided", "tally")
Operation = Callable[[], Any]


class Killed(BaseException):
    """The worker is gone."""


class Books(RuleBasedStateMachine):
    def __init__(self, town: cast.Town) -> None:
        super().__init__()
        self.example = transaction.atomic()  # everything an example does is rolled back at its end
        self.example.__enter__()
        self.town, self.paper, self.now = town, on_paper(), MORNING
        self.pupils = {pupil.first_name: pupil for pupil in Pupil.objects.all()}
        self.households = {"Bianchi": town.family, "Neri": town.carla_family}
        self.wallets = {name: Wallet.objects.get(household=one) for name, one in self.households.items()}
        self.standing: list[tuple[Closure, paper.Shut]] = []
        self.receipts: list[tuple[str, IncomingReceipt]] = []
        self.last_isee: dict[str, tuple[IseeDeclaration, dt.date]] = {}
        self.numbers = count(1)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.settle_the_books()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    def settle_the_books(self) -> None:
        self.now = max(self.now, THE_END)
        self.run_the_night()
        self.the_books_say_what_the_paper_says()
        assert not night.due_days(self.now)
        assert not ServiceDay.objects.filter(day__lte=LAST).exclude(state=ServiceDay.State.CLOSED).exists()
        assert books.run(all_checks()) == []
        assert pricing.verify() == []

    @property
    def office(self) -> dict[str, Any]:
        return {"by": self.town.enzo, "now": self.now}

    def both(self, on_the_portal: Operation, on_paper: Operation) -> Any:
        """Do it twice; one refuses if and only if the other does."""
        done, refused = attempt(on_the_portal)
        _, forbidden = attempt(on_paper)
        assert refused == forbidden, (refused, forbidden)
        return done

    # -- time --------------------------------------------------------------------------------------------------
    @rule(later=st.sampled_from([0, 0, 1, 1, 2, 5]), hour=st.sampled_from(HOURS))
    def time_passes(self, later: int, hour: str) -> None:
        then = cast.at(f"{self.now.date() + dt.timedelta(days=later)} {hour}")
        if then <= self.now:
            then += dt.timedelta(days=1)
        self.now = max(self.now, min(then, THE_END))

    @rule()
    def run_the_night(self) -> None:
        night.run(now=self.now)
        self.paper.night(self.now)

    @precondition(lambda self: self.now >= cast.at("2026-11-23 20:00"))
    @rule(where=st.sampled_from(WHERE), call=st.integers(1, 4))
    def a_worker_is_killed_in_the_middle_of_the_night(self, where: str, call: int) -> None:
        """Each meal is as before or as it must be, never anything else; the next night does the rest."""
        before, after = self.paper.debits, self.paper.owed(self.now)
        with pytest.MonkeyPatch.context() as patch:
            die_at(patch, where, call)
            with contextlib.suppress(Killed):
                night.run(now=self.now)
        found = self.net_debits()
        assert all(euro in (before.get(meal), after.get(meal)) for meal, euro in found.items())
        assert all(before.get(meal) != after.get(meal) for meal in before if meal not in found)
        self.paper.debits = found

    # -- children ----------------------------------------------------------------------------------------------
    @rule(child=child, class_name=class_name, day=day)
    def enrol(self, child: str, class_name: str, day: dt.date) -> None:
        place = {"pupil": self.pupils[child], "class_group": self.town.classes[class_name]}
        self.both(
            lambda: enrolling.enrol(**place, first_day=day, **self.office),
            lambda: self.paper.enrol(child, class_name, day),
        )

    @rule(child=child, class_name=class_name, day=day)
    def change_class(self, child: str, class_name: str, day: dt.date) -> None:
        place = {"pupil": self.pupils[child], "class_group": self.town.classes[class_name]}
        self.both(
            lambda: enrolling.change_class(**place, from_day=day, **self.office),
            lambda: self.paper.move(child, class_name, day),
        )

    @rule(child=child, day=day)
    def withdraw(self, child: str, day: dt.date) -> None:
        enrolling.withdraw(pupil=self.pupils[child], last_day=day, **self.office)
        self.paper.leave(child, day)

    @rule(child=child, days=days)
    def mark(self, child: str, days: list[dt.date]) -> None:
        said = {"pupil": self.pupils[child], "days": days, "by": self.town.anna, "now": self.now}
        self.both(lambda: absences.mark(**said), lambda: self.paper.mark(child, days, self.now))

    @rule(child=child, days=days)
    def take_back(self, child: str, days: list[dt.date]) -> None:
        said = {"pupil": self.pupils[child], "days": days, "by": self.town.bruno, "now": self.now}
        self.both(lambda: absences.withdraw(**said), lambda: self.paper.take_back(child, days, self.now))

    @rule(child=child, day=day, absent=st.booleans())
    def correct(self, child: str, day: dt.date, absent: bool) -> None:
        said = {"pupil": self.pupils[child], "day": day, "absent": absent, "reason": "prova"}
        self.both(
            lambda: corrections.correct(**said, **self.office),
            lambda: self.paper.correct(child, day, absent=absent),
        )

    # -- closures ----------------------------------------------------------------------------------------------
    @rule(day=day, longer=st.integers(0, 3), whom=st.sampled_from(["town", "infanzia", "primaria", *CLASSES]))
    def close(self, day: dt.date, longer: int, whom: str) -> None:
        last = day + dt.timedelta(days=longer)
        scope: dict[str, Any] = {"class_group": self.town.classes.get(whom)}
        if whom in ("infanzia", "primaria"):
            scope["school"] = getattr(self.town, whom)
        closure = closures.declare(
            first_day=day, last_day=last, reason=Closure.Reason.ORDINANCE, **scope, **self.office
        )
        if closure.pk in {known.pk for known, shut in self.standing if not shut.revoked}:
            return  # the same one again
        shut = paper.Shut(
            day, last, whom if "school" in scope else None, whom if scope["class_group"] else None
        )
        self.paper.closures.append(shut)
        self.standing.append((closure, shut))

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        closure, shut = data.draw(st.sampled_from(self.standing), label="closure")
        closures.revoke(closure=closure, **self.office)
        shut.revoked = True

    # -- prices ------------------------------------------------------------------------------------------------
    @rule(family=family, value=isee, filed=filed)
    def declare_isee(self, family: str, value: Decimal, filed: dt.date) -> None:
        known = self.last_isee.get(family)
        if filed > self.now.date() or (known and filed < known[1]):
            return  # not yet, or an older paper than the one in the drawer
        declared = self.both(
            lambda: entitlements.declare_isee(
                household=self.households[family],
                value=value,
                filed_on=filed,
                protocol=f"INPS-{next(self.numbers)}",
                **self.office,
            ),
            lambda: self.paper.declare_isee(family, value, filed),
        )
        if declared:
            self.last_isee[family] = declared, filed

    @precondition(lambda self: self.last_isee)
    @rule(data=st.data(), value=isee)
    def correct_isee(self, data: st.DataObject, value: Decimal) -> None:
        """A false declaration: the right value counts from the first day of the wrong one."""
        family = data.draw(st.sampled_from(sorted(self.last_isee)), label="family")
        entitlements.correct_isee(declaration=self.last_isee[family][0], value=value, **self.office)
        self.paper.isee[family][-1].value = value

    @rule(family=family, day=day, here=st.booleans())
    def move_house(self, family: str, day: dt.date, here: bool) -> None:
        household = self.households[family]
        entitlements.set_residence(household=household, resident=here, from_day=day, **self.office)
        self.paper.move_house(family, day, here=here)

    @rule(child=child, day=day)
    def exempt(self, child: str, day: dt.date) -> None:
        entitlements.exempt(
            pupil=self.pupils[child], kind="social", act="det. 3", from_day=day, **self.office
        )
        self.paper.exempt(child, day)

    @rule(level=st.sampled_from(["infanzia", "primaria"]), day=day, factor=raised)
    def adopt_fares(self, level: str, day: dt.date, factor: Decimal) -> None:
        bands = [(letter, bound, price * factor) for letter, bound, price in cast.BANDS]
        bands = [(letter, bound, price.quantize(ledger.CENT)) for letter, bound, price in bands]
        table = {"level": Level(level), "valid_from": day, "act": f"delibera {next(self.numbers)}"}
        self.both(
            lambda: fares.adopt_table(**table, bands=bands, **self.office),
            lambda: self.paper.adopt(level, paper.Fares(day, [(bound, price) for _, bound, price in bands])),
        )

    # -- money -------------------------------------------------------------------------------------------------
    @rule(family=family, amount=amount)
    def pay(self, family: str, amount: Decimal) -> None:
        notice = notices.issue(
            wallet=self.wallets[family],
            pupil=None,
            amount=amount,
            subject="prova",
            due_date=LAST,
            now=self.now,
        )
        self.deliver_first(family, notice.nav, amount)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), amount=amount)
    def pay_the_same_notice_again(self, data: st.DataObject, amount: Decimal) -> None:
        """Another receipt is other money, and the family's."""
        family, before = data.draw(st.sampled_from(self.receipts), label="receipt")
        self.deliver_first(family, before.nav, amount)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), channel=st.sampled_from([Receipt.Channel.SOAP, Receipt.Channel.POLL]))
    def replay_the_receipt(self, data: st.DataObject, channel: str) -> None:
        _, again = data.draw(st.sampled_from(self.receipts), label="receipt")
        receipts.record(incoming=again, channel=channel, now=self.now)

    def deliver_first(self, family: str, nav: str, amount: Decimal) -> None:
        number = f"r{next(self.numbers)}"
        incoming = IncomingReceipt(creditor().fiscal_code, number, nav, amount, paid_at=self.now)
        receipts.record(incoming=incoming, channel=Receipt.Channel.SOAP, now=self.now)
        self.receipts.append((family, incoming))
        self.paper.receive(number, family, amount)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """However often: one reversal."""
        family, given = data.draw(st.sampled_from(self.receipts), label="receipt")
        entry = Entry.objects.get(cause=f"receipt:{given.fiscal_code}:{given.receipt_id}")
        ledger.reverse(entry=entry, reason="prova", **self.office)
        self.paper.receive(f"reversal of {given.receipt_id}", family, -given.amount)

    @rule(family=family, amount=amount, form=st.sampled_from("abc"))
    def adjust(self, family: str, amount: Decimal, form: str) -> None:
        """A form sent again is the same adjustment; with other content it is refused, and nothing moves."""
        known = self.paper.money.get(f"form {form}", (family, -amount))
        said = {"wallet": self.wallets[family], "amount": -amount, "key": form, "reason": "prova"}
        if known == (family, -amount):
            ledger.adjust(**said, **self.office)
        else:
            with pytest.raises(CauseReused):
                ledger.adjust(**said, **self.office)
        self.paper.receive(f"form {form}", family, -amount)

    # -- what must hold after every step -----------------------------------------------------------------------
    @invariant()
    def the_books_say_what_the_paper_says(self) -> None:
        assert self.net_debits() == self.paper.debits
        for family, wallet in self.wallets.items():
            wallet.refresh_from_db()
            assert wallet.balance == self.paper.balance(family), family
            running = Decimal("0.00")
            for line in statement.movements(wallet=wallet, last=self.now.date()):
                running += line.amount
                assert line.balance == running
            assert running == wallet.balance

    def net_debits(self) -> dict[paper.Meal, Decimal]:
        names = {pupil.pk: name for name, pupil in self.pupils.items()}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pupil_id, service_day, -sum(amount) FROM wallets_charge"
                " GROUP BY pupil_id, service_day, wallet_id HAVING sum(amount) <> 0"
            )
            rows = cursor.fetchall()
        found = {(names[pupil], day): euro for pupil, day, euro in rows}
        assert len(found) == len(rows), "a meal is charged to two wallets"
        return found


def attempt(operation: Operation) -> tuple[Any, bool]:
    try:
        with transaction.atomic():
            return operation(), False
    except (Refused, paper.Refused):
        return None, True


def die_at(patch: pytest.MonkeyPatch, where: str, call: int) -> None:
    """From that call on the worker is dead: before or after a range is posted, after a decision, before the tally."""
    module, name = {
        "post": (ledger, "post_due"),
        "posted": (ledger, "post_due"),
        "decided": (freezing, "_tally"),
        "tally": (ledger, "net_charges"),
    }[where]
    real, calls = getattr(module, name), count(1)

    def dying(*args: Any, **asked: Any) -> Any:
        last = next(calls) >= call
        if last and where != "posted":
            raise Killed
        answer = real(*args, **asked)
        if last:
            raise Killed
        return answer

    patch.setattr(module, name, dying)


@pytest.fixture
def town_of_the_model(town: cast.Town, monkeypatch: pytest.MonkeyPatch) -> cast.Town:
    monkeypatch.setattr(freezing, "CHUNK", 1)
    return open_canteen(town)


def test_the_books_say_what_the_canteen_on_paper_says(town_of_the_model: cast.Town) -> None:
    run_state_machine_as_test(lambda: Books(town_of_the_model), settings=BOUNDED)


def test_a_night_that_forgets_late_facts_is_found_out(
    town_of_the_model: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive twin: a day once decided is never looked at again."""
    monkeypatch.setattr(freezing, "_take_late_facts", lambda day: [])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            lambda: Books(town_of_the_model), settings=settings(BOUNDED, phases=[Phase.generate])
        )
