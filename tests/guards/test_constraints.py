"""What must never happen is refused by the database, by name: every constraint of every table is tried here, in raw SQL.

A row is made up from the columns of the table alone, with foreign keys and triggers off; the same row without the fault is
accepted first, so that a refusal can only come from the fault. Rules of more than one row or table are tried beside their
operations (tests/wallets/test_guards.py, tests/attendance/test_kitchen_guards.py ...).
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import IntegrityError, connection, models, transaction
from django.db.models import BaseConstraint, CheckConstraint, F, UniqueConstraint

from tests.guards.source import everything_tested

Row = dict[str, Any]
APPS = ("identity", "enrolments", "wallets", "attendance", "payments")
FIRST = dt.date(2026, 9, 1)
NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
BEFORE = {"valid_to": dt.date(2020, 1, 1)}

#: What a made-up row needs to be a good one, by table; {n} differs from row to row.
GOOD: dict[str, Row] = {
    "identity_samlexchange": {"outcome": "pending"},
    "enrolments_dietrequest": {"state": "received"},
    "wallets_posting": {"wallets": "[{n},{n}]"},
    "wallets_refund": {"state": "prepared", "method": "bank"},
    "attendance_dispute": {"state": "open"},
    "attendance_calendarfeed": {"school_id": "{n}"},
    "attendance_letter": {"guardian_id": 1, "state": "waiting"},
    "attendance_closuremail": {"guardian_id": "{n}"},
    "attendance_kitchensheet": {"kind": "sheet", "sequence": 0},
    "attendance_sheetmessage": {"kind": "sheet", "caterer_id": 1},
    "attendance_deliveredportions": {"user_id": 1},
    "payments_notice": {"nav": "30100000000000{n:04}"},
    "payments_settlementreport": {"channel": "rest"},
    "payments_settlementline": {"outcome": "0"},
    "payments_treasurycredit": {"source": "hand"},
    "payments_settlementpoll": {"finished_at": NOW},
}
#: What makes a rule about two rows speak, where its table's good row does not.
SPEAKS: dict[str, Row] = {
    "one_feed_per_class": {"school_id": None},
    "one_feed_per_parent": {"school_id": None},
    "one_closure_mail_per_caterer": {"guardian_id": None},
    "one_dispute_per_charge": {"state": "rejected", "decided_at": NOW, "decided_by_id": 1},
    "one_poll_at_a_time": {"finished_at": None},
}
#: The fault of each rule; beside it what makes the rule speak (a state, a condition).
FAULTS: dict[str, tuple[Row, Row]] = {
    "diet_rules_end_after_they_begin": ({}, BEFORE),
    "wallet_rules_end_after_they_begin": ({}, BEFORE),
    "diet_hold_ends_after_it_begins": ({}, BEFORE),
    "canteen_period_ends_after_it_begins": ({}, BEFORE),
    "class_weekdays_end_after_they_begin": ({}, BEFORE),
    "identity_user_fiscal_code_means_parent": ({"role": "office"}, {"fiscal_code": "RSSMRA80A01A893X"}),
    "identity_user_parent_never_staff": ({"role": "parent", "fiscal_code": "x"}, {"is_staff": True}),
    "identity_samlexchange_outcome_after_answer": (
        {"outcome": "refused", "answered_at": NOW},
        {"answered_at": None},
    ),
    "identity_samlexchange_accepted_is_complete": (
        {"outcome": "accepted", "answered_at": NOW, "assertion_id": "_a", "response_id": "_r"},
        {"response_id": ""},
    ),
    "diet_request_ends_after_it_begins": ({}, {"last_day": dt.date(2020, 1, 1)}),
    "diet_request_decided_by_somebody": ({"state": "received"}, {"state": "accepted"}),
    "diet_request_rejected_says_why": (
        {"state": "rejected", "decided_at": NOW, "decided_by_id": 1, "answer": "manca il certificato"},
        {"answer": ""},
    ),
    "dietician_signs_with_a_time": ({}, {"dietician_id": 1}),
    "kitchen_signs_with_a_time_and_a_day": ({}, {"kitchen_id": 1, "kitchen_at": NOW}),
    "patron_is_a_date_or_an_nth_weekday": ({"day": 4}, {"weekday": 1, "nth": 1}),
    "closure_ends_after_it_begins": ({}, {"last_day": dt.date(2020, 1, 1)}),
    "closure_has_one_scope": ({"school_id": 1}, {"class_group_id": 1}),
    "chunk_is_a_range_of_wallets": ({"first_wallet": 1, "last_wallet": 5}, {"last_wallet": 0}),
    "meal_price_not_negative": ({}, {"price": "-0.01"}),
    "only_reversed_cases_are_recredited": (
        {"label": "REVOKED", "reversal_id": 1, "recredit_id": 1, "note": ""},
        {"reversal_id": None},
    ),
    "receipt_not_negative": ({}, {"amount": "-0.01"}),
    "only_a_duplicate_has_another": ({"state": "duplicate", "same_as_id": 1}, {"state": "to_review"}),
    "credited_receipt_above_zero": ({"state": "credited", "entry_id": 1, "amount": "1"}, {"amount": "0"}),
    "credited_receipt_has_entry": ({"state": "credited", "entry_id": 1, "amount": "1"}, {"entry_id": None}),
    "rejection_says_why": (
        {"state": "rejected", "rejection_reason": "illeggibile"},
        {"rejection_reason": ""},
    ),
    "matched_upload_has_receipt": ({"state": "matched", "receipt_id": 1}, {"receipt_id": None}),
    "notice_above_zero": ({}, {"amount": "0"}),
    "nav_is_18_digits": ({}, {"nav": "30100000000000428"}),
    "paid_notice_says_when": ({"state": "paid", "paid_at": NOW}, {"paid_at": None}),
    "annulment_says_why": ({}, {"reason": ""}),
    "credit_edition_from_one": ({}, {"edition": 0}),
    "failed_item_says_why": ({"state": "failed", "reason": "manca il prezzo"}, {"reason": ""}),
    "sent_item_has_notice": ({"state": "sent", "notice_id": 1}, {"notice_id": None}),
    "started_attempt_has_address": (
        {"state": "started", "redirect_url": "https://x.example"},
        {"redirect_url": ""},
    ),
    "sent_io_message_says_when": ({"state": "sent", "sent_at": NOW}, {"sent_at": None}),
    "only_an_accepted_dispute_is_adjusted": (
        {"state": "accepted", "adjustment_id": 1, "decided_at": NOW, "decided_by_id": 1},
        {"state": "rejected"},
    ),
    "absence_receipts_count_from_one": ({}, {"number": 0}),
    "extra_meal_is_settled_by_somebody": (
        {"declared_at": NOW, "settled_at": NOW, "settled_by_id": 1},
        {"settled_by_id": None},
    ),
    "feed_has_one_subject": ({}, {"owner_id": 1}),
    "a_passage_is_undone_by_somebody": ({"undone_at": NOW, "undone_by_id": 1}, {"undone_by_id": None}),
    "an_applied_list_says_when": ({"state": "applied", "applied_at": NOW}, {"applied_at": None}),
    "a_letter_goes_to_one_person": ({}, {"guardian_id": 1, "user_id": 1}),
    "a_closed_letter_says_when": ({"state": "waiting"}, {"closed_at": NOW}),
    "closure_mail_has_one_recipient": ({}, {"guardian_id": 1, "caterer_id": 1}),
    "a_sent_closure_mail_says_when": ({"state": "sent", "sent_at": NOW}, {"sent_at": None}),
}


def _constraints() -> Iterator[tuple[type[models.Model], BaseConstraint]]:
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for constraint in model._meta.constraints:
                yield model, constraint


UNIQUE = [
    pytest.param(model, constraint, id=constraint.name)
    for model, constraint in _constraints()
    if isinstance(constraint, UniqueConstraint | ExclusionConstraint)
]
MODEL_OF = {constraint.name: model for model, constraint in _constraints()}


@pytest.fixture(autouse=True)
def only_constraints(db: None) -> None:
    """Foreign keys and triggers are tried elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


@pytest.mark.parametrize(("model", "constraint"), UNIQUE)
def test_the_same_thing_twice_is_refused(model: type[models.Model], constraint: BaseConstraint) -> None:
    table, columns = model._meta.db_table, _columns(model, constraint)
    speaks = _condition(constraint) | SPEAKS.get(constraint.name, {})
    first, other, third = (_row(table, number, columns) | speaks for number in (1, 2, 3))
    _insert(table, first)
    if not set(columns) <= set(speaks):
        _insert(table, other)  # the control: another thing is welcome
    again = third | {column: first[column] for column in columns}
    assert _refused_by(table, again) == constraint.name


@pytest.mark.parametrize("name", FAULTS)
def test_what_must_never_be_written_is_refused(name: str) -> None:
    table, (speaks, fault) = MODEL_OF[name]._meta.db_table, FAULTS[name]
    _insert(table, _row(table, 1) | speaks)  # the control: the same row without the fault
    assert _refused_by(table, _row(table, 2) | speaks | fault) == name


def test_every_rule_of_one_row_is_tried_somewhere() -> None:
    rules = [one.name for _, one in _constraints() if isinstance(one, CheckConstraint)]
    assert not [name for name in rules if name not in FAULTS and name not in everything_tested()]


def _columns(model: type[models.Model], constraint: BaseConstraint) -> list[str]:
    """The columns that make two rows the same thing."""
    if isinstance(constraint, UniqueConstraint):
        names = [*constraint.fields, *(name for one in constraint.expressions for name in _names(one))]
    else:
        assert isinstance(constraint, ExclusionConstraint)
        names = [name for one, _ in constraint.expressions for name in _names(one)]
    return [str(model._meta.get_field(name).column) for name in names]


def _names(expression: Any) -> Iterator[str]:
    if isinstance(expression, str):
        yield expression
    elif isinstance(expression, F):
        yield expression.name
    else:
        for part in expression.get_source_expressions():
            yield from _names(part)


def _condition(constraint: Any) -> Row:
    """What a row must hold for a conditional rule to speak."""
    found: Row = {}
    if constraint.condition is None:
        return found
    if constraint.condition.negated:  # "not rejected": a made-up row is not
        return found
    for child in constraint.condition.children:
        if isinstance(child, tuple):
            name, _, lookup = child[0].partition("__")
            if lookup == "in":
                found[name] = next(iter(child[1]))
            elif lookup != "isnull":
                found[name] = child[1]
            elif child[1]:
                found[name] = None
    return found


def _row(table: str, number: int, also: Iterable[str] = ()) -> Row:
    """A value for every column that wants one, and for these; another one, and another year, from row to row."""
    columns = _kinds(table)
    made = {name: _value(kind, number) for name, kind, wanted in columns if wanted or name in also}
    if "valid_from" in made and any(name == "valid_to" for name, _, _ in columns):
        made["valid_to"] = made["valid_from"] + dt.timedelta(days=30)
    for name, value in GOOD.get(table, {}).items():
        made[name] = value.format(n=number) if isinstance(value, str) else value
    return made


def _kinds(table: str) -> list[tuple[str, str, bool]]:
    """Name, type, and whether a row cannot do without it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type, is_nullable = 'NO' AND is_identity = 'NO'"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s",
            [table],
        )
        return list(cursor.fetchall())


def _value(kind: str, number: int) -> Any:
    fixed = {
        "date": FIRST + dt.timedelta(days=365 * (number - 1)),
        "timestamp with time zone": NOW,
        "time without time zone": dt.time(9, 0),
        "boolean": False,
        "uuid": uuid.uuid4(),
        "jsonb": "{}",
        "bytea": b"x",
        "ARRAY": [],
        "text": f"{number}",
        "character varying": f"{number}",
    }
    return fixed.get(kind, number)


def _insert(table: str, row: Row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    holes = ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({holes})", list(row.values()))  # noqa: S608


def _refused_by(table: str, row: Row) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        _insert(table, row)
    return str(refusal.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]
