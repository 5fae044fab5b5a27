"""The demo's bank: every working day a flow and a transfer, one transfer a euro short, one reference in pieces."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from mensa.demo import facts, reporting
from payments import reconciliation
from payments.configuration import creditor
from payments.models import Notice, Receipt, ReconciliationCase, SettlementReport, TreasuryCredit
from payments.receipts import IncomingReceipt, record
from payments.rules.labels import Label
from tests.payments.conftest import issue, wallet

__all__ = ["issue", "wallet"]
pytestmark = pytest.mark.django_db
FIRST = dt.date(2026, 11, 2)


def test_the_two_months_are_reported_with_one_thing_to_mend(issue: Callable[..., Notice]) -> None:
    for number in range(14):
        notice, paid_at = issue("10.00"), facts.at(FIRST + dt.timedelta(days=number), 18)
        incoming = IncomingReceipt(
            creditor().fiscal_code, f"SIMULAZIONE-{number}", notice.nav, notice.amount, paid_at=paid_at
        )
        record(incoming=incoming, channel=Receipt.Channel.SOAP, now=paid_at)
    (step,) = reporting.steps()
    assert not step.is_done()
    step.run()
    assert step.is_done()
    days: list[Any] = list(SettlementReport.objects.values_list("regulation_date", flat=True))
    assert all(day.weekday() < 5 for day in days)
    assert len(days) == TreasuryCredit.objects.count() == 10
    assert [case.label for case in ReconciliationCase.objects.open()] == [Label.IUF_TES_DIV_IMP.value]
    look = reconciliation.look(first=FIRST, last=facts.START.date(), today=facts.START.date())
    assert list(look.judgement.receipts.values()).count(Label.RT_IUF_TES) == 13
