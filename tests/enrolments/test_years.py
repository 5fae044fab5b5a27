"""From 2026/27 to 2027/28: pupils move up, credit stays, nothing happens twice."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from enrolments import enrolling, pricing, years
from enrolments.models import ClassGroup, Enrolment, Price, SchoolYear
from tests.cast import Town, at
from wallets.models import Wallet

JUNE = at("2027-06-30 12:00")


@pytest.fixture
def office(town: Town) -> dict[str, Any]:
    return {"by": town.enzo, "now": JUNE}


def class_of(pupil, year: SchoolYear) -> str | None:
    row = Enrolment.objects.filter(pupil=pupil, class_group__year=year).select_related("class_group").first()
    return row.class_group.label if row else None


def test_the_preview_changes_nothing(town: Town) -> None:
    change = years.preview(year=town.year)
    assert (change.moving, change.leaving, change.next_label) == (3, 0, "2027/28")
    assert not change.is_done
    assert SchoolYear.objects.count() == 1
    assert Enrolment.objects.count() == 3


def test_closing_the_year_moves_pupils_up_a_class(town: Town, office) -> None:
    years.close_year(year=town.year, **office)
    following = SchoolYear.objects.get(label="2027/28")
    assert (following.valid_from, following.valid_to) == (dt.date(2027, 9, 1), dt.date(2028, 8, 31))
    assert following.state == SchoolYear.State.OPEN
    assert [class_of(one, following) for one in (town.luca, town.sofia, town.tommaso)] == ["4A", "3A", "4A"]
    labels = {str(group) for group in ClassGroup.objects.filter(year=following, school=town.primaria)}
    assert labels == {"1A", "2A", "3A", "4A", "5A"}
    town.year.refresh_from_db()
    assert town.year.state == SchoolYear.State.CLOSED


def test_prices_of_the_new_year_are_there_on_the_first_day(town: Town, office) -> None:
    years.close_year(year=town.year, **office)
    first = dt.date(2027, 9, 1)
    assert Price.objects.on(first).get(pupil=town.tommaso).amount == Decimal("5.00")
    assert pricing.verify() == []


def test_closing_twice_changes_nothing(town: Town, office) -> None:
    years.close_year(year=town.year, **office)
    before = (SchoolYear.objects.count(), ClassGroup.objects.count(), Enrolment.objects.count())
    town.year.refresh_from_db()
    assert years.close_year(year=town.year, **office).is_done
    assert before == (SchoolYear.objects.count(), ClassGroup.objects.count(), Enrolment.objects.count())


def test_wallets_are_not_touched(town: Town, office) -> None:
    before = list(Wallet.objects.order_by("pk").values_list())
    years.close_year(year=town.year, **office)
    assert list(Wallet.objects.order_by("pk").values_list()) == before


def test_the_last_class_of_the_infanzia_goes_on_only_by_application(town: Town, office) -> None:
    enrolling.change_class(
        pupil=town.sofia, class_group=town.classes["infanzia 3A"], from_day=dt.date(2026, 9, 1), **office
    )
    years.close_year(year=town.year, **office)
    assert class_of(town.sofia, SchoolYear.objects.get(label="2027/28")) is None
    assert list(years.leavers(SchoolYear.objects.get(pk=town.year.pk))) == [town.sofia]


def test_who_applied_to_the_primaria_is_left_where_the_application_put_it(town: Town, office) -> None:
    enrolling.change_class(
        pupil=town.sofia, class_group=town.classes["infanzia 3A"], from_day=dt.date(2026, 9, 1), **office
    )
    following = years.create_year(
        label="2027/28", valid_from=dt.date(2027, 9, 1), valid_to=dt.date(2028, 8, 31), **office
    )
    first_class = ClassGroup.objects.create(school=town.primaria, year=following, grade=1, section="A")
    enrolling.enrol(pupil=town.sofia, class_group=first_class, first_day=following.valid_from, **office)
    years.close_year(year=town.year, **office)
    assert class_of(town.sofia, following) == "1A"
    assert not years.leavers(town.year).exists()


def test_the_fifth_class_and_who_was_withdrawn_are_the_leavers(town: Town, office) -> None:
    enrolling.change_class(
        pupil=town.tommaso, class_group=town.classes["primaria 5A"], from_day=dt.date(2026, 9, 1), **office
    )
    enrolling.withdraw(pupil=town.sofia, last_day=dt.date(2027, 1, 31), **office)
    assert set(years.leavers(town.year)) == {town.tommaso, town.sofia}
    years.close_year(year=town.year, **office)
    town.year.refresh_from_db()
    assert set(years.leavers(town.year)) == {town.tommaso, town.sofia}


def test_before_the_end_of_the_year_who_goes_on_is_not_a_leaver(town: Town) -> None:
    assert not years.leavers(town.year).exists()


def test_a_class_moves_up_with_its_section_even_where_there_was_none(town: Town, office) -> None:
    ClassGroup.objects.create(school=town.primaria, year=town.year, grade=3, section="B")
    years.close_year(year=town.year, **office)
    labels = {str(one) for one in ClassGroup.objects.filter(year__label="2027/28", school=town.primaria)}
    assert "4B" in labels
    assert "3B" not in labels


def test_a_closed_year_does_not_open_again(town: Town, office) -> None:
    years.close_year(year=town.year, **office)
    with pytest.raises(years.YearRefused, match="non si riapre"):
        years.open_year(year=town.year, **office)


def test_years_never_overlap(town: Town, office) -> None:
    with pytest.raises(years.YearRefused, match="sovrappongono"):
        years.create_year(
            label="2027/28", valid_from=dt.date(2027, 8, 1), valid_to=dt.date(2028, 7, 31), **office
        )
