"""Prices written ahead: the stored rows always say what the rule says."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from enrolments import enrolling, entitlements, explanations, families, fares, price_facts, pricing
from enrolments.models import EnrolmentRules, Explanation, FareTable, Price, Pupil
from identity.models import User
from tests import cast
from tests.cast import Town, at

NOW = at("2026-11-24 10:00")
DAY = dt.date(2026, 11, 24)


def price_of(pupil: Pupil, day: dt.date = DAY) -> Decimal:
    return Price.objects.on(day).get(pupil=pupil).amount


def settle_families(how_many: int, town: Town) -> list[Pupil]:
    """As many families of one child as asked, in class 1A."""
    data = [
        families.FamilyData(
            applicant=families.GuardianData(
                fiscal_code=code("GNT", index), first_name="Gina", last_name="Gente"
            ),
            children=[
                families.ChildData(
                    fiscal_code=code("BMB", index),
                    first_name="Bimbo",
                    last_name="Gente",
                    birth_date=dt.date(2020, 1, 1),
                )
            ],
        )
        for index in range(how_many)
    ]
    families.register_families(families=data, by=town.enzo, now=NOW)
    pupils = list(Pupil.objects.filter(last_name="Gente").order_by("pk"))
    places = [
        enrolling.Place(pupil=pupil, class_group=town.classes["primaria 1A"], first_day=town.year.valid_from)
        for pupil in pupils
    ]
    enrolling.enrol_many(places=places, by=town.enzo, now=NOW)
    return pupils


def code(letters: str, index: int) -> str:
    from stdnum.it import codicefiscale

    stem = f"{letters}{'ABCDEFGHIL'[index // 10 % 10]}AA20A01Z{900 + index % 100:03d}"
    return stem + codicefiscale.calc_check_digit(stem)


def test_refreshing_again_changes_nothing(town: Town) -> None:
    before = list(Price.objects.order_by("pk").values_list())
    assert pricing.refresh() == 0
    assert list(Price.objects.order_by("pk").values_list()) == before
    assert pricing.verify() == []


def test_refreshing_costs_the_same_queries_for_few_and_for_many(town: Town) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        pricing.refresh()
    settle_families(40, town)
    with CaptureQueriesContext(connection) as many:
        pricing.refresh()
    assert len(many) == len(few) <= 14


def test_a_price_changed_behind_the_rule_is_found(town: Town) -> None:
    Price.objects.filter(pupil=town.luca).update(amount=Decimal("1.00"))
    drifts = pricing.verify()
    assert {(drift.pupil_id, drift.amount) for drift in drifts if drift.is_stored} == {
        (town.luca.pk, Decimal("1.00"))
    }
    assert pricing.refresh(pupil_ids=[town.luca.pk]) > 0
    assert pricing.verify() == []


def test_same_reasons_share_one_explanation(town: Town) -> None:
    settle_families(10, town)
    rows = Price.objects.filter(pupil__last_name="Gente")
    assert rows.values("explanation").distinct().count() == 1
    before = Explanation.objects.count()
    pricing.refresh()
    assert Explanation.objects.count() == before


def test_an_explanation_is_found_by_its_content(town: Town) -> None:
    one = explanations.of({"kind": "prova", "giorno": "2026-11-24"})
    assert explanations.of({"giorno": "2026-11-24", "kind": "prova"}) == one


def test_days_without_a_table_have_no_price_and_the_reason_is_told(town: Town) -> None:
    FareTable.objects.filter(level="primaria").update(valid_to=dt.date(2026, 12, 31))
    pricing.refresh()
    day = dt.date(2027, 1, 11)
    assert not Price.objects.on(day).filter(pupil=town.luca).exists()
    assert price_of(town.sofia, day)
    reasons = pricing.missing_reasons(pupil_ids=[town.luca.pk, town.sofia.pk], day=day)
    assert reasons == {
        town.luca.pk: "Il 11/01/2027 non c'è una tabella tariffe in vigore per la scuola primaria."
    }


def test_a_table_adopted_in_the_middle_of_the_year_splits_the_prices_on_its_day(town: Town) -> None:
    bands = [(letter, bound, amount * 2) for letter, bound, amount in cast.BANDS]
    fares.adopt_table(
        level="primaria",
        valid_from=dt.date(2026, 12, 1),
        act="Delibera n. 90",
        bands=bands,
        by=town.enzo,
        now=NOW,
    )
    assert price_of(town.luca, dt.date(2026, 11, 30)) == Decimal("3.40")
    assert price_of(town.luca, dt.date(2026, 12, 1)) == Decimal("6.80")


def test_adopting_the_same_table_again_changes_nothing(town: Town) -> None:
    rows = FareTable.objects.count()
    cast.adopt_fares(by=town.enzo)
    assert FareTable.objects.count() == rows


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ([("A", Decimal(5000), Decimal(1))], "resta senza limite"),
        ([("A", None, Decimal(1)), ("B", None, Decimal(2))], "resta senza limite"),
        ([("A", Decimal(1), Decimal(1)), ("A", None, Decimal(2))], "stessa lettera"),
        ([("A", None, Decimal(-1))], "da zero in su"),
        ([("A", None, Decimal("1.005"))], "due decimali"),
    ],
)
def test_a_table_that_leaves_a_doubt_is_refused(town: Town, bands: list, words: str) -> None:
    with pytest.raises(fares.FaresRefused, match=words):
        fares.adopt_table(
            level="secondaria",
            valid_from=dt.date(2026, 9, 1),
            act="Delibera",
            bands=bands,
            by=town.enzo,
            now=NOW,
        )
    assert not FareTable.objects.filter(level="secondaria").exists()


def test_the_isee_of_january_within_the_grace_counts_from_new_year(town: Town, enzo: User) -> None:
    """Filed on 20 February: from 1 January; filed on 10 March: from 1 April (domain.md, section 9)."""
    entitlements.declare_isee(
        household=town.family,
        value=Decimal(4000),
        filed_on=dt.date(2027, 2, 20),
        by=enzo,
        now=at("2027-02-20 11:00"),
    )
    entitlements.declare_isee(
        household=town.carla_family,
        value=Decimal(4000),
        filed_on=dt.date(2027, 3, 10),
        by=enzo,
        now=at("2027-03-10 11:00"),
    )
    assert price_of(town.luca, dt.date(2027, 1, 11)) == Decimal("1.00")
    assert price_of(town.tommaso, dt.date(2027, 3, 31)) == Decimal("5.00")
    assert price_of(town.tommaso, dt.date(2027, 4, 1)) == Decimal("1.00")


def test_without_the_new_isee_the_old_one_holds_to_the_end_of_february(town: Town) -> None:
    assert price_of(town.luca, dt.date(2027, 2, 28)) == Decimal("3.40")
    assert price_of(town.luca, dt.date(2027, 3, 1)) == Decimal("5.00")


def test_a_town_may_ask_the_top_band_from_1_january(town: Town) -> None:
    EnrolmentRules.objects.create(
        act="Delibera n. 3", valid_from=dt.date(2026, 9, 1), last_isee_holds_until_grace=False
    )
    pricing.refresh()
    assert price_of(town.luca, dt.date(2027, 1, 7)) == Decimal("5.00")


def both_at_once(town: Town) -> list[Exception]:
    """One office declares an ISEE and has not committed yet while another exempts the child of the same family."""
    who = {"by": town.enzo, "now": NOW}
    written, errors = threading.Event(), []

    def declare() -> None:
        with transaction.atomic():
            entitlements.declare_isee(
                household=town.carla_family, value=Decimal(100), filed_on=dt.date(2026, 9, 15), **who
            )
            written.set()
            time.sleep(0.5)

    def exempt() -> None:
        written.wait(10)
        entitlements.exempt(pupil=town.tommaso, kind="social", act="x", from_day=dt.date(2026, 12, 1), **who)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (declare, exempt)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_one_family_at_the_same_time_both_count() -> None:
    assert both_at_once(cast.build_town()) == []
    assert pricing.verify() == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_family_one_of_the_two_is_lost(monkeypatch) -> None:
    """The naive twin: the control of the test above."""
    monkeypatch.setattr(price_facts, "lock_households", lambda pupil_ids: None)
    assert both_at_once(cast.build_town()) or pricing.verify()


def test_two_prices_of_a_child_never_overlap(town: Town) -> None:
    row = Price.objects.filter(pupil=town.luca).first()
    row.pk = None
    with pytest.raises(IntegrityError, match="prices_never_overlap"), transaction.atomic():
        row.save(force_insert=True)
