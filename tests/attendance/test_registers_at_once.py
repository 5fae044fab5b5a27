"""A school without absences is asked about also when its last two classes confirm in the same instant."""

import datetime as dt
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from attendance import registers
from attendance.errors import NobodyAbsent
from attendance.models import AttendanceRules, ClassRegister
from enrolments import enrolling
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import Town, at
from tests.wallets.races import together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-24 09:00")
LAST = ("primaria 3A", "primaria 4A")


@pytest.fixture
def two_classes(committed_canteen: Town) -> Town:
    """Luca in 3A and Tommaso in 4A; the rule asks from two pupils on."""
    enrolling.change_class(
        pupil=committed_canteen.tommaso,
        class_group=committed_canteen.classes["primaria 4A"],
        from_day=FIRST,
        by=committed_canteen.enzo,
        now=at("2026-09-20 09:00"),
    )
    AttendanceRules.objects.create(act="Delibera 1", valid_from=dt.date(2026, 9, 1), nobody_absent_from=2)
    return committed_canteen


def confirm(town: Town, name: str) -> ClassRegister:
    return registers.confirm(
        class_group=town.classes[name], day=TUESDAY, absent_pupils=[], by=town.dora, now=NOW, sure=False
    )


def _second(town: Town) -> ClassRegister:
    try:
        return confirm(town, LAST[1])
    finally:
        connection.close()


def while_the_first_is_not_committed(town: Town) -> tuple[bool, "Future[ClassRegister]"]:
    """The second class confirms on a connection of its own: whether it was done before the first had committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            confirm(town, LAST[0])
            second = pool.submit(_second, town)
            try:
                second.exception(timeout=2)
                early = True
            except TimeoutError:
                early = False
        second.exception(timeout=20)
    return early, second


def test_the_second_of_the_last_two_classes_waits_for_the_first_and_is_asked(two_classes: Town) -> None:
    early, second = while_the_first_is_not_committed(two_classes)
    assert not early
    assert isinstance(second.exception(), NobodyAbsent)
    assert [row.class_group for row in ClassRegister.objects.all()] == [two_classes.classes[LAST[0]]]


def test_without_taking_the_school_nobody_would_be_asked(
    two_classes: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each finds the other's roll-call missing, and a whole school is present without a question."""
    monkeypatch.setattr(registers, "_take_school", lambda school_id: None)
    early, second = while_the_first_is_not_committed(two_classes)
    assert early
    assert second.exception() is None
    assert ClassRegister.objects.count() == 2


def test_whoever_is_last_is_asked(two_classes: Town) -> None:
    for _ in range(5):
        results = together(*[lambda name=name: confirm(two_classes, name) for name in LAST])  # type: ignore[misc]
        assert sorted(type(one).__name__ for one in results) == ["ClassRegister", "NobodyAbsent"]
        ClassRegister.objects.all().delete()
