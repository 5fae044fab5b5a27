"""The office's desk: what waits for its word, and its panel."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from attendance import absences, conflicts, corrections, registers
from attendance.models import SchoolPhase
from identity.models import User
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
PANEL = (
    "attendancerules",
    "canteenperiod",
    "classweekdays",
    "schoolphase",
    "patronday",
    "suspension",
    "closure",
    "caterer",
    "closuremail",
    "calendarfeed",
    "calendarimport",
    "absence",
    "classregister",
    "serviceday",
    "pricingfailure",
)


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(at("2026-11-24 09:20"))


def _roll_call(town: Town, *absent: int) -> None:
    registers.confirm(
        class_group=town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=list(absent),
        by=town.dora,
        now=at("2026-11-24 09:10"),
    )


def test_a_conflict_waits_for_the_office_until_it_has_spoken(canteen: Town, client_of: Browser) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    assert conflicts.waiting(today=TUESDAY) == []
    _roll_call(canteen)
    assert [word.pupil for word in conflicts.waiting(today=TUESDAY)] == [canteen.luca]
    assert "Da verificare" in client_of(canteen.enzo).get(reverse("attendance:pupils")).content.decode()
    corrections.correct(
        pupil=canteen.luca, day=TUESDAY, absent=True, reason="scambio", by=canteen.enzo, now=clock.now()
    )
    assert conflicts.waiting(today=TUESDAY) == []


def test_where_both_agree_nothing_waits(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    _roll_call(canteen, canteen.luca.pk)
    assert conflicts.waiting(today=TUESDAY) == []


@pytest.mark.parametrize("model", PANEL)
def test_the_panel_opens_for_the_office_and_nobody_in_the_school(
    canteen: Town, client_of: Browser, model: str
) -> None:
    _roll_call(canteen, canteen.luca.pk)
    url = reverse(f"admin:attendance_{model}_changelist")
    assert client_of(canteen.enzo).get(url).status_code == 200
    assert client_of(canteen.dora).get(url).status_code in {302, 403}


def test_absences_are_read_in_the_panel_with_their_history_and_never_edited(
    canteen: Town, client_of: Browser
) -> None:
    _roll_call(canteen, canteen.luca.pk)
    word = canteen.luca.absences.get()  # type: ignore[attr-defined]
    url = reverse("admin:attendance_absence_change", args=[word.pk])
    enzo = client_of(canteen.enzo)
    assert "Dora Segreteria: assente" in enzo.get(url).content.decode()
    assert enzo.post(url, {"absent": ""}).status_code == 403
    assert enzo.get(reverse("admin:attendance_closure_add")).status_code == 403


def test_a_suspension_is_signed_by_who_decides_it(canteen: Town, client_of: Browser) -> None:
    asked = {"pupil": canteen.luca.pk, "act": "det. 9", "valid_from": "24/11/2026"}
    page = client_of(canteen.enzo).post(reverse("admin:attendance_suspension_add"), asked)
    assert page.status_code == 302
    assert canteen.luca.suspensions.get().decided_by == canteen.enzo  # type: ignore[attr-defined]


def test_the_phase_of_the_school_changes_what_the_family_reads(canteen: Town, client_of: Browser) -> None:
    url = reverse("attendance:absences", args=[canteen.luca.code])
    assert "contano solo le vostre" not in client_of(canteen.anna).get(url).content.decode()
    SchoolPhase.objects.create(school=canteen.primaria, phase="C", valid_from=FIRST)
    assert "contano solo le vostre" in client_of(canteen.anna).get(url).content.decode()


def test_the_queries_of_the_schools_page_do_not_depend_on_the_classes(
    canteen: Town, client_of: Browser
) -> None:
    dora = client_of(canteen.dora)
    dora.get(reverse("attendance:school"))
    with CaptureQueriesContext(connection) as one:
        dora.get(reverse("attendance:school"))
    canteen.tommaso.enrolments.update(class_group=canteen.classes["primaria 1A"])  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as two:
        dora.get(reverse("attendance:school"))
    assert len(one) == len(two)
