"""The office's panel: every list opens, every role sees what it may, prices follow."""

import datetime as dt
import html
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.urls import reverse

import mensa.urls  # noqa: F401 - the panel is gathered with the addresses that serve it
from enrolments import entitlements
from enrolments.admin_access import AmountField
from enrolments.models import (
    ClassGroup,
    Diet,
    Enrolment,
    Exemption,
    FareTable,
    Guardian,
    HelpDesk,
    Household,
    IseeDeclaration,
    Price,
    Pupil,
    Residence,
)
from identity.models import Role, SensitiveView, User
from tests import cast
from tests.cast import SUMMER, Town, client_of

DAY = dt.date(2026, 11, 24)
MODELS = [model for model in admin.site._registry if model._meta.app_label == "enrolments"]


def price_of(pupil) -> Decimal:
    return Price.objects.on(DAY).get(pupil=pupil).amount


def url(model, page: str, *args) -> str:
    return reverse(f"admin:enrolments_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_form_opens_for_the_office(model, town: Town) -> None:
    client = client_of(town.enzo)
    assert client.get(url(model, "changelist")).status_code == 200
    add = client.get(url(model, "add"))
    assert add.status_code in (200, 403)
    if row := model.objects.first():
        assert client.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_search_finds_without_breaking(model, town: Town) -> None:
    assert client_of(town.enzo).get(url(model, "changelist"), {"q": "rossi"}).status_code == 200


def test_who_works_elsewhere_does_not_enter_the_panel(town: Town) -> None:
    for user in (town.anna, town.dora, town.franca):
        assert client_of(user).get(reverse("admin:index")).status_code == 302


def test_the_auditor_looks_and_changes_nothing(town: Town) -> None:
    client = client_of(town.auditor)
    table = FareTable.objects.first()
    page = client.get(url(FareTable, "change", table.pk))
    assert page.status_code == 200
    assert client.post(url(FareTable, "change", table.pk), {"act": "x"}).status_code == 403
    assert client.get(url(FareTable, "add")).status_code == 403


def test_the_accounts_see_neither_isee_nor_diet_nor_exemption(town: Town) -> None:
    client = client_of(town.gino)
    for name in ("iseedeclaration", "diet", "exemption"):
        assert client.get(reverse(f"admin:enrolments_{name}_changelist")).status_code == 403
    assert client.get(reverse("admin:enrolments_household_changelist")).status_code == 200


def test_opening_an_isee_is_written_down_with_a_code_and_no_name(town: Town) -> None:
    isee = IseeDeclaration.objects.get()
    client_of(town.enzo).get(url(IseeDeclaration, "change", isee.pk))
    seen = SensitiveView.objects.get()
    assert (seen.user, seen.kind, seen.subject) == (town.enzo, "isee", town.family.code)


def test_the_list_of_isee_shows_no_value(town: Town) -> None:
    page = client_of(town.enzo).get(url(IseeDeclaration, "changelist")).content.decode()
    assert "18000" not in page
    assert "18.000" not in page


def test_an_isee_typed_in_the_panel_gets_its_days_from_the_rules_and_sets_the_price(
    town: Town, move_clock
) -> None:
    move_clock("2026-10-05 10:00")
    form = {
        "household": town.carla_family.pk,
        "kind": "ordinary",
        "value": "4000,00",
        "protocol": "INPS-1",
        "filed_on": "02/10/2026",
    }
    answer = client_of(town.enzo).post(url(IseeDeclaration, "add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    row = IseeDeclaration.objects.get(household=town.carla_family)
    assert (row.valid_from, row.valid_to) == (dt.date(2026, 11, 1), dt.date(2026, 12, 31))
    assert price_of(town.tommaso) == Decimal("1.00")


def test_an_isee_of_december_is_refused_with_a_sentence(town: Town, move_clock) -> None:
    move_clock("2026-12-10 10:00")
    form = {"household": town.carla_family.pk, "kind": "ordinary", "value": "1", "filed_on": "09/12/2026"}
    page = client_of(town.enzo).post(url(IseeDeclaration, "add"), form)
    assert page.context["adminform"].form["filed_on"].value() == "09/12/2026"  # what was typed is still there
    assert "serve l&#x27;ISEE dell&#x27;anno nuovo" in page.content.decode()
    assert not IseeDeclaration.objects.filter(household=town.carla_family).exists()


def test_a_new_fare_table_ends_the_old_one_and_changes_prices(town: Town) -> None:
    form = {
        "level": "primaria",
        "act": "Delibera n. 80",
        "valid_from": "01/11/2026",
        "second_child_discount": "15",
        "later_child_discount": "30",
        "bands-TOTAL_FORMS": "2",
        "bands-INITIAL_FORMS": "0",
        "bands-0-letter": "A",
        "bands-0-isee_up_to": "20000",
        "bands-0-price": "2,00",
        "bands-1-letter": "B",
        "bands-1-isee_up_to": "",
        "bands-1-price": "6,00",
    }
    answer = client_of(town.enzo).post(url(FareTable, "add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert price_of(town.luca) == Decimal("2.00")
    assert price_of(town.tommaso) == Decimal("6.00")
    assert price_of(town.sofia) == Decimal("2.89")
    old = FareTable.objects.get(level="primaria", valid_from=dt.date(2026, 9, 1))
    assert old.valid_to == dt.date(2026, 10, 31)


def test_a_fare_table_without_a_top_band_is_refused(town: Town) -> None:
    form = {
        "level": "secondaria",
        "act": "Delibera n. 80",
        "valid_from": "01/11/2026",
        "second_child_discount": "15",
        "later_child_discount": "30",
        "bands-TOTAL_FORMS": "1",
        "bands-INITIAL_FORMS": "0",
        "bands-0-letter": "A",
        "bands-0-isee_up_to": "20000",
        "bands-0-price": "2,00",
    }
    answer = client_of(town.enzo).post(url(FareTable, "add"), form)
    assert "resta senza limite" in answer.content.decode()
    assert not FareTable.objects.filter(level="secondaria").exists()


def test_a_second_enrolment_in_the_panel_is_a_change_of_class(town: Town) -> None:
    other = ClassGroup.objects.create(school=town.primaria, year=town.year, grade=3, section="B")
    form = {"pupil": town.luca.pk, "class_group": other.pk, "valid_from": "18/11/2026"}
    answer = client_of(town.enzo).post(url(Enrolment, "add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    rows = Enrolment.objects.filter(pupil=town.luca).order_by("valid_from")
    assert [(row.class_group.label, row.valid_to) for row in rows] == [
        ("3A", dt.date(2026, 11, 17)),
        ("3B", dt.date(2027, 8, 31)),
    ]


def test_a_withdrawal_in_the_panel_moves_the_sibling_up(town: Town) -> None:
    row = Enrolment.objects.get(pupil=town.luca)
    client_of(town.enzo).post(url(Enrolment, "change", row.pk), {"valid_to": "31/10/2026"})
    assert price_of(town.sofia) == Decimal("3.40")


def test_dates_the_wrong_way_round_are_a_sentence_not_an_error(town: Town) -> None:
    row = Enrolment.objects.get(pupil=town.luca)
    page = client_of(town.enzo).post(
        url(Enrolment, "change", row.pk), {"valid_to": "01/08/2026"}, follow=True
    )
    assert page.status_code == 200
    assert "ultimo giorno sta tra" in page.content.decode()


def test_a_diet_keeps_its_reason_encrypted_and_from_the_accounts(town: Town) -> None:
    form = {"pupil": town.luca.pk, "code": "D-GLU", "reason": "celiachia", "valid_from": "01/10/2026"}
    assert client_of(town.enzo).post(url(Diet, "add"), form).status_code == 302
    diet = Diet.objects.get()
    assert diet.reason == "celiachia"
    page = client_of(town.enzo).get(url(Diet, "changelist")).content.decode()
    assert "celiachia" not in page


def test_moving_out_of_town_is_the_top_band_from_that_day(town: Town) -> None:
    form = {"household": town.family.pk, "resident": "", "valid_from": "15/11/2026"}
    assert client_of(town.enzo).post(url(Residence, "add"), form).status_code == 302
    assert price_of(town.luca) == Decimal("5.00")


def test_the_help_desk_is_written_in_its_one_row(town: Town) -> None:
    form = {"office": "Ufficio scuola", "opening_hours": "lunedì"}
    assert client_of(town.enzo).post(url(HelpDesk, "add"), form).status_code == 302
    assert HelpDesk.objects.get().pk == 1


def test_a_withdrawal_can_be_taken_back_within_the_year(town: Town) -> None:
    client, row = client_of(town.enzo), Enrolment.objects.get(pupil=town.luca)
    for last_day, stored in (("31/10/2026", dt.date(2026, 10, 31)), ("", dt.date(2027, 8, 31))):
        client.post(url(Enrolment, "change", row.pk), {"valid_to": last_day})
        row.refresh_from_db()
        assert row.valid_to == stored
    page = client.post(url(Enrolment, "change", row.pk), {"valid_to": "01/12/2027"}, follow=True)
    assert "ultimo giorno sta tra" in page.content.decode()


def test_there_is_one_help_desk(town: Town) -> None:
    HelpDesk.objects.create(pk=1)
    assert client_of(town.enzo).get(url(HelpDesk, "add")).status_code == 403


def test_the_panel_of_the_office_needs_the_second_factor(town: Town, client) -> None:
    client.force_login(
        User.objects.get(role=Role.OFFICE), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize(
    ("typed", "kept"), [("4.500,00", "4500.00"), ("4500,5", "4500.50"), ("4500.00", "4500.00"), ("0", "0")]
)
def test_an_amount_is_typed_as_people_write_it(typed: str, kept: str) -> None:
    assert AmountField(localize=True, max_digits=9, decimal_places=2).clean(typed) == Decimal(kept)


def test_dots_without_a_comma_are_never_guessed() -> None:
    with pytest.raises(ValidationError):
        AmountField(localize=True, max_digits=9, decimal_places=2).clean("4.500")


def test_an_isee_with_the_dot_of_the_thousands_is_saved(town: Town) -> None:
    form = {"household": town.family.pk, "kind": "ordinary", "value": "4.500,00", "filed_on": "02/10/2026"}
    page = client_of(town.enzo).post(url(IseeDeclaration, "add"), form)
    assert page.status_code == 302, page.context["errors"]
    assert IseeDeclaration.objects.filter(household=town.family, value=Decimal("4500.00")).exists()


def test_the_office_reads_why_a_price_is_that_and_leaves_a_trace_the_accounts_do_not(town: Town) -> None:
    price = Price.objects.on(DAY).get(pupil=town.luca, household=town.family)
    page = url(Price, "change", price.pk)
    told = price.explanation.facts["sentences"][0]
    assert told in html.unescape(client_of(town.enzo).get(page).content.decode())
    assert SensitiveView.objects.get().subject == town.family.code
    accounts = html.unescape(client_of(town.gino).get(page).content.decode())
    assert told not in accounts
    assert "ISEE" not in accounts.split('id="content-main"')[1]
    assert SensitiveView.objects.count() == 1


def exempt_luca(town: Town) -> Exemption:
    return entitlements.exempt(
        pupil=town.luca,
        kind="disability",
        act="verbale n. 7",
        from_day=dt.date(2026, 9, 1),
        by=town.enzo,
        now=SUMMER,
    )


def test_an_exemption_ends_with_a_day_and_a_reason_and_the_price_follows(town: Town) -> None:
    row, client = exempt_luca(town), client_of(town.enzo)
    address = url(Exemption, "change", row.pk)
    form = {"kind": "disability", "act": "verbale n. 7", "valid_to": "23/11/2026", "ended_because": " "}
    refused = client.post(address, form)
    assert "Scrivi perché l&#x27;esenzione finisce." in refused.content.decode()
    assert price_of(town.luca) == Decimal("0.00")
    assert client.post(address, {**form, "ended_because": "verbale non rinnovato"}).status_code == 302
    row.refresh_from_db()
    assert (row.valid_to, price_of(town.luca)) == (dt.date(2026, 11, 23), Decimal("3.40"))


def test_why_an_exemption_ended_is_read_in_its_history_alone_and_that_is_written_down(town: Town) -> None:
    row, client = exempt_luca(town), client_of(town.enzo)
    form = {
        "kind": "social",
        "act": "verbale n. 7",
        "valid_to": "23/11/2026",
        "ended_because": "relazione n. 4",
    }
    assert client.post(url(Exemption, "change", row.pk), form).status_code == 302
    message = LogEntry.objects.get().get_change_message()
    assert "Perché finisce" in message
    assert "relazione" not in message
    assert "relazione" not in client.get(reverse("admin:index")).content.decode()
    before = list(SensitiveView.objects.values_list("pk", flat=True))
    said = client.get(url(Exemption, "history", row.pk)).content.decode()
    assert "relazione n. 4" in said
    assert "23/11/2026" in said
    seen = SensitiveView.objects.exclude(pk__in=before).get()
    assert (seen.user, seen.kind, seen.subject) == (town.enzo, "exemption", town.luca.code)


def test_mending_an_act_asks_no_reason_and_the_auditor_only_reads_it(town: Town) -> None:
    row = exempt_luca(town)
    form = {"kind": "disability", "act": "verbale n. 8", "valid_to": "", "ended_because": ""}
    assert client_of(town.enzo).post(url(Exemption, "change", row.pk), form).status_code == 302
    row.refresh_from_db()
    assert (row.act, row.valid_to) == ("verbale n. 8", None)
    page = client_of(town.auditor).get(url(Exemption, "change", row.pk)).content.decode()
    assert "verbale n. 8" in page
    assert "perché finisce" not in page.casefold()


def test_another_parent_is_added_to_a_family_and_sees_its_children(town: Town) -> None:
    client = client_of(town.enzo)
    family = client.get(url(Household, "change", town.carla_family.pk)).content.decode()
    address = f"{url(Guardian, 'add')}?household={town.carla_family.pk}"
    assert f'href="{address}"' in family
    assert f'value="{town.carla_family.pk}" selected' in client.get(address).content.decode()
    form = {
        "household": str(town.carla_family.pk),
        "fiscal_code": cast.BRUNO.fiscal_code.lower(),
        "first_name": "Bruno",
        "last_name": "Bianchi",
        "email": "bruno.nuovo@posta.example",
    }
    bruno = Guardian.objects.get(fiscal_code=cast.BRUNO.fiscal_code)
    wrong = client.post(address, {**form, "fiscal_code": "BNCBRN82A01Z998X"})
    assert "codice fiscale non è valido" in html.unescape(wrong.content.decode())
    another = html.unescape(
        client.post(address, {**form, "first_name": "Carlo", "last_name": "Verdi"}).content.decode()
    )
    assert "già di una persona con un altro nome" in another
    assert 'value="Verdi"' in another, "what was typed is still there"
    assert not {"Bianchi", "Bruno", bruno.email} & set(another.replace('"', " ").replace("<", " ").split())
    assert bruno.memberships.count() == 1
    for spelling in ("Bianchi", "BIÀN CHI"):
        told = client.post(address, {**form, "last_name": spelling}, follow=True).content.decode()
        assert "restano i recapiti che aveva" in told
    bruno.refresh_from_db()
    assert (bruno.last_name, bruno.email) == ("Bianchi", "bruno@posta.example"), "taken as stored"
    assert bruno.memberships.count() == 2
    assert town.tommaso in Pupil.objects.of_parent(town.bruno)
    for user in (town.gino, town.auditor):
        assert client_of(user).get(address).status_code == 403
        read = client_of(user).get(url(Household, "change", town.carla_family.pk)).content.decode()
        assert "Aggiungi un genitore" not in read
