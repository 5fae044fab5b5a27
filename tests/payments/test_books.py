"""The books of payments: quiet when all is well, and each check finds what it is for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from payments import books, receipts
from payments.checks import real_mode_is_complete
from payments.models import Notice
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.test_receipts import incoming
from wallets import books as wallet_books
from wallets import ledger
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


def found() -> set[str]:
    return {finding.check for finding in wallet_books.run(books.CHECKS)}


def unguarded(statement: str) -> None:
    """What an owner of the database could do behind everybody's back."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


def test_all_is_well_after_ordinary_business(notice: Notice, issue: Callable[..., Notice]) -> None:
    issue("20.00", pupil=None)
    for receipt_id in ("r1", "r1", "r2"):
        receipts.record(incoming=incoming(notice.nav, receipt_id=receipt_id), channel="soap", now=NOW)
    receipts.record(incoming=incoming("301000000099999962", receipt_id="r3"), channel="soap", now=NOW)
    assert found() == set()


def test_a_movement_that_disappeared_is_found(notice: Notice) -> None:
    receipts.record(incoming=incoming(notice.nav), channel="soap", now=NOW)
    unguarded("UPDATE wallets_entry SET amount = 1")
    assert "ricevuta_e_movimento" in found()


def test_a_top_up_without_its_receipt_is_found(wallet: Wallet) -> None:
    ledger.credit(
        wallet=wallet, amount=Decimal(5), cause="receipt:99999000013:invented", value_day=NOW.date(), now=NOW
    )
    assert found() == {"movimento_e_ricevuta"}


def test_a_notice_paid_by_nobody_is_found(notice: Notice) -> None:
    Notice.objects.update(state="paid", paid_at=NOW)
    assert found() == {"avviso_pagato"}


def test_a_receipt_forgotten_is_found(notice: Notice) -> None:
    receipts.keep(incoming=incoming(notice.nav), channel="soap", now=cast.at("2026-01-01 10:00"))
    assert found() == {"ricevute_da_accreditare"}


def test_a_notice_for_a_stranger_s_child_is_found(issue: Callable[..., Notice], town: cast.Town) -> None:
    issue(pupil=town.tommaso)
    assert found() == {"avviso_del_bambino"}


def test_an_unknown_mode_is_refused_and_the_simulator_needs_nothing(settings: Any) -> None:
    assert real_mode_is_complete() == []
    settings.PAGOPA_MODE = "real"
    assert [problem.id for problem in real_mode_is_complete()] == ["payments.E001"]
