"""The change of school year: the office sees it before, nothing is left uncharged, credit survives."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from attendance import night
from attendance.models import CanteenPeriod
from enrolments.models import Enrolment, SchoolYear
from identity.models import User
from mensa import clock, years
from tests import cast
from wallets import ledger
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
PAGE = "/ufficio/anno/"
JULY = cast.at("2027-07-01 10:00")


@pytest.fixture(autouse=True)
def _canteen(town: cast.Town) -> None:
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(
            school=school,
            year=town.year,
            valid_from=dt.date(2027, 5, 24),
            valid_to=dt.date(2027, 5, 28),
        )


@pytest.fixture
def office(client_of: Callable[[User], Client], enzo: User) -> Client:
    return client_of(enzo)


@pytest.fixture
def summer() -> object:
    clock.move_to(JULY)
    yield
    clock.reset()


def test_the_office_sees_who_moves_where_before_anything_happens(
    office: Client, town: cast.Town, summer: None
) -> None:
    page = re.sub(r" (class|data-label)=\"[^\"]*\"", "", office.get(PAGE).content.decode())
    assert "<td>3A</td><td>4A</td><td>2</td>" in page
    assert "<td>2A</td><td>3A</td><td>1</td>" in page
    assert SchoolYear.objects.count() == 1


def test_a_year_is_not_closed_while_the_canteen_is_open(town: cast.Town) -> None:
    with pytest.raises(years.YearNotOver, match="La mensa finisce il 28/05/2027"):
        years.close(year=town.year, by=town.enzo, now=cast.at("2027-05-28 18:00"))


def test_a_year_is_not_closed_while_a_day_waits_for_its_charge(
    office: Client, town: cast.Town, summer: None
) -> None:
    night.plan(now=JULY)
    page = office.post(PAGE, {"label": "2026/27"})
    assert page.status_code == 422
    assert "ancora da addebitare" in page.content.decode()
    town.year.refresh_from_db()
    assert town.year.state == SchoolYear.State.OPEN


def test_closing_moves_pupils_up_and_leaves_the_wallets_alone(
    office: Client, town: cast.Town, summer: None
) -> None:
    night.run(now=JULY)
    before = dict(Wallet.objects.values_list("pk", "balance"))
    page = office.post(PAGE, {"label": "2026/27"}, follow=True).content.decode()
    assert "Anno 2026/27 chiuso. Passano al 2027/28: 3. Finiscono il percorso: 0." in page
    following = SchoolYear.objects.get(label="2027/28")
    assert following.state == SchoolYear.State.OPEN
    classes = Enrolment.objects.filter(class_group__year=following).order_by("pupil__first_name")
    assert [(row.pupil.first_name, row.class_group.label) for row in classes.select_related("pupil")] == [
        ("Luca", "4A"),
        ("Sofia", "3A"),
        ("Tommaso", "4A"),
    ]
    assert dict(Wallet.objects.values_list("pk", "balance")) == before


def test_the_year_must_be_typed(office: Client, town: cast.Town, summer: None) -> None:
    night.run(now=JULY)
    page = office.post(PAGE, {"label": "2025/26"})
    assert page.status_code == 422
    assert "L&#x27;anno da chiudere è 2026/27" in page.content.decode()


def test_closing_twice_closes_once(town: cast.Town) -> None:
    night.run(now=JULY)
    years.close(year=town.year, by=town.enzo, now=JULY)
    years.close(year=town.year, by=town.enzo, now=JULY)
    assert Enrolment.objects.filter(class_group__year__label="2027/28").count() == 3


def test_who_has_left_with_credit_is_announced(office: Client, town: cast.Town, summer: None) -> None:
    Enrolment.objects.filter(pupil=town.tommaso).update(valid_to=dt.date(2027, 5, 28))
    wallet = Wallet.objects.get(household=town.carla_family)
    ledger.credit(
        wallet=wallet, amount=Decimal("40.00"), cause="receipt:prova:1", value_day=JULY.date(), now=JULY
    )
    page = office.get(PAGE).content.decode()
    assert "40,00\N{NO-BREAK SPACE}€" in page
    assert "/ufficio/rimborsi/" in page


def test_only_the_office_changes_the_year(client_of: Callable[[User], Client], town: cast.Town) -> None:
    visitors = (town.anna, town.dora, town.gino)
    assert [client_of(user).get(PAGE).status_code for user in visitors] == [403] * 3
    assert client_of(town.auditor).post(PAGE).status_code == 403
