"""Every "must never" of the tables is a constraint of the database: here each one is tried."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, models, transaction

from enrolments.models import (
    Application,
    ApplicationBatch,
    ClassGroup,
    Custody,
    Diet,
    Enrolment,
    EnrolmentRules,
    Exemption,
    FareBand,
    FareTable,
    Guardian,
    HelpDesk,
    Household,
    HouseholdMember,
    IseeDeclaration,
    Price,
    Pupil,
    Residence,
    School,
    SchoolStaff,
    SchoolYear,
)
from tests.cast import SUMMER, Town

FIRST, LAST = dt.date(2026, 9, 1), dt.date(2027, 8, 31)
BEFORE = dt.date(2026, 8, 1)
Attempt = Callable[[Town], models.Model]


def again(model: type[models.Model], **changes: object) -> Attempt:
    """A copy of the first row of the model, changed."""

    def attempt(town: Town) -> models.Model:
        row = model._default_manager.order_by("pk").first()
        assert row is not None
        row.pk, row._state.adding = None, True
        for name, value in changes.items():
            setattr(row, name, value)
        return row

    return attempt


def table(**changes: object) -> Attempt:
    facts = {"level": "secondaria", "act": "x", "valid_from": FIRST}
    return lambda town: FareTable(**facts | changes)


def isee(**changes: object) -> Attempt:
    facts = {"value": Decimal(1), "filed_on": FIRST, "valid_from": FIRST, "valid_to": LAST}
    return lambda town: IseeDeclaration(household=town.carla_family, **facts | changes)


def twice(make: Attempt) -> Attempt:
    def attempt(town: Town) -> models.Model:
        make(town).save()
        return make(town)

    return attempt


def batch(**changes: object) -> Attempt:
    return lambda town: ApplicationBatch(year=town.year, uploaded_by=town.enzo, uploaded_at=SUMMER, **changes)


ATTEMPTS: dict[str, Attempt] = {
    "one_help_desk": lambda town: HelpDesk(pk=2),
    "school_years_never_overlap": again(SchoolYear, label="2099/00"),
    "school_year_ends_after_it_begins": lambda town: SchoolYear(label="x", valid_from=FIRST, valid_to=BEFORE),
    "one_post_per_user_and_school": again(SchoolStaff),
    "one_class_per_grade_and_section": again(ClassGroup),
    "one_household_per_applicant": again(Household, code="ZZZZZZZZ"),
    "one_membership_per_guardian": again(HouseholdMember),
    "custody_ends_after_it_begins": again(Custody, valid_from=LAST, valid_to=FIRST),
    **{
        f"one_payer_on_{day}": again(
            Custody,
            **{one: one == day for one in ("monday", "tuesday", "wednesday", "thursday", "friday")},
        )
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
    },
    "enrolments_never_overlap": again(Enrolment),
    "enrolment_ends_after_it_begins": again(Enrolment, valid_from=LAST, valid_to=FIRST),
    "applied_batch_says_when": batch(state="applied"),
    "one_application_per_pupil_household_and_year": twice(
        lambda town: Application(year=town.year, pupil=town.luca, household=town.family)
    ),
    "fare_tables_never_overlap": twice(table()),
    "fare_table_ends_after_it_begins": table(valid_to=BEFORE),
    "discounts_are_percentages": table(second_child_discount=Decimal(101)),
    "one_band_per_letter": again(FareBand, isee_up_to=Decimal(77)),
    "one_band_per_bound": lambda town: FareBand(
        table=FareTable.objects.order_by("pk").first(), letter="Z", price=Decimal(1)
    ),
    "band_price_not_negative": again(FareBand, letter="Z", isee_up_to=Decimal(77), price=Decimal(-1)),
    "isee_never_overlap": twice(isee()),
    "isee_ends_after_it_begins": isee(valid_from=LAST, valid_to=FIRST),
    "isee_not_negative": isee(value=Decimal(-1)),
    "isee_has_an_end": isee(valid_to=None),
    "residences_never_overlap": twice(lambda town: Residence(household=town.family, valid_from=FIRST)),
    "residence_ends_after_it_begins": lambda town: Residence(
        household=town.family, valid_from=FIRST, valid_to=BEFORE
    ),
    "exemptions_never_overlap": twice(
        lambda town: Exemption(pupil=town.luca, kind="social", valid_from=FIRST)
    ),
    "exemption_ends_after_it_begins": lambda town: Exemption(
        pupil=town.luca, valid_from=FIRST, valid_to=BEFORE
    ),
    "diets_never_overlap": twice(lambda town: Diet(pupil=town.luca, code="D", valid_from=FIRST)),
    "diet_ends_after_it_begins": lambda town: Diet(pupil=town.luca, valid_from=FIRST, valid_to=BEFORE),
    "prices_never_overlap": again(Price),
    "price_ends_after_it_begins": again(Price, valid_from=LAST, valid_to=FIRST),
    "price_not_negative": again(
        Price, valid_from=dt.date(2030, 1, 1), valid_to=None, amount=Decimal("-0.01")
    ),
    "enrolment_rules_never_overlap": twice(lambda town: EnrolmentRules(act="x", valid_from=FIRST)),
    "enrolment_rules_end_after_they_begin": lambda town: EnrolmentRules(
        act="x", valid_from=FIRST, valid_to=BEFORE
    ),
    "isee_grace_is_a_date": lambda town: EnrolmentRules(act="x", valid_from=FIRST, isee_grace_month=13),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_database_refuses(name: str, town: Town) -> None:
    row = ATTEMPTS[name](town)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save()


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (Guardian, "fiscal_code"),
        (Pupil, "fiscal_code"),
        (Pupil, "code"),
        (Household, "code"),
        (School, "code"),
    ],
)
def test_codes_are_of_one_person_only(model: type[models.Model], field: str) -> None:
    assert model._meta.get_field(field).unique
