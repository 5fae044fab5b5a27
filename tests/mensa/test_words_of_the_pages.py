"""Money, days and pieces of page, as the templates write them."""

import datetime as dt
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template

from identity.templatetags import pages
from mensa import dashboard


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal("12.5"), "12,50\xa0€"),
        (
            Decimal("-4.355").quantize(Decimal("0.01")),
            "−4,36\xa0€",
        ),  # half to even: the ledger never gives one
        (Decimal("1234567.8"), "1.234.567,80\xa0€"),
        (0, "0,00\xa0€"),
        (None, "–"),
    ],
)
def test_euro_is_written_the_italian_way(amount: Decimal | None, written: str) -> None:
    assert pages.euro(amount) == written


def test_a_movement_says_its_direction() -> None:
    assert [pages.signed_euro(Decimal(value)) for value in ("50", "-3.40", "0")] == [
        "+50,00\xa0€",
        "−3,40\xa0€",
        "0,00\xa0€",
    ]


def test_days_are_written_in_italian_on_the_wall_clock_of_rome() -> None:
    assert pages.day(dt.date(2026, 11, 24)) == "martedì 24 novembre 2026"
    assert pages.day_month(dt.date(2027, 2, 1)) == "1º febbraio"
    assert pages.short_day(dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC)) == "mar 24 nov"
    assert pages.day(None) == "–"


def test_an_italian_number_opens_its_whatsapp_chat() -> None:
    assert pages.whatsapp("379 197 2960") == "https://wa.me/393791972960"
    assert pages.whatsapp("+39 379 197 2960") == "https://wa.me/393791972960"


def test_an_icon_is_silent_unless_it_has_a_meaning() -> None:
    assert 'aria-hidden="true"' in pages.icon("meal")
    assert 'role="img" aria-label="Assente"' in pages.icon("ban", label="Assente")
    assert "<b>" not in pages.icon("ban", label="<b>")


class Everything(forms.Form):
    amount = forms.DecimalField(label="Importo", help_text="Da 5,00 € in su.", min_value=5)
    day = forms.DateField(label="Giorno", widget=forms.DateInput(attrs={"type": "date", "class": "narrow"}))
    how = forms.ChoiceField(label="Come", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    note = forms.CharField(label="Nota", required=False)
    sure = forms.BooleanField(label="Confermo")


def test_every_field_ties_its_label_help_and_error_together() -> None:
    page = str(Everything({"amount": "2", "day": "2026-11-24", "how": "a", "sure": "on"}))
    assert '<label for="id_amount">Importo</label>' in page
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in page
    assert 'id="id_amount_error"' in page
    assert 'aria-invalid="true"' in page
    assert "narrow" in page
    assert "<legend>Come</legend>" in page
    assert "Nota <span" in page
    assert page.count("(facoltativo)") == 1


def test_a_form_of_ours_never_marks_up_an_error() -> None:
    form = Everything({})
    form.add_error(None, "<script>alert(1)</script>")
    assert "<script>" not in str(form)


def test_a_long_job_shows_how_far_it_is() -> None:
    page = Template('{% progress 30 120 "Avvisi emessi" 2 %}').render(Context())
    assert "30 di 120, 2 da rivedere" in page
    assert '<progress max="120" value="32"' in page
    assert '<progress max="1" value="0"' in Template('{% progress 0 0 "Avvisi" %}').render(Context())


@pytest.mark.parametrize(
    ("balance", "prices", "words"),
    [
        ("34.00", ["3.40"], "Basta per circa 10 pasti."),
        ("34.00", ["3.40", "2.89"], "Basta per circa 10 pasti."),
        ("3.40", ["3.40"], "Basta per un pasto."),
        ("3.39", ["3.40"], "Non basta per il prossimo pasto: ricarica appena puoi."),
        ("10.00", ["0.00"], "Nessun pasto da pagare al momento."),
        ("-1.00", ["3.40"], "È sotto zero: i bambini mangiano lo stesso, ricarica appena puoi."),
    ],
)
def test_the_balance_is_said_in_meals(balance: str, prices: list[str], words: str) -> None:
    assert dashboard.balance_words(Decimal(balance), [Decimal(price) for price in prices]) == words
