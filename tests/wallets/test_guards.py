"""What must never happen to money, tried with raw SQL by somebody who owns the database. Each refusal has a name."""

from collections.abc import Callable
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from identity.models import User
from tests.wallets.conftest import DAY, NOW, children_of, make_wallet, post, refused
from wallets import ledger
from wallets.models import Charge, Entry, Wallet

Sql = Callable[..., None]
TWENTY = Decimal("20.00")


@pytest.fixture
def paid(wallet: Wallet) -> Entry:
    return ledger.credit(wallet=wallet, amount=TWENTY, cause="receipt:1", value_day=DAY, now=NOW)


@pytest.fixture
def charged(wallet: Wallet, paid: Entry) -> Wallet:
    post((children_of(wallet)[0], wallet, "3.40"))
    return wallet


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE wallets_entry SET amount = 1", "wallets_entry_append_only"),
        ("UPDATE wallets_entry SET reason = 'altro' WHERE false", "wallets_entry_append_only"),
        ("DELETE FROM wallets_entry", "wallets_entry_append_only"),
        ("TRUNCATE wallets_entry CASCADE", "wallets_entry_append_only"),
        ("UPDATE wallets_charge SET amount = -1", "wallets_charge_append_only"),
        ("DELETE FROM wallets_charge", "wallets_charge_append_only"),
        ("TRUNCATE wallets_charge", "wallets_charge_append_only"),
        ("UPDATE wallets_charge_2026 SET amount = -1", "wallets_charge_append_only"),
        ("DELETE FROM wallets_charge_2026", "wallets_charge_append_only"),
        ("TRUNCATE wallets_charge_2026", "wallets_charge_append_only"),
        ("DELETE FROM wallets_posting", "wallets_posting_append_only"),
        ("UPDATE wallets_dailydigest SET digest = 'x'", "wallets_dailydigest_append_only"),
        ("DELETE FROM wallets_wallet", "wallets_are_kept"),
        ("UPDATE wallets_wallet SET balance = balance + 100", "balance_moved_by_movements_only"),
        ("UPDATE enrolments_explanation SET facts = '{}'", "explanations_stay"),
        ("DELETE FROM enrolments_explanation", "explanations_stay"),
        (
            "INSERT INTO wallets_charge_2026 SELECT * FROM wallets_charge_2026",
            "charges_enter_by_the_table",
        ),
    ],
)
def test_what_is_written_stays(charged: Wallet, raw_sql: Sql, statement: str, guard: str) -> None:
    with refused(guard):
        raw_sql(statement)


def test_a_row_of_a_conflict_is_not_changed_either(charged: Wallet, raw_sql: Sql) -> None:
    with refused("wallets_entry_append_only"):
        raw_sql(
            "INSERT INTO wallets_entry (wallet_id, kind, amount, cause, value_day, reason, details, recorded_at)"
            " SELECT wallet_id, kind, amount, cause, value_day, reason, details, recorded_at FROM wallets_entry"
            " ON CONFLICT (cause) DO UPDATE SET amount = 1000"
        )


def test_saving_a_wallet_does_not_write_its_balance(charged: Wallet) -> None:
    charged.opened_at = NOW
    with refused("balance_moved_by_movements_only"):
        charged.save()


def test_a_wallet_opens_at_zero(wallet: Wallet, raw_sql: Sql) -> None:
    household = make_wallet().household
    with refused("wallet_opens_at_zero"):
        Wallet.objects.bulk_create([Wallet(household=household, balance=5, opened_at=NOW)])


def charge(raw_sql: Sql, wallet: Wallet, revision: int, amount: str, **other: int) -> None:
    pupil = other.get("pupil", children_of(wallet)[0].pk)
    raw_sql(
        "INSERT INTO wallets_charge (service_day, pupil_id, revision, wallet_id, amount, posted_on, explanation_id)"
        " SELECT %s, %s, %s, %s, %s, %s, COALESCE(%s, min(id)) FROM enrolments_explanation",
        DAY,
        pupil,
        revision,
        other.get("on_wallet", wallet.pk),
        amount,
        DAY,
        other.get("explanation"),
    )


def test_a_child_is_charged_once_a_day(charged: Wallet, raw_sql: Sql) -> None:
    with refused("wallets_charge_2026_pkey"):
        charge(raw_sql, charged, 0, "-3.40")


@pytest.mark.parametrize(
    ("revision", "amount"), [(0, "3.40"), (1, "-3.40"), (0, "0"), (-1, "-3.40"), (-2, "-3.40")]
)
def test_even_takes_and_odd_gives_back(charged: Wallet, raw_sql: Sql, revision: int, amount: str) -> None:
    second = children_of(charged)[1].pk
    with refused("charge_sign_follows_revision"):
        charge(raw_sql, charged, revision, amount, pupil=second)


@pytest.mark.parametrize(("revision", "amount"), [(2, "-3.40"), (3, "3.40")])
def test_a_revision_follows_the_one_before(charged: Wallet, raw_sql: Sql, revision: int, amount: str) -> None:
    with refused("charge_revisions_follow"):
        charge(raw_sql, charged, revision, amount)


def test_the_reversal_of_a_charge_is_exact(charged: Wallet, raw_sql: Sql) -> None:
    with refused("charge_reversal_is_exact"):
        charge(raw_sql, charged, 1, "3.41")


def test_the_reversal_of_a_charge_goes_to_the_same_wallet(charged: Wallet, raw_sql: Sql) -> None:
    with refused("charge_reversal_is_exact"):
        charge(raw_sql, charged, 1, "3.40", on_wallet=make_wallet().pk)


def test_charge_reversal_charge_is_the_way_of_a_correction(charged: Wallet, raw_sql: Sql) -> None:
    charge(raw_sql, charged, 1, "3.40")
    charge(raw_sql, charged, 2, "-2.89")
    charged.refresh_from_db()
    assert str(charged.balance) == "17.11"


@pytest.mark.parametrize(
    ("what", "guard"),
    [
        ("pupil", "charge_pupil_exists"),
        ("on_wallet", "movement_wallet_exists"),
        ("explanation", "charge_explanation_exists"),
    ],
)
def test_a_charge_names_things_that_exist(charged: Wallet, raw_sql: Sql, what: str, guard: str) -> None:
    others = {"pupil": children_of(charged)[1].pk, what: 99_999_999}
    with refused(guard):
        charge(raw_sql, charged, 0, "-3.40", **others)


def test_a_child_with_charges_is_not_deleted(charged: Wallet, raw_sql: Sql) -> None:
    child = children_of(charged)[0].pk
    raw_sql("DELETE FROM enrolments_custodyevent; DELETE FROM enrolments_custody WHERE pupil_id = %s", child)
    with refused("pupil_with_charges_stays"):
        raw_sql("DELETE FROM enrolments_pupil WHERE id = %s", child)


def entry(raw_sql: Sql, wallet: Wallet, kind: str, amount: str, **other: object) -> None:
    raw_sql(
        "INSERT INTO wallets_entry (wallet_id, kind, amount, cause, value_day, reason, details, recorded_at, reverses_id,"
        " recorded_by_id) VALUES (%s, %s, %s, %s, %s, %s, '{}', now(), %s, %s)",
        wallet.pk,
        kind,
        amount,
        other.get("cause", "raw:1"),
        DAY,
        other.get("reason", ""),
        other.get("reverses"),
        other.get("by"),
    )


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("top_up", "-1"),
        ("top_up", "0"),
        ("recredit", "-1"),
        ("refund", "1"),
        ("adjustment", "0"),
        ("gift", "5"),
    ],
)
def test_a_movement_has_the_sign_of_its_kind(
    paid: Entry, office: User, raw_sql: Sql, kind: str, amount: str
) -> None:
    with refused("entry_sign_follows_kind"):
        entry(raw_sql, paid.wallet, kind, amount, by=office.pk, reason="prova")


def test_a_cause_has_one_movement(paid: Entry, raw_sql: Sql) -> None:
    with refused("wallets_entry_cause_key"):
        entry(raw_sql, paid.wallet, "top_up", "20.00", cause="receipt:1")


def test_an_adjustment_has_an_author_and_a_reason(paid: Entry, office: User, raw_sql: Sql) -> None:
    for without in ({"by": office.pk}, {"reason": "errore di conto"}):
        with refused("adjustments_have_author_and_reason"):
            entry(raw_sql, paid.wallet, "adjustment", "5", **without)


def test_a_reversal_is_exact(paid: Entry, raw_sql: Sql) -> None:
    with refused("entry_reversal_is_exact"):
        entry(raw_sql, paid.wallet, "reversal", "-19.99", reverses=paid.pk)


def test_a_reversal_goes_to_the_same_wallet(paid: Entry, raw_sql: Sql) -> None:
    with refused("entry_reversal_is_exact"):
        entry(raw_sql, make_wallet(), "reversal", "-20.00", reverses=paid.pk)


def test_a_reversal_is_not_reversed(paid: Entry, office: User, raw_sql: Sql) -> None:
    undone = ledger.reverse(entry=paid, reason="doppia", by=office, now=NOW)
    with refused("entry_reversal_is_exact"):
        entry(raw_sql, paid.wallet, "reversal", "20.00", reverses=undone.pk)


def test_a_movement_is_reversed_once(paid: Entry, office: User, raw_sql: Sql) -> None:
    ledger.reverse(entry=paid, reason="doppia", by=office, now=NOW)
    with refused("wallets_entry_reverses_id_key"):
        entry(raw_sql, paid.wallet, "reversal", "-20.00", reverses=paid.pk)


def test_only_a_reversal_reverses(paid: Entry, raw_sql: Sql) -> None:
    with refused("only_reversals_reverse"):
        entry(raw_sql, paid.wallet, "reversal", "-20.00")
    with refused("only_reversals_reverse"):
        entry(raw_sql, paid.wallet, "top_up", "20.00", reverses=paid.pk)


@pytest.mark.parametrize("kind", ["refund", "transfer"])
def test_credit_that_is_not_there_is_not_given_away(paid: Entry, raw_sql: Sql, kind: str) -> None:
    with refused("refund_never_below_zero"):
        entry(raw_sql, paid.wallet, kind, "-20.01")


def test_a_range_of_wallets_is_posted_first_once_a_day(charged: Wallet, raw_sql: Sql) -> None:
    with refused("one_first_posting_per_day_and_wallet"):
        raw_sql(
            "INSERT INTO wallets_posting (service_day, wallets, posted_on) VALUES (%s, int4range(1, 10), %s)",
            DAY,
            DAY,
        )


class TestTheRoleOfTheWeb:
    """What the database lets the application's role do, whatever the code says."""

    @pytest.fixture(autouse=True)
    def role(self, charged: Wallet, raw_sql: Sql) -> None:

        raw_sql(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mensa_app') THEN"
            " CREATE ROLE mensa_app; END IF; END $$"
        )
        call_command("grant_roles", stdout=StringIO())
        raw_sql("SET LOCAL ROLE mensa_app")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE wallets_entry SET amount = 1",
            "DELETE FROM wallets_entry",
            "TRUNCATE wallets_entry CASCADE",
            "DELETE FROM wallets_charge_2026",
            "UPDATE wallets_wallet SET balance = 1000",
            "ALTER TABLE wallets_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER append_only ON wallets_entry",
            "SET session_replication_role = replica",
        ],
    )
    def test_it_can_neither_change_nor_disarm(self, raw_sql: Sql, statement: str) -> None:

        with pytest.raises(ProgrammingError), transaction.atomic():
            raw_sql(statement)

    def test_it_can_post(self, charged: Wallet) -> None:
        ledger.credit(wallet=charged, amount=TWENTY, cause="receipt:2", value_day=DAY, now=NOW)
        posted = post((children_of(charged)[0], charged, "3.40"), (children_of(charged)[1], charged, "2.89"))
        assert posted.count == 1
        assert Charge.objects.filter(wallet=charged).count() == 2
        charged.refresh_from_db()
        assert str(charged.balance) == "33.71"


def test_the_guards_are_armed_on_every_partition(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid"
            " WHERE i.inhparent = 'wallets_charge'::regclass AND (SELECT count(*) FROM pg_trigger t WHERE"
            " t.tgrelid = c.oid AND t.tgname IN ('append_only', 'charges_enter_by_the_table') AND t.tgenabled = 'O') <> 2"
        )
        assert cursor.fetchall() == []
