"""What a clerk reads in the panel: rows told apart where one is chosen, what is used every day first, days as people write them."""

import datetime as dt

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import mensa.urls  # noqa: F401 - the panel is gathered with the addresses that serve it
from enrolments import enrolling
from enrolments.models import ClassGroup, Custody, HouseholdMember
from tests.cast import SUMMER, Town, client_of
from wallets.models import WalletRules


def offered(town: Town, model: str, field: str, typed: str) -> list[str]:
    """What the field proposes for what was typed."""
    asked = {"app_label": "enrolments", "model_name": model, "field_name": field, "term": typed}
    found = client_of(town.enzo).get(reverse("admin:autocomplete"), asked)
    return [one["text"] for one in found.json()["results"]]


def test_a_family_is_chosen_by_who_applied_and_not_by_its_code_alone(town: Town) -> None:
    assert offered(town, "iseedeclaration", "household", "rossi") == [f"Rossi Anna ({town.family.code})"]


def test_two_classes_of_one_name_and_two_children_of_one_name_are_told_apart(town: Town) -> None:
    found = offered(town, "enrolment", "class_group", "A")
    assert "1A, Scuola primaria Ulivo (demo), 2026/27" in found
    assert len(set(found)) == len(found)
    assert offered(town, "enrolment", "pupil", "bianchi") == [
        "Bianchi Luca, 10/03/2018",
        "Bianchi Sofia, 15/05/2022",
    ]


def test_the_family_a_page_was_opened_for_is_there_by_name(town: Town) -> None:
    for page in ("guardian", "iseedeclaration"):
        address = f"{reverse(f'admin:enrolments_{page}_add')}?household={town.family.pk}"
        assert (
            f"Rossi Anna ({town.family.code})</option>" in client_of(town.enzo).get(address).content.decode()
        )


def test_what_the_office_opens_every_day_comes_first(town: Town) -> None:
    page = client_of(town.enzo).get(reverse("admin:index"))
    assert [one["app_label"] for one in page.context["app_list"]] == [
        "enrolments",
        "attendance",
        "payments",
        "wallets",
        "identity",
    ]


def test_a_list_has_the_name_of_what_it_lists_and_short_days(town: Town) -> None:
    page = client_of(town.enzo).get(reverse("admin:enrolments_enrolment_changelist")).content.decode()
    assert "<h1>Iscrizioni</h1>" in page
    assert "31/08/2027" in page
    assert "agosto 2027" not in page.casefold()


def test_the_thresholds_of_low_credit_are_typed_as_numbers_and_never_as_code(town: Town) -> None:
    client, where = client_of(town.enzo), reverse("admin:wallets_walletrules_add")
    assert 'value="5, 2, 0, -3"' in client.get(where).content.decode()
    form = {
        "act": "Determina n. 9",
        "valid_from": "01/09/2026",
        "low_credit_meals": "tre, due",
        "tolerance_meals": "5",
        "smallest_refund": "5,00",
        "refund_within_days": "90",
    }
    assert "numeri interi separati da virgole" in client.post(where, form).content.decode()
    assert "da -100 a 100" in client.post(where, {**form, "low_credit_meals": "3, 999"}).content.decode()
    page = client.post(where, {**form, "low_credit_meals": " -1,3, 3"})
    assert page.status_code == 302, page.context["errors"]
    assert WalletRules.objects.get(act="Determina n. 9").low_credit_meals == [3, -1]


@pytest.mark.parametrize("model", [one for one in admin.site._registry if one._meta.app_label == "wallets"])
def test_every_list_and_row_of_the_wallets_opens(model, town: Town) -> None:
    client, name = client_of(town.enzo), f"admin:wallets_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    if row := model.objects.first():
        assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_a_page_asks_the_database_as_often_for_many_rows_as_for_few(town: Town) -> None:
    pages = [
        reverse("admin:enrolments_pupil_change", args=[town.luca.pk]),
        reverse("admin:enrolments_household_change", args=[town.family.pk]),
    ]
    few = [_questions(town, page) for page in pages]
    _grow(town)
    assert [_questions(town, page) for page in pages] == few


def _questions(town: Town, page: str) -> int:
    client = client_of(town.enzo)
    client.get(page)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


def _grow(town: Town) -> None:
    """A child who has changed class, a family of three parents and three children."""
    other = ClassGroup.objects.create(school=town.primaria, year=town.year, grade=3, section="B")
    enrolling.change_class(
        pupil=town.luca, class_group=other, from_day=dt.date(2026, 11, 18), by=town.enzo, now=SUMMER
    )
    HouseholdMember.objects.create(household=town.family, guardian=town.carla_family.applicant)
    Custody.objects.filter(pupil=town.tommaso).update(household=town.family)
