"""What an operation refuses in the panel comes back as it was typed, with the sentence on the page, and nothing changes."""

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from lxml import html

import mensa.urls  # noqa: F401 - the panel is gathered with the addresses that serve it
from enrolments import entitlements
from enrolments.models import (
    Custody,
    Diet,
    Enrolment,
    Exemption,
    FareTable,
    Guardian,
    Household,
    IseeDeclaration,
    Price,
    Pupil,
    SchoolYear,
)
from tests.cast import SUMMER, Town, client_of

DAY = dt.date(2026, 11, 24)


def address(model, row=None) -> str:
    page = f"admin:enrolments_{model._meta.model_name}"
    return reverse(f"{page}_change", args=[row.pk]) if row else reverse(f"{page}_add")


def typed_on(page) -> dict[str, str]:
    """The form as a browser would send it."""
    root = html.fromstring(page.content.decode())
    (form,) = [one for one in root.forms if one.get("id", "").endswith("_form")]
    return {name: (value or "").removeprefix("\n") for name, value in form.form_values()}


def names_of(model) -> set[str]:
    return {field.name for field in model._meta.fields}


def everything() -> dict[str, list[Any]]:
    return {
        model._meta.label: list(model.objects.order_by("pk").values())
        for model in apps.get_app_config("enrolments").get_models()
        if not model._meta.label.endswith("Event")
    }


def refuse(town: Town, where: str, sentence: str, **typed: str) -> str:
    client, before = client_of(town.enzo), everything()
    page = client.post(where, {**typed_on(client.get(where)), **typed})
    assert page.status_code == 200
    root = html.fromstring(page.content.decode())
    said = " ".join(one.text_content() for one in root.find_class("errorlist"))
    assert sentence in said
    kept = typed_on(page)
    assert {name: kept.get(name) for name in typed} == typed
    assert everything() == before
    return said


def test_a_birthday_that_does_not_exist(town: Town) -> None:
    refuse(town, address(Pupil, town.luca), "data valida", birth_date="31/02/2018", first_name="Luca Maria")


def test_another_persons_fiscal_code(town: Town) -> None:
    refuse(
        town,
        f"{address(Guardian)}?household={town.carla_family.pk}",
        "già di una persona con un altro nome",
        fiscal_code="BNCBRN82A01Z998G",
        last_name="Verdi",
        first_name="Carlo",
        email="carlo@posta.example",
        city="Bitetto",
    )


def test_taking_the_applicant_out_of_the_family(town: Town) -> None:
    refuse(town, address(Household, town.family), "ha fatto domanda", **{"members-0-DELETE": "on"})


def test_an_isee_of_december(town: Town, move_clock) -> None:
    move_clock("2026-12-10 10:00")
    refuse(
        town,
        address(IseeDeclaration),
        "serve l'ISEE dell'anno nuovo",
        household=str(town.carla_family.pk),
        value="12345,67",
        protocol="INPS-9",
        filed_on="09/12/2026",
    )


def test_an_exemption_that_ends_before_it_begins(town: Town) -> None:
    typed = {"pupil": str(town.luca.pk), "kind": "social", "act": "Determina n. 9"}
    refuse(
        town,
        address(Exemption),
        "prima",
        **typed,
        valid_from="10/11/2026",
        valid_to="01/11/2026",
    )


def test_the_end_of_an_exemption_before_its_beginning(town: Town) -> None:
    row = entitlements.exempt(
        pupil=town.luca, kind="social", act="n. 9", from_day=DAY, by=town.enzo, now=SUMMER
    )
    why = "Richiesta del padre"
    refuse(town, address(Exemption, row), "non può finire prima", valid_to="22/11/2026", ended_because=why)


def test_an_exemption_written_by_mistake_disappears_when_it_is_said_so(town: Town) -> None:
    row = entitlements.exempt(
        pupil=town.luca, kind="social", act="n. 9", from_day=DAY, by=town.enzo, now=SUMMER
    )
    client, where = client_of(town.enzo), address(Exemption, row)
    form = {**typed_on(client.get(where)), "valid_to": "23/11/2026", "ended_because": "era di un altro"}
    page = client.post(where, form, follow=True)
    assert "tolta, non vale in nessun giorno" in page.content.decode()
    assert not Exemption.objects.exists()
    assert Price.objects.on(DAY).get(pupil=town.luca).amount > 0


def test_a_diet_with_a_code_that_the_kitchen_cannot_read(town: Town) -> None:
    refuse(
        town,
        address(Diet),
        "Il codice della dieta",
        pupil=str(town.luca.pk),
        code="senza glut",
        reason="una ragione",
        valid_from="01/12/2026",
    )


def test_a_fare_table_that_begins_like_another(town: Town) -> None:
    refuse(
        town,
        address(FareTable),
        "C'è già una tabella",
        **{
            "level": "primaria",
            "act": "Delibera n. 80",
            "valid_from": "01/09/2026",
            "second_child_discount": "10",
            "bands-TOTAL_FORMS": "2",
            "bands-0-letter": "A",
            "bands-0-isee_up_to": "9000",
            "bands-0-price": "2,50",
            "bands-1-letter": "B",
            "bands-1-price": "6,00",
        },
    )


def test_a_fare_table_without_a_top_band(town: Town) -> None:
    refuse(
        town,
        address(FareTable, FareTable.objects.filter(level="primaria").get()),
        "resta senza limite",
        **{"act": "Delibera n. 81", "bands-5-isee_up_to": "90000"},
    )


def test_an_enrolment_out_of_the_school_year(town: Town) -> None:
    Enrolment.objects.filter(pupil=town.luca).delete()
    refuse(
        town,
        address(Enrolment),
        "anno scolastico",
        pupil=str(town.luca.pk),
        class_group=str(town.classes["primaria 3A"].pk),
        valid_from="01/08/2026",
    )


def test_days_the_wrong_way_round_are_a_sentence_on_every_form_with_two_days(town: Town) -> None:
    client, days = client_of(town.enzo), {"valid_from": "01/12/2090", "valid_to": "01/11/2090"}
    tried = []
    for model in [one for one in admin.site._registry if {"valid_from", "valid_to"} <= names_of(one)]:
        where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        page = client.get(where)
        if page.status_code == 403 or not days.keys() <= page.context["adminform"].form.fields.keys():
            continue
        answer = client.post(where, {**typed_on(page), **days})
        assert answer.status_code == 200, where
        assert typed_on(answer).items() >= days.items()
        tried.append(model.__name__)
    assert {"SchoolYear", "SchoolPhase", "CanteenPeriod", "Custody", "WalletRules", "PaymentRules"} <= set(
        tried
    )


def test_a_period_the_wrong_way_round_is_told_once(town: Town) -> None:
    phase = {"school": str(town.primaria.pk), "phase": "A", "act": "n. 1"}
    days = {"valid_from": "01/12/2026", "valid_to": "01/11/2026"}
    for where, typed in (
        (reverse("admin:attendance_schoolphase_add"), {**phase, **days}),
        (
            address(Custody),
            {"pupil": str(town.luca.pk), "household": str(town.carla_family.pk), **days},
        ),
    ):
        assert refuse(town, where, "viene prima della data", **typed).count("viene prima della data") == 1


def test_data_that_the_database_would_refuse_say_so_in_italian_and_name_no_constraint(town: Town) -> None:
    said = refuse(
        town,
        reverse("admin:attendance_patronday_add"),
        "non stanno insieme",
        city="Bitritto",
        name="San Nicola",
        month="12",
    )
    assert "_" not in said


def test_two_families_that_pay_on_the_same_day(town: Town) -> None:
    refuse(
        town,
        address(Custody),
        "si sovrappongono",
        pupil=str(town.luca.pk),
        household=str(town.carla_family.pk),
        valid_from="01/12/2026",
    )


def test_a_school_year_over_another(town: Town) -> None:
    refuse(
        town,
        address(SchoolYear),
        "si sovrappongono",
        label="26/27 b",
        valid_from="01/10/2026",
        valid_to="30/06/2027",
    )


@pytest.mark.parametrize("model", [Pupil, Guardian, Household, FareTable, Custody])
def test_a_form_sent_back_as_it_is_changes_nothing(model, town: Town) -> None:
    """The control: what these tests send is what a browser sends."""
    client, where, before = client_of(town.enzo), address(model, model.objects.first()), everything()
    page = client.post(where, typed_on(client.get(where)))
    assert page.status_code == 302, page.context["errors"]
    assert everything() == before
