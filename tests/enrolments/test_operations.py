"""Families, classes and entitlements change on a day; what was before stays as it was."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from enrolments import enrolling, entitlements, families, pricing
from enrolments.models import (
    ClassGroup,
    Custody,
    Diet,
    Enrolment,
    Exemption,
    Guardian,
    Household,
    IseeDeclaration,
    Price,
    Pupil,
    Residence,
    SchoolYear,
)
from tests import cast
from tests.cast import Town, at

NOW = at("2026-11-24 10:00")
DAY = dt.date(2026, 11, 24)
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def office(town: Town) -> dict[str, Any]:
    return {"by": town.enzo, "now": NOW}


def price_of(pupil: Pupil, day: dt.date = DAY, household: Household | None = None) -> Decimal:
    rows = Price.objects.on(day).filter(pupil=pupil)
    return (rows.get(household=household) if household else rows.get()).amount


def test_registering_a_family_again_changes_nothing(town: Town, office) -> None:
    again = families.register_family(
        applicant=cast.ANNA, others=[cast.BRUNO], children=[cast.LUCA, cast.SOFIA], **office
    )
    assert again == town.family
    assert (Household.objects.count(), Pupil.objects.count(), Custody.objects.count()) == (2, 3, 3)


def test_a_new_sibling_joins_the_household_and_ranks_by_birth_date(town: Town, office) -> None:
    eldest = families.ChildData(
        fiscal_code="BNCMRA16A41Z998Y"[:15] + _check("BNCMRA16A41Z998"),
        first_name="Maria",
        last_name="Bianchi",
        birth_date=dt.date(2016, 1, 1),
    )
    families.register_family(applicant=cast.ANNA, children=[eldest], **office)
    maria = Pupil.objects.get(first_name="Maria")
    enrolling.enrol(
        pupil=maria, class_group=town.classes["primaria 5A"], first_day=dt.date(2026, 11, 1), **office
    )
    assert price_of(town.luca, dt.date(2026, 10, 31)) == Decimal("3.40")
    assert [price_of(one) for one in (maria, town.luca, town.sofia)] == [
        Decimal("3.40"),
        Decimal("2.89"),
        Decimal("2.38"),
    ]


def test_a_known_guardian_keeps_the_stored_name_and_takes_the_new_contacts(town: Town, office) -> None:
    other = families.GuardianData(
        fiscal_code=cast.ANNA.fiscal_code, first_name="ANNA", last_name="ROSSI", email="nuova@posta.example"
    )
    families.register_family(applicant=other, children=[cast.LUCA], **office)
    anna = Guardian.objects.get(fiscal_code=cast.ANNA.fiscal_code)
    assert (anna.last_name, anna.email, anna.phone) == ("Rossi", "nuova@posta.example", "3330000001")


def test_the_child_of_another_family_is_not_taken_away(town: Town, office) -> None:
    with pytest.raises(families.FamilyRefused, match="genitori separati"):
        families.register_family(applicant=cast.CARLA, children=[cast.LUCA], **office)


def test_a_wrong_fiscal_code_registers_nobody(town: Town, office) -> None:
    wrong = families.GuardianData(fiscal_code="RSSNNA85M41Z998K", first_name="Anna", last_name="Rossi")
    with pytest.raises(families.FamilyRefused, match="non è valido"):
        families.register_family(applicant=wrong, children=[cast.LUCA], **office)


def test_separated_parents_share_the_week_and_each_pays_its_own_price(town: Town, office) -> None:
    families.register_family(applicant=cast.BRUNO, children=[], **office)
    bruno = Household.objects.get(applicant__fiscal_code=cast.BRUNO.fiscal_code)
    families.split_custody(
        pupil=town.luca,
        shares={town.family: ["monday", "tuesday", "wednesday"], bruno: ["thursday", "friday"]},
        from_day=dt.date(2026, 11, 1),
        **office,
    )
    assert price_of(town.luca, DAY, town.family) == Decimal("3.40")
    assert price_of(town.luca, DAY, bruno) == Decimal("5.00")
    assert price_of(town.luca, dt.date(2026, 10, 30)) == Decimal("3.40")
    assert price_of(town.sofia) == Decimal("2.89")
    thursday = Custody.objects.on(DAY).get(pupil=town.luca, thursday=True)
    assert thursday.household == bruno
    assert pricing.verify() == []


@pytest.mark.parametrize("days", [["monday"], ["monday", "monday", "tuesday", "wednesday", "thursday"]])
def test_a_week_with_a_day_of_nobody_is_refused(days: list[str], town: Town, office) -> None:
    with pytest.raises(families.FamilyRefused, match="a una sola"):
        families.split_custody(pupil=town.luca, shares={town.family: days}, from_day=DAY, **office)


def test_leaving_a_household_moves_the_siblings_up(town: Town, office) -> None:
    families.register_family(applicant=cast.BRUNO, children=[], **office)
    bruno = Household.objects.get(applicant__fiscal_code=cast.BRUNO.fiscal_code)
    families.split_custody(
        pupil=town.luca, shares={bruno: families.WEEKDAYS}, from_day=dt.date(2026, 11, 1), **office
    )
    assert price_of(town.sofia) == Decimal("3.40")


def test_a_change_of_class_begins_on_its_day(town: Town, office) -> None:
    other = ClassGroup.objects.create(school=town.primaria, year=town.year, grade=3, section="B")
    wednesday = dt.date(2026, 11, 18)
    for _ in range(2):
        enrolling.change_class(pupil=town.luca, class_group=other, from_day=wednesday, **office)
    on = Enrolment.objects.filter(pupil=town.luca)
    assert on.on(wednesday - ONE_DAY).get().class_group == town.classes["primaria 3A"]
    assert on.on(wednesday).get().class_group == other
    assert on.count() == 2


def test_a_pupil_is_never_in_two_classes(town: Town, office) -> None:
    with pytest.raises(enrolling.EnrolmentRefused, match="cambio di classe"):
        enrolling.enrol(
            pupil=town.luca, class_group=town.classes["primaria 4A"], first_day=dt.date(2026, 10, 1), **office
        )


def test_the_same_enrolment_again_changes_nothing(town: Town, office) -> None:
    enrolling.enrol(
        pupil=town.luca, class_group=town.classes["primaria 3A"], first_day=town.year.valid_from, **office
    )
    assert Enrolment.objects.filter(pupil=town.luca).count() == 1


def test_an_enrolment_stays_inside_its_school_year(town: Town, office) -> None:
    with pytest.raises(enrolling.EnrolmentRefused, match="giorni dell'anno scolastico"):
        enrolling.enrol(
            pupil=town.luca, class_group=town.classes["primaria 4A"], first_day=dt.date(2026, 8, 1), **office
        )


def test_who_is_not_enrolled_cannot_change_class(town: Town, office) -> None:
    enrolling.withdraw(pupil=town.luca, last_day=dt.date(2026, 10, 31), **office)
    with pytest.raises(enrolling.EnrolmentRefused, match="nuova iscrizione"):
        enrolling.change_class(
            pupil=town.luca, class_group=town.classes["primaria 4A"], from_day=DAY, **office
        )


def test_when_the_eldest_is_withdrawn_the_second_pays_the_full_price_from_the_next_day(
    town: Town, office
) -> None:
    enrolling.withdraw(pupil=town.luca, last_day=DAY, **office)
    assert price_of(town.sofia, DAY) == Decimal("2.89")
    assert price_of(town.sofia, DAY + ONE_DAY) == Decimal("3.40")
    assert not Price.objects.on(DAY + ONE_DAY).filter(pupil=town.luca).exists()


def test_a_mid_year_isee_is_not_retroactive(town: Town, office) -> None:
    entitlements.declare_isee(
        household=town.family, value=Decimal(4000), filed_on=dt.date(2026, 10, 20), protocol="P2", **office
    )
    assert price_of(town.luca, dt.date(2026, 10, 30)) == Decimal("3.40")
    assert price_of(town.luca, dt.date(2026, 11, 2)) == Decimal("1.00")


def test_the_same_isee_twice_is_one_declaration(town: Town, office) -> None:
    for _ in range(2):
        entitlements.declare_isee(
            household=town.carla_family,
            value=Decimal(4000),
            filed_on=dt.date(2026, 10, 20),
            protocol="P2",
            **office,
        )
    assert town.carla_family.isee.count() == 1


def test_after_an_isee_corrente_the_ordinary_one_counts_again(town: Town, office) -> None:
    entitlements.declare_isee(
        household=town.family,
        value=Decimal(900),
        filed_on=dt.date(2026, 4, 20),
        kind=IseeDeclaration.Kind.CURRENT,
        protocol="C1",
        **office,
    )
    rows = town.family.isee.order_by("valid_from").values_list("value", "valid_from", "valid_to")
    assert list(rows) == [
        (Decimal("18000.00"), dt.date(2026, 1, 1), dt.date(2026, 4, 30)),
        (Decimal("900.00"), dt.date(2026, 5, 1), dt.date(2026, 10, 19)),
        (Decimal("18000.00"), dt.date(2026, 10, 20), dt.date(2026, 12, 31)),
    ]
    assert price_of(town.luca, dt.date(2026, 10, 19)) == Decimal("1.00")
    assert price_of(town.luca, dt.date(2026, 10, 20)) == Decimal("3.40")


def test_a_false_declaration_is_priced_again_from_its_first_day(town: Town, office) -> None:
    entitlements.correct_isee(declaration=town.family.isee.get(), value=Decimal(40000), **office)
    assert price_of(town.luca, dt.date(2026, 9, 28)) == Decimal("5.00")


@pytest.mark.parametrize("value", ["-1", "0.001"])
def test_an_isee_below_zero_or_with_fractions_of_a_cent_is_refused(value: str, town: Town, office) -> None:
    with pytest.raises(entitlements.EntitlementRefused, match="in euro"):
        entitlements.declare_isee(
            household=town.carla_family, value=Decimal(value), filed_on=dt.date(2026, 9, 1), **office
        )


def test_an_isee_of_tomorrow_is_refused(town: Town, office) -> None:
    with pytest.raises(entitlements.EntitlementRefused, match="nel futuro"):
        entitlements.declare_isee(
            household=town.carla_family, value=Decimal(1), filed_on=DAY + ONE_DAY, **office
        )


def test_moving_out_and_back_in_changes_the_price_on_the_days_said(town: Town, office) -> None:
    entitlements.set_residence(
        household=town.family, resident=False, from_day=dt.date(2026, 11, 10), **office
    )
    entitlements.set_residence(household=town.family, resident=True, from_day=dt.date(2026, 11, 20), **office)
    prices = [price_of(town.luca, dt.date(2026, 11, day)) for day in (9, 10, 19, 20)]
    assert prices == [Decimal("3.40"), Decimal("5.00"), Decimal("5.00"), Decimal("3.40")]
    assert Residence.objects.count() == 2


def test_an_exempt_child_pays_nothing_and_still_counts_as_a_sibling(town: Town, office) -> None:
    entitlements.exempt(
        pupil=town.luca, kind="disability", act="verbale n. 7", from_day=dt.date(2026, 11, 1), **office
    )
    assert price_of(town.luca) == Decimal("0.00")
    assert price_of(town.sofia) == Decimal("2.89")
    with pytest.raises(entitlements.EntitlementRefused, match="perché"):
        entitlements.end_exemption(exemption=town.luca.exemptions.get(), last_day=DAY, reason=" ", **office)
    exemption = town.luca.exemptions.get()
    entitlements.end_exemption(exemption=exemption, last_day=DAY, reason="verbale non rinnovato", **office)
    assert price_of(town.luca) == Decimal("0.00")
    assert price_of(town.luca, DAY + ONE_DAY) == Decimal("3.40")
    last = Exemption.pgh_event_model.objects.filter(pgh_obj_id=exemption.pk).latest("pgh_id")
    assert last.pgh_context.metadata["motivo"] == "verbale non rinnovato"


def test_an_exemption_needs_an_act(town: Town, office) -> None:
    with pytest.raises(entitlements.EntitlementRefused, match="l'atto"):
        entitlements.exempt(pupil=town.luca, kind="disability", act=" ", from_day=DAY, **office)


def test_a_new_diet_takes_the_place_of_the_old_one_from_its_day(town: Town, office) -> None:
    entitlements.assign_diet(
        pupil=town.luca, code="D-GLU", reason="celiachia", from_day=dt.date(2026, 9, 1), **office
    )
    entitlements.assign_diet(pupil=town.luca, code="D-LAT", from_day=DAY, **office)
    assert Diet.objects.on(DAY - ONE_DAY).get().code == "D-GLU"
    assert Diet.objects.on(DAY).get().code == "D-LAT"


def test_the_reason_of_a_diet_is_not_readable_in_a_copy_of_the_database(town: Town, office) -> None:
    from django.db import connection

    entitlements.assign_diet(pupil=town.luca, code="D-GLU", reason="celiachia", from_day=DAY, **office)
    with connection.cursor() as cursor:
        cursor.execute("select reason from enrolments_diet")
        assert "celiachia" not in cursor.fetchone()[0]
    assert Diet.objects.get().reason == "celiachia"


@pytest.mark.parametrize("code", ["celiaco", "D GLU", "", "=D"])
def test_a_diet_code_is_a_code(code: str, town: Town, office) -> None:
    with pytest.raises(entitlements.EntitlementRefused, match="codice della dieta"):
        entitlements.assign_diet(pupil=town.luca, code=code, from_day=DAY, **office)


def test_the_history_keeps_what_was_changed(town: Town, office) -> None:
    entitlements.correct_isee(declaration=town.family.isee.get(), value=Decimal(40000), **office)
    events = IseeDeclaration.pgh_event_model.objects.filter(pgh_obj_id=town.family.isee.get().pk)
    assert {event.value for event in events} >= {Decimal("18000.00")}


def test_an_enrolment_taken_back_before_it_began_leaves_its_trace(town: Town, office) -> None:
    row = town.luca.enrolments.get()
    enrolling.withdraw(pupil=town.luca, last_day=row.valid_from - dt.timedelta(days=1), **office)
    assert not town.luca.enrolments.exists()
    events = Enrolment.pgh_event_model.objects.filter(pgh_obj_id=row.pk).order_by("pgh_id")
    assert [event.pgh_label for event in events] == ["insert", "delete"]


def test_applications_close_after_they_open(town: Town) -> None:
    opening = dt.date(2027, 3, 1)
    with pytest.raises(IntegrityError, match="applications_close_after_they_open"), transaction.atomic():
        SchoolYear.objects.update(applications_from=opening, applications_until=dt.date(2027, 2, 1))
    SchoolYear.objects.update(applications_from=opening, applications_until=opening)


def test_bruno_sees_the_children_and_carla_does_not(town: Town) -> None:
    assert set(Pupil.objects.of_parent(town.bruno)) == {town.luca, town.sofia}
    assert set(Pupil.objects.of_parent(town.carla)) == {town.tommaso}
    assert not Pupil.objects.of_parent(town.enzo).exists()
    assert set(Pupil.objects.of_staff(town.dora)) == {town.luca, town.tommaso}


def test_another_guardian_can_be_added(town: Town, office) -> None:
    families.add_guardian(household=town.carla_family, guardian=cast.BRUNO, **office)
    assert set(Pupil.objects.of_parent(town.bruno)) == {town.luca, town.sofia, town.tommaso}


def _check(stem: str) -> str:
    from stdnum.it import codicefiscale

    return str(codicefiscale.calc_check_digit(stem))
