"""What must never happen to the kitchen's sheets, tried with raw SQL by somebody who owns the database; two workers at once."""

import threading
from functools import partial

import pytest
from django.core import mail
from django.db import connection, transaction

from attendance import acknowledging, sealing, sheet_mail
from attendance.models import (
    Caterer,
    DeliveredPortions,
    KitchenRules,
    KitchenSheet,
    SheetAcknowledgement,
    SheetMessage,
)
from attendance.rules import portions
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import Town, at
from tests.wallets.conftest import refused
from tests.wallets.races import together

HOUR = at("2026-11-24 09:45")


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE attendance_kitchensheet SET content = '{}'", "attendance_kitchensheet_append_only"),
        ("UPDATE attendance_kitchensheet SET number = 9 WHERE false", "attendance_kitchensheet_append_only"),
        ("DELETE FROM attendance_kitchensheet", "attendance_kitchensheet_append_only"),
        ("TRUNCATE attendance_kitchensheet CASCADE", "attendance_kitchensheet_append_only"),
        ("DELETE FROM attendance_sheetacknowledgement", "attendance_sheetacknowledgement_append_only"),
        (
            "UPDATE attendance_sheetacknowledgement SET name = 'x'",
            "attendance_sheetacknowledgement_append_only",
        ),
    ],
)
def test_what_is_sealed_stays(canteen: Town, statement: str, guard: str) -> None:
    sealing.seal_due(now=HOUR)
    with refused(guard):
        run(statement)


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("sequence = 0, kind = 'sheet', base_id = NULL", "one_kitchen_sheet_per_school_day_and_sequence"),
        ("sequence = 3, kind = 'variation', base_id = k.id", "kitchen_sequences_follow"),
        ("sequence = 1, kind = 'variation', base_id = NULL", "kitchen_variation_has_its_base"),
        ("sequence = 1, kind = 'sheet', base_id = NULL", "kitchen_variation_has_its_base"),
        ("sequence = 1, kind = 'variation', base_id = other.id", "kitchen_variation_of_the_same_day"),
        ("sequence = 1, kind = 'variation', base_id = k.id, year_id = 0", "kitchen_sheet_in_its_year"),
    ],
)
def test_a_sheet_out_of_order_does_not_enter(canteen: Town, change: str, guard: str) -> None:
    sealing.seal_due(now=HOUR)
    values = dict(part.split(" = ") for part in change.split(", "))
    with refused(guard):
        run(
            f"""INSERT INTO attendance_kitchensheet
                (year_id, number, day, school_id, sequence, kind, base_id, sealed_at, content, previous, digest)
            SELECT {values.get("year_id", "k.year_id")}, 99, k.day, k.school_id, {values["sequence"]}, {values["kind"]},
                {values["base_id"]}, k.sealed_at, '[]', 'x', 'y'
            FROM attendance_kitchensheet k, attendance_kitchensheet other
            WHERE k.school_id = {canteen.primaria.pk} AND other.school_id = {canteen.infanzia.pk}"""  # noqa: S608
        )


def test_whoever_adds_a_sheet_with_numbers_of_his_own_gets_those_of_the_chain(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    run(
        """INSERT INTO attendance_kitchensheet
            (year_id, number, day, school_id, sequence, kind, base_id, sealed_at, content, previous, digest)
        SELECT year_id, 77, day, school_id, 1, 'variation', id, sealed_at, '{"portions":[]}', 'finto', 'finto'
        FROM attendance_kitchensheet WHERE number = 2"""
    )
    second, third = KitchenSheet.objects.filter(number__gte=2).order_by("number")
    assert (third.number, third.previous) == (3, second.digest)
    assert third.digest == portions.fingerprint(second.digest, 3, third.content)


def test_without_the_trigger_two_sheets_still_cannot_share_a_number(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    run("SET LOCAL session_replication_role = replica")
    try:
        with refused("one_kitchen_sheet_per_number"):
            run(_COPY.format(number="1"))
        with refused("kitchen_sheets_count_from_one"):
            run(_COPY.format(number="0"))
    finally:
        run("SET LOCAL session_replication_role = origin")


_COPY = """INSERT INTO attendance_kitchensheet
    (year_id, number, day, school_id, sequence, kind, base_id, sealed_at, content, previous, digest)
SELECT year_id, {number}, day + 1, school_id, 0, 'sheet', NULL, sealed_at, '[]', '', 'altra'
FROM attendance_kitchensheet WHERE number = 1"""


@pytest.fixture
def sheet(canteen: Town) -> KitchenSheet:
    sealing.seal_due(now=HOUR)
    return KitchenSheet.objects.get(school=canteen.primaria)


@pytest.fixture
def caterer(db: None) -> Caterer:
    return Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")


@pytest.mark.django_db
def test_a_sheet_is_seen_once_by_one_of_the_two(sheet: KitchenSheet, caterer: Caterer, canteen: Town) -> None:
    for by in ({}, {"user": canteen.franca, "caterer": caterer}):
        with refused("acknowledged_by_kitchen_or_caterer"):
            SheetAcknowledgement.objects.create(sheet=sheet, acknowledged_at=HOUR, **by)
    SheetAcknowledgement.objects.create(sheet=sheet, acknowledged_at=HOUR, user=canteen.franca)
    with refused("attendance_sheetacknowledgement_sheet_id_key"):
        SheetAcknowledgement.objects.create(sheet=sheet, acknowledged_at=HOUR, caterer=caterer)


@pytest.mark.django_db
def test_a_message_is_owed_once_and_to_the_right_person(sheet: KitchenSheet, caterer: Caterer) -> None:
    SheetMessage.objects.create(sheet=sheet, kind="alarm")
    with refused("one_kitchen_message_per_sheet_and_caterer"):
        SheetMessage.objects.create(sheet=sheet, kind="alarm")
    with refused("sheet_goes_to_a_caterer_alarm_to_the_office"):
        SheetMessage.objects.create(sheet=sheet, kind="alarm", caterer=caterer)
    with refused("sheet_goes_to_a_caterer_alarm_to_the_office"):
        SheetMessage.objects.create(sheet=sheet, kind="sheet")


@pytest.mark.django_db
def test_a_delivery_is_one_number_per_school_and_says_who(canteen: Town, caterer: Caterer) -> None:
    row = {"day": TUESDAY, "school": canteen.primaria, "entered_at": HOUR}
    with refused("delivery_by_staff_or_caterer"):
        DeliveredPortions.objects.create(portions=2, **row)
    with refused("delivered_portions_are_plausible"):
        DeliveredPortions.objects.create(portions=5001, caterer=caterer, **row)
    DeliveredPortions.objects.create(portions=2, caterer=caterer, **row)
    with refused("one_delivery_per_school_and_day"):
        DeliveredPortions.objects.create(portions=3, user=canteen.franca, **row)


@pytest.mark.django_db
def test_the_rules_of_the_sheet_never_overlap_and_end_after_they_begin() -> None:
    KitchenRules.objects.create(act="contratto", valid_from=FIRST)
    with refused("kitchen_rules_never_overlap"):
        KitchenRules.objects.create(act="altro", valid_from=TUESDAY)
    with refused("kitchen_rules_end_after_they_begin"):
        run(
            "INSERT INTO attendance_kitchenrules (act, valid_from, valid_to, acknowledge_within_minutes, variations_until)"
            " VALUES ('x', '2026-01-10', '2026-01-09', 15, '14:00')"
        )


# -- two workers at once ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_minute_seal_once(committed_canteen: Town) -> None:
    results = together(*[lambda: sealing.seal_due(now=HOUR)] * 4)
    assert not [result for result in results if isinstance(result, Exception)]
    rows = list(KitchenSheet.objects.order_by("number"))
    assert [(row.number, row.sequence) for row in rows] == [(1, 0), (2, 0)]
    assert rows[1].previous == rows[0].digest
    assert sum(len(result) for result in results) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail(committed_canteen: Town) -> None:
    Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")
    sealing.seal_due(now=HOUR)
    sheet_mail.owe(now=HOUR)
    results = together(*[lambda: sheet_mail.send_owed(now=HOUR)] * 3)
    assert sorted(results) == [0, 0, 1]
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one(committed_canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    sheets = list(KitchenSheet.objects.all())
    answer = partial(acknowledging.acknowledge, sheets=sheets, by=committed_canteen.franca, now=HOUR)
    assert not [result for result in together(*[answer] * 3) if isinstance(result, Exception)]
    assert SheetAcknowledgement.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_looks_first_and_writes_after_would_seal_twice(committed_canteen: Town) -> None:
    """The naive twin: no sheet yet? then write it, with the number after the last one."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_sheet (number integer, day date)")
    looked = threading.Barrier(2)
    try:
        results = together(*[lambda: _naive_seal(looked)] * 2)
        assert not [result for result in results if result is not None]
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM naive_sheet")
            assert cursor.fetchall() == [(1,), (1,)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE naive_sheet")


def _naive_seal(looked: threading.Barrier) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) + 1, count(*) FROM naive_sheet")
        number, already = cursor.fetchone()
        looked.wait(20)
        if not already:
            cursor.execute("INSERT INTO naive_sheet VALUES (%s, %s)", [number, TUESDAY])
