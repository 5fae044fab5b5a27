"""What Anna reads on opening the portal."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attendance.child_days import Day
from attendance.models import Absence, CanteenPeriod, Closure
from enrolments import enrolling
from enrolments.families import ChildData, GuardianData
from enrolments.models import Custody
from identity.models import User
from mensa import dashboard
from mensa.dashboard import Child, Family
from payments.models import Notice
from tests import cast
from tests.cast import Town, at
from wallets import ledger

pytestmark = pytest.mark.django_db
TUESDAY = dt.date(2026, 11, 24)


@pytest.fixture
def open_town(town: Town) -> Town:
    """The canteen is open from October to May in both schools."""
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(
            school=school, year=town.year, valid_from=dt.date(2026, 10, 5), valid_to=dt.date(2027, 5, 28)
        )
    return town


def annas(town: Town, moment: str = "2026-11-24 08:40") -> Family:
    [family] = dashboard.families(town.anna, now=at(moment))
    return family


def child(family: Family, name: str) -> Child:
    return next(one for one in family.children if one.first_name == name)


def today(town: Town, name: str = "Luca", moment: str = "2026-11-24 08:40") -> Day:
    return child(annas(town, moment), name).days[0]


def test_she_sees_her_children_the_eldest_first_and_nobody_elses(open_town: Town) -> None:
    family = annas(open_town)
    assert [one.first_name for one in family.children] == ["Luca", "Sofia"]
    assert child(family, "Luca").place == "3A, Scuola primaria Ulivo (demo)"
    assert {one.code for one in family.children} == {open_town.luca.code, open_town.sofia.code}


def test_both_parents_see_the_same(open_town: Town) -> None:
    [brunos] = dashboard.families(open_town.bruno, now=at("2026-11-24 08:40"))
    assert brunos == annas(open_town)


def test_before_the_cutoff_the_only_thing_to_do_is_mark_an_absence(open_town: Town) -> None:
    day = today(open_town)
    assert (day.kind, day.words, day.may) == ("eats", "Mangia a mensa", "mark")
    assert day.note == "Puoi disdire fino alle 09:00."


def test_after_the_cutoff_nothing_can_be_done_about_today(open_town: Town) -> None:
    assert today(open_town, moment="2026-11-24 09:00:59").may == "mark"
    late = today(open_town, moment="2026-11-24 09:01:00")
    assert (late.may, late.note) == ("", "La disdetta era entro le 09:00.")


def test_an_absence_can_be_taken_back(open_town: Town) -> None:
    Absence.objects.create(
        day=TUESDAY,
        pupil=open_town.luca,
        source=Absence.Source.PARENT,
        marked_by=open_town.bruno,
        marked_at=at("2026-11-23 21:00"),
    )
    day = today(open_town)
    assert (day.kind, day.words, day.may) == ("absent", "Assente", "undo")
    assert day.note == "Segnato da un genitore: nessun addebito."
    assert today(open_town, "Sofia").kind == "eats"


def test_on_friday_the_next_meal_is_on_monday(open_town: Town) -> None:
    days = child(annas(open_town, "2026-11-27 08:40"), "Luca").days
    assert [(day.label, day.words) for day in days] == [
        ("Oggi", "Mangia a mensa"),
        ("Domani", "Niente mensa"),
        ("Prossimo pasto", "Mangia a mensa"),
    ]
    assert days[2].day == dt.date(2026, 11, 30)
    assert "sabato" in days[1].note


def test_a_closure_says_why(open_town: Town) -> None:
    Closure.objects.create(
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason=Closure.Reason.ORDINANCE,
        act="ord. n. 12",
        declared_at=at("2026-11-23 22:00"),
    )
    day = today(open_town)
    assert (day.kind, day.note) == ("none", "Mensa chiusa: ordinanza (ord. n. 12).")


def test_money_and_what_is_open_stand_together(open_town: Town) -> None:
    wallet = open_town.family.wallet
    ledger.credit(
        wallet=wallet,
        amount=Decimal("34.00"),
        cause="receipt:99999000013:1",
        value_day=TUESDAY,
        now=at("2026-11-24 08:00"),
    )
    Notice.objects.create(
        nav="301" + "0" * 15,
        wallet=wallet,
        pupil=open_town.luca,
        amount=Decimal("102.00"),
        subject="Mensa scolastica",
        due_date=dt.date(2026, 12, 15),
        issued_at=at("2026-11-20 08:00"),
        campaign=None,
    )
    family = annas(open_town)
    assert family.balance == Decimal("34.00")
    assert family.balance_words == "Basta per circa 10 pasti."
    assert [movement.title for movement in family.movements] == ["Ricarica"]


def test_the_queries_do_not_grow_with_the_children(open_town: Town) -> None:
    with CaptureQueriesContext(
        connection,
    ) as two:
        annas(open_town)
    more = [
        ChildData(fiscal_code=code, first_name=name, last_name="Bianchi", birth_date=dt.date(2019, 1, day))
        for code, name, day in (("BNCGLI19A41Z998U", "Giulia", 1), ("BNCPLA19A02Z998U", "Paolo", 2))
    ]
    _add_children(open_town, more)
    with CaptureQueriesContext(connection) as four:
        assert len(annas(open_town).children) == 4
    assert len(two) == len(four)


def test_the_whole_page_stays_under_thirty_queries(
    open_town: Town, client_of: Callable[[User], Client]
) -> None:
    client = client_of(open_town.anna)
    with CaptureQueriesContext(connection) as page:
        assert client.get("/famiglia/").status_code == 200
    assert len(page) <= 30


def _add_children(town: Town, children: list[ChildData]) -> None:
    from enrolments.models import Pupil

    for data in children:
        pupil = Pupil.objects.create(
            code=data.first_name[:8].upper(),
            fiscal_code=data.fiscal_code,
            first_name=data.first_name,
            last_name=data.last_name,
            birth_date=data.birth_date,
            sort_key=data.first_name,
        )
        Custody.objects.create(pupil=pupil, household=town.family, valid_from=dt.date(2026, 9, 1))
        enrolling.enrol(
            pupil=pupil,
            class_group=town.classes["primaria 2A"],
            first_day=dt.date(2026, 9, 1),
            by=town.enzo,
            now=cast.SUMMER,
        )


def test_a_parent_without_family_sees_an_empty_page(open_town: Town) -> None:
    stranger = cast.parent(
        GuardianData(fiscal_code="GLLGLI80A41Z998K", first_name="Giulia", last_name="Gialli", email="")
    )
    assert dashboard.families(stranger, now=at("2026-11-24 08:40")) == []
