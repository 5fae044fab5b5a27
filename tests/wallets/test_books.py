"""The books: what can be broken only by switching the guards off is found by the checks and by the digests."""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from identity.models import Role, User
from tests import cast
from tests.wallets.town import EVENING, TUESDAY, charge_everybody, top_up, wallet_of
from wallets import books, digest_mail, digests, ledger
from wallets.models import DailyDigest, Wallet

THURSDAY_NOON = cast.at("2026-11-26 12:00")


@pytest.fixture
def family(town: cast.Town) -> Wallet:
    wallet = wallet_of(town.family)
    entry = top_up(wallet)
    top_up(wallet, "10.00", cause="receipt:2")
    ledger.reverse(entry=entry, reason="prova", by=town.enzo, now=EVENING)
    ledger.transfer(
        source=wallet,
        target=wallet_of(town.carla_family),
        amount=Decimal("1.00"),
        key="1",
        reason="prova",
        by=town.enzo,
        now=EVENING,
    )
    charge_everybody()
    charge_everybody(without=(town.luca,))
    return wallet


@contextmanager
def guards_off() -> Iterator[None]:
    """What the owner of the database could do, and the web's role cannot."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def broken() -> set[str]:
    return {finding.check for finding in books.run(books.CHECKS)}


def test_there_are_enough_checks_and_each_has_a_name() -> None:
    assert len(books.CHECKS) >= 12
    assert len({check.name for check in books.CHECKS}) == len(books.CHECKS)


def test_the_books_of_a_day_are_in_order(family: Wallet) -> None:
    assert broken() == set()


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (
            "UPDATE wallets_wallet SET balance = balance + 1 WHERE id = (SELECT min(id) FROM wallets_wallet)",
            "saldo_e_somma",
        ),
        (
            "UPDATE wallets_charge SET pupil_id = pupil_id + 900000 WHERE revision = 0",
            "movimenti_con_borsellino",
        ),
        ("DELETE FROM wallets_charge WHERE revision = 0", "revisioni_in_fila"),
        ("UPDATE wallets_charge SET amount = 9 WHERE revision = 1", "storni_di_addebiti_esatti"),
        ("UPDATE wallets_charge SET amount = -9 WHERE revision = 0", "addebito_e_prezzo"),
        ("UPDATE wallets_entry SET amount = -49 WHERE kind = 'reversal'", "storni_esatti"),
        ("DELETE FROM wallets_entry WHERE cause = 'transfer:1:in'", "giroconti_a_due_lati"),
        ("DELETE FROM wallets_posting", "addebiti_annunciati"),
        ("DELETE FROM enrolments_custody", "addebiti_della_famiglia"),
        (
            (
                "INSERT INTO wallets_entry (wallet_id, kind, amount, cause, value_day, reason, details, recorded_at)"
                " SELECT min(id), 'refund', -1, 'refund:9', '2026-11-24', '', '{}', now() FROM wallets_wallet"
            ),
            "rimborsi_e_movimenti",
        ),
        ("DELETE FROM wallets_wallet", "un_borsellino_per_famiglia"),
        ("UPDATE wallets_charge SET service_day = '1999-01-01' WHERE revision = 0", "anni_previsti"),
    ],
)
def test_tampering_is_found(family: Wallet, tampering: str, found: str) -> None:
    with guards_off():
        sql(tampering)
    assert found in broken()


@pytest.mark.parametrize(
    "disarm",
    [
        "ALTER TABLE wallets_entry DISABLE TRIGGER append_only",
        "DROP TRIGGER b_move_balances ON wallets_charge",
        "ALTER TABLE wallets_charge_2026 DISABLE TRIGGER append_only",
    ],
)
def test_a_guard_switched_off_is_found(family: Wallet, disarm: str) -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(disarm)
    assert broken() == {"guardie_in_servizio"}


def test_the_command_says_that_all_is_well_or_fails_with_the_list(town: cast.Town) -> None:
    ledger.adjust(
        wallet=wallet_of(town.family),
        amount=Decimal("5.00"),
        key="1",
        reason="prova",
        by=town.enzo,
        now=EVENING,
    )
    out, error = StringIO(), StringIO()
    call_command("check_books", stdout=out)
    assert "I conti tornano" in out.getvalue()
    with guards_off():
        sql("UPDATE wallets_wallet SET balance = balance + 1")
    with pytest.raises(CommandError, match="I conti non tornano"):
        call_command("check_books", stderr=error)
    assert "saldo_e_somma: Il saldo di ogni borsellino" in error.getvalue()


class TestTheDigests:
    def test_a_day_has_one_and_it_is_chained(self, family: Wallet) -> None:
        row = digests.make(day=dt.date(2026, 11, 25), now=THURSDAY_NOON)
        days = list(DailyDigest.objects.order_by("day"))
        assert [one.day.day for one in days] == [20, 21, 22, 23, 24, 25]
        assert [one.movements for one in days] == [2, 0, 0, 0, 7, 0]
        assert all(after.previous == before.digest for before, after in itertools.pairwise(days))
        assert digests.make(day=row.day, now=THURSDAY_NOON) == row
        assert digests.verify() == []

    def test_a_day_that_is_not_over_has_none(self, family: Wallet) -> None:
        with pytest.raises(digests.NotOver):
            digests.make(day=TUESDAY, now=EVENING)

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE wallets_entry SET amount = 11 WHERE cause = 'receipt:2'",
            "UPDATE wallets_entry SET reason = 'altro' WHERE kind = 'reversal'",
            "UPDATE wallets_charge SET amount = -1 WHERE revision = 0",
            "DELETE FROM wallets_charge WHERE revision = 1",
            "UPDATE wallets_dailydigest SET total = 0 WHERE day = '2026-11-24'",
        ],
    )
    def test_a_changed_past_shows(self, family: Wallet, tampering: str) -> None:
        digests.make(day=dt.date(2026, 11, 25), now=THURSDAY_NOON)
        with guards_off():
            sql(tampering)
        assert digests.verify() != []
        assert [finding.check for finding in books.changed_days()] == ["impronte"]

    def test_a_copy_goes_to_the_auditors(self, family: Wallet) -> None:
        User.objects.filter(role=Role.AUDITOR).update(email="revisore@comune.example")
        row = digests.make(day=TUESDAY, now=THURSDAY_NOON)
        assert digest_mail.send_owed(now=THURSDAY_NOON) == DailyDigest.objects.count()
        assert row.digest in mail.outbox[-1].body
