"""What Django's admin says: our catalogue covers the words it leaves in English or that do not agree in gender."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.core import checks
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import gettext

import mensa.urls  # noqa: F401 - the panel is gathered with the addresses that serve it
from mensa.request_log import RequestLogMiddleware
from tests.cast import Town, client_of

CATALOGUE = Path(settings.BASE_DIR) / "mensa/locale/it/LC_MESSAGES/django.po"
PAIRS = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', CATALOGUE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("english", "italian"), PAIRS)
def test_the_compiled_catalogue_follows_the_written_one(english: str, italian: str) -> None:
    assert gettext(english) == italian


def test_the_whole_panel_passes_djangos_checks() -> None:
    """Gathered late, it could escape ``manage.py check``."""
    assert len(admin.site._registry) > 30
    assert checks.run_checks(tags=["admin"]) == []


@pytest.mark.django_db
def test_the_panel_has_no_english_headings(town: Town) -> None:
    office = client_of(town.enzo)
    for page in (reverse("admin:index"), reverse("admin:enrolments_pupil_changelist")):
        body = office.get(page).content.decode()
        assert ">Elenco</th>" in body
        assert "Model name" not in body


@pytest.mark.django_db
def test_a_form_with_a_mistake_says_so_in_italian(town: Town) -> None:
    page = client_of(town.enzo).post(reverse("admin:enrolments_iseedeclaration_add"), {"value": "abc"})
    body = page.content.decode()
    assert "<title>Errore: " in body
    assert "Non è stato salvato niente" in body


def test_the_log_of_requests_leaves_out_what_was_searched() -> None:
    request = RequestFactory().get("/gestione/enrolments/pupil/", {"q": "rossi"})
    assert RequestLogMiddleware.format_request(request) == "GET /gestione/enrolments/pupil/"
