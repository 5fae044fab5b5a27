"""The one door: one cause, one movement; exact amounts; nothing given away that is not there."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.models import User
from tests.wallets.conftest import DAY, NOW, children_of, make_wallet
from tests.wallets.races import together
from wallets import ledger
from wallets.errors import BadAmount, CauseReused, NotEnoughCredit, NotReversible
from wallets.models import Entry, Wallet


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


def top_up(wallet: Wallet, amount: str = "20.00", cause: str = "receipt:1", **other: Any) -> Entry:
    return ledger.credit(
        wallet=wallet,
        amount=Decimal(amount),
        cause=cause,
        value_day=other.pop("value_day", DAY),
        now=NOW,
        **other,
    )


def test_a_family_has_one_wallet_however_often_it_is_opened(wallet: Wallet) -> None:
    assert ledger.open_wallets(households=[wallet.household], now=NOW) == 0
    assert Wallet.objects.filter(household=wallet.household).count() == 1


def test_a_payment_is_credited_once_however_often_it_is_told(wallet: Wallet) -> None:
    first, again = top_up(wallet), top_up(wallet)
    assert first == again
    assert balance(wallet) == Decimal("20.00")


@pytest.mark.parametrize("other", [{"amount": "20.01"}, {"value_day": dt.date(2026, 11, 19)}])
def test_the_same_payment_with_other_content_is_an_error(wallet: Wallet, other: dict[str, Any]) -> None:
    top_up(wallet)
    with pytest.raises(CauseReused):
        top_up(wallet, **other)
    assert balance(wallet) == Decimal("20.00")


def test_the_same_payment_for_another_wallet_or_child_is_an_error(wallet: Wallet) -> None:
    top_up(wallet)
    with pytest.raises(CauseReused):
        top_up(make_wallet())
    with pytest.raises(CauseReused):
        top_up(wallet, pupil=children_of(wallet)[0])


@pytest.mark.parametrize(
    "amount",
    [
        4.35,
        4,
        "4.35",
        Decimal("4.355"),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal(0),
        Decimal(-5),
        Decimal("1e8"),
    ],
)
def test_an_amount_is_a_decimal_of_whole_cents_above_zero(wallet: Wallet, amount: Any) -> None:
    with pytest.raises(BadAmount):
        ledger.credit(wallet=wallet, amount=amount, cause="receipt:1", value_day=DAY, now=NOW)
    assert not Entry.objects.exists()


def test_a_moment_without_time_zone_is_refused(wallet: Wallet) -> None:
    with pytest.raises(ValueError, match="time zone"):
        ledger.credit(
            wallet=wallet, amount=Decimal("5.00"), cause="x", value_day=DAY, now=NOW.replace(tzinfo=None)
        )


def test_the_day_of_a_correction_is_the_day_in_rome(wallet: Wallet, office: User) -> None:
    half_past_midnight_in_rome = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)
    entry = ledger.adjust(
        wallet=wallet,
        amount=Decimal("1.00"),
        key="a",
        reason="prova",
        by=office,
        now=half_past_midnight_in_rome,
    )
    assert entry.value_day == dt.date(2026, 7, 2)


def test_a_reversal_gives_back_exactly_and_once(wallet: Wallet, office: User) -> None:
    entry = top_up(wallet)
    first = ledger.reverse(entry=entry, reason="ricarica di un'altra famiglia", by=office, now=NOW)
    again = ledger.reverse(entry=entry, reason="ripetuto", by=office, now=NOW + dt.timedelta(days=1))
    assert first == again
    assert balance(wallet) == 0
    with pytest.raises(NotReversible):
        ledger.reverse(entry=first, reason="no", by=office, now=NOW)


def test_the_same_form_adjusts_once(wallet: Wallet, office: User) -> None:
    form: dict[str, Any] = {"wallet": wallet, "key": "form-1", "reason": "pasto non servito", "by": office}
    ledger.adjust(amount=Decimal("3.40"), now=NOW, **form)
    ledger.adjust(amount=Decimal("3.40"), now=NOW + dt.timedelta(days=1), **form)
    assert balance(wallet) == Decimal("3.40")
    with pytest.raises(CauseReused):
        ledger.adjust(amount=Decimal("-3.40"), now=NOW, **form)


def test_a_refund_takes_no_more_than_the_credit(wallet: Wallet, office: User) -> None:
    top_up(wallet)
    with pytest.raises(NotEnoughCredit):
        ledger.refund(wallet=wallet, amount=Decimal("20.01"), key="1", reason="", by=office, now=NOW)
    ledger.refund(wallet=wallet, amount=Decimal("20.00"), key="1", reason="", by=office, now=NOW)
    assert balance(wallet) == 0


def test_a_bounced_refund_comes_back_once(wallet: Wallet, office: User) -> None:
    top_up(wallet)
    paid = ledger.refund(wallet=wallet, amount=Decimal("20.00"), key="1", reason="", by=office, now=NOW)
    for _ in range(2):
        ledger.recredit(refund_entry=paid, reason="IBAN chiuso", by=office, now=NOW)
    assert balance(wallet) == Decimal("20.00")


def test_a_transfer_moves_both_sides_or_none(wallet: Wallet, office: User) -> None:
    sibling = make_wallet()
    top_up(wallet, "10.00")
    move: dict[str, Any] = {
        "source": wallet,
        "target": sibling,
        "reason": "fratello",
        "by": office,
        "now": NOW,
    }
    with pytest.raises(NotEnoughCredit):
        ledger.transfer(amount=Decimal("10.01"), key="1", **move)
    assert (balance(wallet), balance(sibling)) == (Decimal("10.00"), 0)
    ledger.transfer(amount=Decimal("10.00"), key="1", **move)
    ledger.transfer(amount=Decimal("10.00"), key="1", **move)
    assert (balance(wallet), balance(sibling)) == (0, Decimal("10.00"))


CENTS = st.integers(min_value=1, max_value=500_000).map(lambda cents: Decimal(cents) / 100)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.tuples(CENTS, st.booleans()), max_size=8))
def test_the_balance_is_the_sum_of_what_happened(
    wallet: Wallet, office: User, amounts: list[tuple[Decimal, bool]]
) -> None:
    before = balance(wallet)
    start = Entry.objects.count()
    for number, (amount, up) in enumerate(amounts, start):
        ledger.adjust(
            wallet=wallet,
            amount=amount if up else -amount,
            key=str(number),
            reason="prova",
            by=office,
            now=NOW,
        )
    assert balance(wallet) == before + sum((amount if up else -amount for amount, up in amounts), Decimal(0))


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_the_same_payment_from_two_channels_is_credited_once(self) -> None:
        wallet = make_wallet()
        results = together(*[lambda: top_up(wallet)] * 4)
        assert {result.pk for result in results} == {Entry.objects.get().pk}
        assert balance(wallet) == Decimal("20.00")

    def test_the_control_asking_first_credits_twice(self) -> None:
        """The naive twin: look whether the payment is there, then write it (here under a key of its own, as without the
        unique cause): with the same timing it credits more than once."""
        from threading import Barrier

        wallet = make_wallet()
        looked = Barrier(4)

        def naive(number: int) -> None:
            known = Entry.objects.filter(cause__startswith="naive").exists()
            looked.wait(20)
            if not known:
                top_up(wallet, cause=f"naive:{number}")

        together(*[lambda n=number: naive(n) for number in range(4)])
        assert balance(wallet) > Decimal("20.00")

    def test_two_refunds_do_not_take_the_same_credit(self) -> None:
        wallet, office = make_wallet(), make_staff()
        top_up(wallet)

        def take(key: str) -> Entry:
            return ledger.refund(
                wallet=wallet, amount=Decimal("15.00"), key=key, reason="", by=office, now=NOW
            )

        results = together(lambda: take("a"), lambda: take("b"))
        assert sorted(type(result).__name__ for result in results) == ["Entry", "NotEnoughCredit"]
        assert balance(wallet) == Decimal("5.00")

    def test_the_control_looking_at_the_balance_first_goes_below_zero(self) -> None:
        from threading import Barrier

        wallet, office = make_wallet(), make_staff()
        top_up(wallet)
        looked = Barrier(2)

        def naive(key: str) -> None:
            enough = balance(wallet) >= 15
            looked.wait(20)
            if enough:
                ledger.adjust(
                    wallet=wallet, amount=Decimal("-15.00"), key=key, reason="rimborso", by=office, now=NOW
                )

        together(lambda: naive("a"), lambda: naive("b"))
        assert balance(wallet) < 0

    def test_transfers_crossing_each_other_do_not_stop_each_other(self) -> None:
        one, two, office = make_wallet(), make_wallet(), make_staff()
        top_up(one, cause="1")
        top_up(two, cause="2")

        def move(source: Wallet, target: Wallet, key: str) -> Any:
            return ledger.transfer(
                source=source, target=target, amount=Decimal("1.00"), key=key, reason="", by=office, now=NOW
            )

        for turn in range(10):
            results = together(
                lambda turn=turn: move(one, two, f"a{turn}"), lambda turn=turn: move(two, one, f"b{turn}")
            )
            assert not [result for result in results if isinstance(result, Exception)]
        assert (balance(one), balance(two)) == (Decimal("20.00"), Decimal("20.00"))


def make_staff() -> User:
    from identity.models import Role
    from tests.wallets import conftest

    return conftest.make_staff(Role.OFFICE)
