"""The office loads an application in the morning; in the evening the child's lunch is in the family's statement, with its reason."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from enrolments.models import ApplicationBatch, Household, Pupil
from identity.models import User
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words
from tests.mensa.test_intake import GIULIA, sheet

pytestmark = pytest.mark.django_db
MARCO = cast.GuardianData(fiscal_code="MRRMRC85C10Z998O", first_name="Marco", last_name="Marrone")
ROW = GIULIA | {
    "applicant_code": MARCO.fiscal_code,
    "applicant_last": MARCO.last_name,
    "applicant_first": MARCO.first_name,
    "isee": "9.500,00",
    "isee_protocol": "INPS-ISEE-2026-00000077X-00",
    "isee_date": "10/02/2026",
    "first_day": "24/11/2026",
}


def test_from_the_list_to_a_debited_meal(
    canteen: cast.Town,
    browser: Callable[[User], Client],
    at: Callable[[str], None],
    night: Callable[[str], None],
) -> None:
    at("2026-11-23 10:00")
    office = browser(canteen.enzo)
    page = office.post("/ufficio/domande/", {"year": canteen.year.pk, "file": sheet(ROW)}, follow=True)
    assert "Righe pronte: 1" in words(page)
    office.post(reverse("mensa:intake_apply", args=[ApplicationBatch.objects.get().pk]))
    family = Household.objects.get(applicant__fiscal_code=MARCO.fiscal_code)
    assert balance(family) == "0.00"

    at("2026-11-24 08:40")
    marco = browser(cast.parent(MARCO))
    home = words(marco.get("/famiglia/"))
    assert "Giulia" in home
    assert "Mangia" in home

    night("2026-11-24")
    assert balance(family) == "-1.80"
    statement = words(marco.get(reverse("wallets:statement", args=[family.code])))
    assert "-1,80 €" in statement
    assert "Giulia" in statement

    night("2026-11-24")
    assert balance(family) == "-1.80", "the same evening again changes nothing"
    stranger = browser(canteen.carla)
    assert stranger.get(reverse("wallets:statement", args=[family.code])).status_code == 404
    assert Pupil.objects.get(first_name="Giulia").prices.exists()
    assert_books_tally()
