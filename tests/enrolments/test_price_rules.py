"""The price of a meal, written like the regulation. No database."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolments.rules import explaining
from enrolments.rules.pricing import (
    Band,
    Child,
    Enrolled,
    Exempt,
    Fares,
    Grace,
    Isee,
    LivesIn,
    PriceFacts,
    PricingError,
    Spell,
    Why,
    discounted,
    price,
    spells,
)

NOVEMBER = dt.date(2026, 11, 24)
YEAR = {"first": dt.date(2026, 9, 1), "last": dt.date(2027, 8, 31)}
TABLE = (
    ("A", "5000.00", "1.00"),
    ("B", "10000.00", "1.80"),
    ("C", "15000.00", "2.60"),
    ("D", "20000.00", "3.40"),
    ("E", "30000.00", "4.20"),
    ("F", None, "5.00"),
)


def fares(**changes) -> Fares:
    bands = tuple(
        Band(letter=letter, up_to=Decimal(up_to) if up_to else None, price=Decimal(amount))
        for letter, up_to, amount in TABLE
    )
    facts = {
        "first": dt.date(2026, 9, 1),
        "level": "primaria",
        "act": "Delibera n. 12",
        "bands": bands,
        "second_child_discount": Decimal(15),
        "later_child_discount": Decimal(30),
    }
    return Fares(**facts | changes)


def child(code: str = "AAA", born: dt.date = dt.date(2018, 3, 10), **changes) -> Child:
    facts = {
        "fiscal_code": code,
        "birth_date": born,
        "enrolments": (Enrolled(**YEAR, level="primaria"),),
        "belongs": (Spell(first=born),),
    }
    return Child(**facts | changes)


def isee(value: str, **changes) -> Isee:
    facts = {
        "first": dt.date(2026, 1, 1),
        "last": dt.date(2026, 12, 31),
        "value": Decimal(value),
        "filed_on": dt.date(2026, 2, 10),
    }
    return Isee(**facts | changes)


def facts(me: Child | None = None, *others: Child, value: str | None = "18000.00", **changes) -> PriceFacts:
    me = me or child()
    known = {
        "child": me,
        "children": (me, *others),
        "fares": (fares(),),
        "isee": (isee(value),) if value is not None else (),
    }
    return PriceFacts(**known | changes)


@pytest.mark.parametrize(
    ("value", "band", "first", "second", "third"),
    [
        ("0.00", "A", "1.00", "0.85", "0.70"),
        ("5000.00", "A", "1.00", "0.85", "0.70"),
        ("5000.01", "B", "1.80", "1.53", "1.26"),
        ("10000.00", "B", "1.80", "1.53", "1.26"),
        ("12345.67", "C", "2.60", "2.21", "1.82"),
        ("18000.00", "D", "3.40", "2.89", "2.38"),
        ("20000.01", "E", "4.20", "3.57", "2.94"),
        ("30000.00", "E", "4.20", "3.57", "2.94"),
        ("30000.01", "F", "5.00", "4.25", "3.50"),
        (None, "F", "5.00", "4.25", "3.50"),
    ],
)
def test_the_demo_table(value: str | None, band: str, first: str, second: str, third: str) -> None:
    children = [
        child("A", dt.date(2016, 5, 1)),
        child("B", dt.date(2018, 5, 1)),
        child("C", dt.date(2020, 5, 1)),
    ]
    results = [price(facts(one, *children, value=value), NOVEMBER) for one in children]
    assert [result.amount for result in results] == [Decimal(first), Decimal(second), Decimal(third)]
    assert {result.reasons.band for result in results} == {band}


def test_a_gap_in_the_published_table_belongs_to_the_band_above() -> None:
    assert price(facts(value="5000.50"), NOVEMBER).reasons.band == "B"


@pytest.mark.parametrize(
    ("changes", "why", "amount"),
    [
        ({"isee": ()}, Why.NO_ISEE, "5.00"),
        ({"isee": (isee("900.00", has_omissions=True),)}, Why.OMISSIONS, "5.00"),
        ({"isee": (isee("900.00", last=dt.date(2026, 10, 31)),)}, Why.EXPIRED_ISEE, "5.00"),
        ({"residences": (LivesIn(first=dt.date(2026, 11, 1), resident=False),)}, Why.NOT_RESIDENT, "5.00"),
        ({"residences": (LivesIn(first=dt.date(2026, 12, 1), resident=False),)}, Why.ISEE, "3.40"),
        (
            {"exemptions": (Exempt(first=dt.date(2026, 9, 1), kind="disability", act="x"),)},
            Why.EXEMPT,
            "0.00",
        ),
        ({"isee": (isee("0.00"),)}, Why.ISEE, "1.00"),
    ],
)
def test_what_sets_the_band(changes: dict, why: Why, amount: str) -> None:
    result = price(facts(**changes), NOVEMBER)
    assert (result.reasons.why, result.amount) == (why, Decimal(amount))


def test_the_year_after_an_isee_of_last_year_holds_only_until_the_grace() -> None:
    grace = (Grace(first=dt.date(2027, 1, 1), last=dt.date(2027, 2, 28)),)
    known = facts(graces=grace)
    assert price(known, dt.date(2027, 2, 28)).reasons.why == Why.LAST_YEAR_ISEE
    assert price(known, dt.date(2027, 2, 28)).amount == Decimal("3.40")
    assert price(known, dt.date(2027, 3, 1)).amount == Decimal("5.00")
    assert price(facts(), dt.date(2027, 1, 7)).amount == Decimal("5.00")


def test_an_isee_that_ended_before_december_does_not_hold_into_january() -> None:
    grace = (Grace(first=dt.date(2027, 1, 1), last=dt.date(2027, 2, 28)),)
    short = (isee("900.00", last=dt.date(2026, 10, 31), current=True),)
    assert price(facts(isee=short, graces=grace), dt.date(2027, 1, 7)).reasons.why == Why.EXPIRED_ISEE


def test_a_missing_table_is_an_error_never_a_zero() -> None:
    with pytest.raises(PricingError, match="non c'è una tabella tariffe"):
        price(facts(fares=()), NOVEMBER)
    with pytest.raises(PricingError, match="non c'è una tabella tariffe"):
        price(facts(fares=(fares(level="infanzia"),)), NOVEMBER)


def test_an_exempt_child_without_a_table_is_an_error_too() -> None:
    exempt = (Exempt(first=dt.date(2026, 9, 1), kind="disability", act="x"),)
    with pytest.raises(PricingError):
        price(facts(fares=(), exemptions=exempt), NOVEMBER)


def test_who_is_not_enrolled_has_no_price() -> None:
    with pytest.raises(PricingError, match="non c'è un'iscrizione"):
        price(facts(), dt.date(2026, 8, 31))


def test_twins_have_a_stable_order_by_fiscal_code() -> None:
    born = dt.date(2019, 4, 4)
    one, other = child("BBB", born), child("AAA", born)
    assert price(facts(one, other), NOVEMBER).reasons.rank == 2
    assert price(facts(other, one), NOVEMBER).reasons.rank == 1


def test_when_the_eldest_leaves_the_second_becomes_the_first_from_that_day() -> None:
    eldest = child(
        "A", dt.date(2016, 1, 1), enrolments=(Enrolled(first=YEAR["first"], last=NOVEMBER, level="primaria"),)
    )
    known = facts(child("B"), eldest)
    assert price(known, NOVEMBER).amount == Decimal("2.89")
    assert price(known, NOVEMBER + dt.timedelta(days=1)).amount == Decimal("3.40")


def test_a_sibling_of_another_household_does_not_count() -> None:
    elsewhere = child("A", dt.date(2016, 1, 1), belongs=(Spell(first=dt.date(2027, 1, 1)),))
    assert price(facts(child("B"), elsewhere), NOVEMBER).reasons.rank == 1


def test_from_infanzia_to_primaria_the_table_changes_and_the_isee_does_not() -> None:
    both = (
        Enrolled(first=dt.date(2025, 9, 1), last=dt.date(2026, 8, 31), level="infanzia"),
        Enrolled(**YEAR, level="primaria"),
    )
    cheap = fares(
        level="infanzia",
        first=dt.date(2025, 9, 1),
        bands=(Band(letter="U", up_to=None, price=Decimal("2.00")),),
    )
    known = facts(child(enrolments=both), fares=(cheap, fares()))
    assert price(known, dt.date(2026, 6, 10)).amount == Decimal("2.00")
    assert price(known, dt.date(2026, 9, 28)).amount == Decimal("3.40")


@pytest.mark.parametrize(
    ("full", "percent", "amount"),
    [("3.45", "15", "2.93"), ("0.03", "50", "0.02"), ("4.355", "0", "4.36"), ("2.50", "33.33", "1.67")],
)
def test_one_rounding_half_up(full: str, percent: str, amount: str) -> None:
    assert discounted(Decimal(full), Decimal(percent)) == Decimal(amount)


def test_the_spells_say_what_the_days_say() -> None:
    known = facts(residences=(LivesIn(first=dt.date(2026, 11, 15), resident=False),))
    found = spells(known)
    assert [(one.first, one.last, one.price.amount) for one in found if one.price] == [
        (dt.date(2026, 9, 1), dt.date(2026, 11, 14), Decimal("3.40")),
        (dt.date(2026, 11, 15), dt.date(2027, 8, 31), Decimal("5.00")),
    ]


def test_days_without_a_table_are_a_spell_with_a_reason() -> None:
    known = facts(fares=(fares(last=dt.date(2026, 12, 31)),))
    last = spells(known)[-1]
    assert last.price is None
    assert "01/01/2027" in last.error


def test_the_explanation_says_day_rule_band_isee_act_rank_and_formula() -> None:
    result = price(facts(child("B"), child("A", dt.date(2016, 1, 1))), NOVEMBER)
    told = explaining.facts_of(result)
    assert told["formula"].replace("\xa0", " ") == "3,40 € − 15% = 2,89 €"
    assert [one.replace("\xa0", " ") for one in told["sentences"]] == [
        "ISEE di 18.000,00 €, valido fino al 31/12/2026: fascia D, 3,40 €.",
        "Tariffe della scuola primaria in vigore dal 01/09/2026: Delibera n. 12.",
        "Secondo dei 2 figli iscritti alla mensa, per età: sconto 15%.",
    ]


def test_an_exempt_meal_explains_itself() -> None:
    exempt = (Exempt(first=dt.date(2026, 9, 1), kind="disability", act="verbale n. 7"),)
    told = explaining.facts_of(price(facts(exemptions=exempt), NOVEMBER))
    assert told["sentences"][0] == "Pasto esente: L. 104/1992 art. 3 c. 3, verbale n. 7."
    assert told["amount"] == "0.00"


euros = st.decimals(min_value=0, max_value=200000, places=2)


@given(
    value=st.none() | euros,
    born=st.lists(st.dates(dt.date(2013, 1, 1), dt.date(2023, 12, 31)), min_size=1, max_size=5),
    day=st.dates(dt.date(2026, 9, 1), dt.date(2027, 8, 31)),
)
def test_a_price_stays_between_zero_and_the_top_band(
    value: Decimal | None, born: list[dt.date], day: dt.date
) -> None:
    children = [child(f"C{index}", day) for index, day in enumerate(born)]
    known = facts(children[0], *children[1:], value=None if value is None else str(value))
    amount = price(known, day).amount
    assert Decimal(0) <= amount <= Decimal("5.00")
    assert amount == amount.quantize(Decimal("0.01"))


@given(one=euros, other=euros)
def test_who_has_less_never_pays_more(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert price(facts(value=str(low)), NOVEMBER).amount <= price(facts(value=str(high)), NOVEMBER).amount


@given(day=st.dates(dt.date(2026, 8, 1), dt.date(2027, 10, 1)))
def test_every_day_of_a_spell_has_the_price_of_the_spell(day: dt.date) -> None:
    known = replace(
        facts(child("B"), child("A", dt.date(2016, 1, 1))),
        residences=(LivesIn(first=dt.date(2027, 2, 3), last=dt.date(2027, 4, 5), resident=False),),
        exemptions=(Exempt(first=dt.date(2026, 10, 10), last=dt.date(2026, 10, 20), kind="social", act="x"),),
    )
    found = [one for one in spells(known) if one.covers(day)]
    if not known.child.is_active(day):
        assert found == []
    else:
        assert [one.price for one in found] == [price(known, day)]
