"""The daily charge: what is posted equals what is due, whoever runs it and however often."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.models import Meal
from enrolments.models import Pupil
from tests.wallets.conftest import DAY, NOW, because, children_of, due, make_wallet, post, why
from tests.wallets.races import together
from wallets import ledger
from wallets.models import Charge, Posting, Wallet

pytestmark = pytest.mark.django_db


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


def revisions(pupil: Pupil) -> list[tuple[int, Decimal]]:
    return list(Charge.objects.filter(pupil=pupil).order_by("revision").values_list("revision", "amount"))


def test_every_child_pays_its_price(wallet: Wallet) -> None:
    luca, sofia = children_of(wallet)
    posted = post((luca, wallet, "3.40"), (sofia, wallet, "2.89"))
    assert posted == ledger.Posted(count=2, reversed=0)
    assert balance(wallet) == Decimal("-6.29")


def test_an_exempt_child_has_no_movement(wallet: Wallet) -> None:
    luca, sofia = children_of(wallet)
    post((luca, wallet, "0.00"), (sofia, wallet, "2.89"))
    assert revisions(luca) == []


def test_running_twice_charges_once(wallet: Wallet) -> None:
    rows = [(pupil, wallet, "3.40") for pupil in children_of(wallet)]
    post(*rows)
    assert post(*rows) == ledger.Posted(count=0, reversed=0)
    assert Charge.objects.count() == 2


def test_a_meal_that_is_no_longer_due_is_given_back_and_says_why(wallet: Wallet) -> None:
    luca, sofia = children_of(wallet)
    post((luca, wallet, "3.40"), (sofia, wallet, "2.89"))
    absence, otherwise = why("Assenza corretta dall'ufficio."), why("Ordinanza.")
    posted = ledger.post_due(
        day=DAY,
        wallets=(1, 10**6),
        due=due(),
        posted_on=DAY,
        reasons=lambda: ledger.Reasons(otherwise.pk, {luca.pk: absence.pk}),
    )
    assert posted == ledger.Posted(count=0, reversed=2)
    assert revisions(luca) == [(0, Decimal("-3.40")), (1, Decimal("3.40"))]
    assert Charge.objects.get(pupil=luca, revision=1).explanation == absence
    assert Charge.objects.get(pupil=sofia, revision=1).explanation == otherwise
    assert balance(wallet) == 0


def test_another_price_is_a_reversal_and_a_new_charge(wallet: Wallet) -> None:
    luca, _ = children_of(wallet)
    post((luca, wallet, "5.00"))
    assert post((luca, wallet, "3.40")) == ledger.Posted(count=1, reversed=1)
    assert revisions(luca) == [(0, Decimal("-5.00")), (1, Decimal("5.00")), (2, Decimal("-3.40"))]
    assert balance(wallet) == Decimal("-3.40")


def test_a_meal_due_again_is_charged_again(wallet: Wallet) -> None:
    luca, _ = children_of(wallet)
    for rows in ([(luca, wallet, "3.40")], [], [(luca, wallet, "3.40")], [], [(luca, wallet, "3.40")]):
        post(*rows)
    assert [number for number, _ in revisions(luca)] == [0, 1, 2, 3, 4]
    assert balance(wallet) == Decimal("-3.40")


@pytest.mark.parametrize("new_first", [True, False])
def test_a_child_that_changes_payer_pays_once_whichever_range_comes_first(new_first: bool) -> None:
    old, new = make_wallet(), make_wallet()
    luca = children_of(old)[0]
    post((luca, old, "3.40"))
    ranges = [(new.pk, new.pk), (old.pk, old.pk)] if new_first else [(old.pk, old.pk), (new.pk, new.pk)]
    for wallets in ranges:
        post((luca, new, "3.40"), wallets=wallets)
    assert (balance(old), balance(new)) == (0, Decimal("-3.40"))
    assert [number for number, _ in revisions(luca)] == [0, 1, 2]


def test_a_range_leaves_the_other_wallets_alone() -> None:
    one, two = make_wallet(), make_wallet()
    rows = [(children_of(wallet)[0], wallet, "3.40") for wallet in (one, two)]
    assert post(*rows, wallets=(one.pk, one.pk)).count == 1
    assert balance(two) == 0
    post(wallets=(two.pk, two.pk))
    assert balance(one) == Decimal("-3.40")
    assert post(*rows, wallets=(two.pk, two.pk)).count == 1


def test_the_tally_of_a_day_counts_what_is_left(wallet: Wallet) -> None:
    luca, sofia = children_of(wallet)
    post((luca, wallet, "5.00"), (sofia, wallet, "2.89"))
    post((luca, wallet, "3.40"))
    assert ledger.net_charges(day=DAY) == ledger.NetCharges(count=1, total=Decimal("3.40"))


def test_nothing_due_at_all_is_a_day_too(wallet: Wallet) -> None:
    posted = ledger.post_due(
        day=DAY, wallets=(1, 5), due=Meal.objects.none(), posted_on=DAY, reasons=because()
    )
    assert posted.count == 0


def test_many_wallets_are_moved_in_one_statement() -> None:
    wallets = [make_wallet() for _ in range(120)]
    post(*[(children_of(wallet)[0], wallet, "1.00") for wallet in wallets])
    assert {balance(wallet) for wallet in wallets} == {Decimal("-1.00")}


@pytest.fixture
def two_children(wallet: Wallet) -> tuple[Wallet, list[Pupil]]:
    return wallet, children_of(wallet)


PRICES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["1.00", "2.89", "3.40"])),
    max_size=2,
    unique_by=lambda r: r[0],
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(PRICES, min_size=1, max_size=4))
def test_after_any_history_the_net_charges_are_what_is_due(
    two_children: tuple[Wallet, list[Pupil]], history: list[list[tuple[int, str]]]
) -> None:
    wallet, pupils = two_children
    for rows in history:
        post(*[(pupils[index], wallet, price) for index, price in rows])
    owed = sum((Decimal(price) for _, price in history[-1]), Decimal(0))
    assert ledger.net_charges(day=DAY) == ledger.NetCharges(
        count=len(history[-1]), total=owed.quantize(Decimal("0.01"))
    )
    assert balance(wallet) == -owed


@pytest.mark.django_db(transaction=True)
class TestTwoNightsAtOnce:
    def family(self) -> tuple[Wallet, Any]:
        wallet = make_wallet(children=3)
        return wallet, due(*[(pupil, wallet, "3.40") for pupil in children_of(wallet)])

    def night(self, owed: Any, posted_on: Any = DAY) -> ledger.Posted:
        return ledger.post_due(day=DAY, wallets=(1, 10**6), due=owed, posted_on=posted_on, reasons=because())

    def test_two_workers_charge_once(self) -> None:
        wallet, owed = self.family()
        results = together(*[lambda: self.night(owed)] * 3)
        assert sorted(result.count for result in results) == [0, 0, 3]
        assert balance(wallet) == Decimal("-10.20")
        assert Posting.objects.count() == 1

    def test_two_workers_correct_once(self) -> None:
        wallet, owed = self.family()
        self.night(owed)
        Meal.objects.update(price=Decimal("1.00"))
        results = together(*[lambda: self.night(owed)] * 3)
        assert sorted(result.reversed for result in results) == [0, 0, 3]
        assert balance(wallet) == Decimal("-3.00")

    def test_the_control_without_key_and_lock_charges_twice(self) -> None:
        """The naive twin: who has not been charged yet? Then charge them, in a table without our key."""
        from threading import Barrier

        _, owed = self.family()
        looked = Barrier(2)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE naive_charge (day date, pupil_id int, amount numeric(9, 2))")

        def naive() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pupil_id FROM naive_charge WHERE day = %s", [DAY])
                done = {row[0] for row in cursor.fetchall()}
                looked.wait(20)
                for pupil, price in owed.values_list("pupil_id", "price"):
                    if pupil not in done:
                        cursor.execute("INSERT INTO naive_charge VALUES (%s, %s, %s)", [DAY, pupil, -price])

        together(naive, naive)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_charge")
            counted = cursor.fetchone()[0]
            cursor.execute("DROP TABLE naive_charge")
        assert counted == 6

    def test_the_night_and_live_payments_do_not_stop_each_other(self) -> None:
        """The night locks wallets from the lowest; families pay from the highest down."""
        wallets = [make_wallet() for _ in range(120)]
        owed = due(*[(children_of(wallet)[0], wallet, "1.00") for wallet in wallets])

        def payments() -> int:
            for number, wallet in enumerate(reversed(wallets[-40:])):
                ledger.credit(
                    wallet=wallet, amount=Decimal("2.00"), cause=f"receipt:{number}", value_day=DAY, now=NOW
                )
            return 40

        results = together(lambda: self.night(owed), payments)
        assert not [result for result in results if isinstance(result, Exception)]
        assert {balance(wallet) for wallet in wallets[:80]} == {Decimal("-1.00")}
        assert {balance(wallet) for wallet in wallets[80:]} == {Decimal("1.00")}
