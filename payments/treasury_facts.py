"""The treasurer's credits as the reconciliation counts them: less what was taken back, each with the flow that it pays."""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal

from payments.models import CreditMatch, TreasuryCredit
from payments.rules.evidence import CreditFact, normal
from payments.rules.treasury_reference import names, stands_whole

Operation, Source = TreasuryCredit.Operation, TreasuryCredit.Source
Key = tuple[int, str]


def credit_facts(*, first: dt.date, flows: Iterable[str]) -> list[CreditFact]:
    """Of the movements since `first`. A cancellation lessens the credit of its number, by its own amount."""
    rows = list(TreasuryCredit.objects.standing().filter(booked_on__gte=first).order_by("pk"))
    said = dict(CreditMatch.objects.filter(withdrawn_at__isnull=True).values_list("credit_id", "fdr"))
    known = {normal(flow): flow for flow in flows}
    return [
        CreditFact(row.pk, amount, said.get(row.pk) or _flow(row, known), row.iuv, row.booked_on)
        for row, amount in (*_left(rows), *_of_no_credit(rows))
    ]


def _left(rows: list[TreasuryCredit]) -> Iterator[tuple[TreasuryCredit, Decimal]]:
    taken_back = {_key(row): row.amount for row in rows if row.operation == Operation.CANCELLED}
    for row in rows:
        amount = row.amount - taken_back.get(_key(row), Decimal(0))
        if row.operation == Operation.CREDIT and amount:
            yield row, amount


def _of_no_credit(rows: list[TreasuryCredit]) -> Iterator[tuple[TreasuryCredit, Decimal]]:
    """In a list a cancellation may have a number of its own: then it lessens what its reference names. (That of an OPI journal
    always bears the number of its credit: where that is not here, there is nothing to lessen.)"""
    listed = [row for row in rows if row.operation == Operation.CANCELLED and row.source == Source.CSV]
    held = _held({row.number for row in listed}) if listed else set()
    for row in listed:
        if _key(row) not in held:
            yield row, -row.amount


def _held(numbers: set[str]) -> set[Key]:
    rows = TreasuryCredit.objects.standing().filter(operation=Operation.CREDIT, number__in=numbers)
    return set(rows.values_list("year", "number"))


def _key(row: TreasuryCredit) -> Key:
    return row.year, row.number


def _flow(credit: TreasuryCredit, known: dict[str, str]) -> str:
    """The flow that its reference names. A spoilt one may still carry, in pieces, one that we know (the longest counts); one
    that names a flow whole names no other, also when that flow is not here yet. A person's word counts more than all this."""
    if normal(credit.iuf) in known or stands_whole(credit.reference, credit.iuf):
        return credit.iuf
    carried = [flow for flow in known.values() if names(credit.reference, flow)]
    return max(carried, key=len) if carried else credit.iuf
