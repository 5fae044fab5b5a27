"""The portal's own pages: home per role, help, refusals, health."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from enrolments.models import HelpDesk
from identity.models import User

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.mark.parametrize("name", ["home", "help", "privacy", "accessibility"])
def test_anybody_may_read_the_public_pages(client: Client, name: str) -> None:
    page = client.get(reverse(f"mensa:{name}"))
    assert page.status_code == 200
    assert " - Mensa scolastica - Comune di Bitritto</title>" in page.content.decode()


def test_home_sends_each_role_to_its_work(
    client_of: ClientOf, anna: User, dora: User, franca: User, enzo: User, gino: User
) -> None:
    homes = [client_of(user).get("/").headers["Location"] for user in (anna, dora, franca, enzo, gino)]
    assert homes == ["/famiglia/", "/scuola/", "/cucina/", "/ufficio/", "/ufficio/"]


def test_help_says_when_and_how_to_reach_the_office(client: Client) -> None:
    HelpDesk.objects.update_or_create(
        id=1, defaults={"whatsapp": "379 197 2960", "opening_hours": "giovedì 10:00-12:00 e 15:00-17:00"}
    )
    page = client.get(reverse("mensa:help")).content.decode()
    assert "Giovedì 10:00-12:00 e 15:00-17:00" in page
    assert "https://wa.me/393791972960" in page
    assert "entro le 09:00" in page


def test_the_family_page_is_for_parents_only(client: Client, client_of: ClientOf, dora: User) -> None:
    assert client.get("/famiglia/").headers["Location"].startswith("/accesso/")
    assert client_of(dora).get("/famiglia/").status_code == 403


def test_the_office_page_is_for_the_office(client_of: ClientOf, anna: User, enzo: User) -> None:
    assert client_of(anna).get("/ufficio/").status_code == 403
    assert client_of(enzo).get("/ufficio/").status_code == 200


def test_a_wrong_address_gets_a_page_in_italian(client: Client) -> None:
    page = client.get("/non/esiste/")
    assert page.status_code == 404
    assert "Questa pagina non c'è" in page.content.decode()


def test_a_button_opened_as_an_address_gets_a_page(client: Client) -> None:
    page = client.get(reverse("mensa:demo_clock"), headers={"Accept": "text/html"})
    assert page.status_code == 405
    assert page.headers["Allow"] == "POST"
    assert "Così non si può fare" in page.content.decode()


def test_a_form_without_its_token_is_refused_with_a_page(settings: Settings) -> None:
    page = Client(enforce_csrf_checks=True).post(reverse("mensa:demo_clock"))
    assert page.status_code == 403
    assert "Il modulo è scaduto" in page.content.decode()


def test_too_much_data_is_refused_with_its_remedy(client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    settings.DEMO = True
    page = client.post(reverse("mensa:demo_clock"), {"action": "x" * 100})
    assert page.status_code == 413
    assert "Il file è troppo grande" in page.content.decode()


def test_the_pages_of_a_broken_portal_need_nothing() -> None:
    from django.template.loader import render_to_string

    for name in ("400.html", "413.html", "500.html"):
        assert "Mensa scolastica</title>" in render_to_string(name)


def test_health_says_whether_the_portal_stands(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/salute/").json() == {"stato": "ok"}

    def down() -> None:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", down)
        broken = client.get("/salute/")
    assert (broken.status_code, broken.json()) == (503, {"stato": "fermo"})


def test_the_demo_clock_stands_still_outside_the_demo(client: Client) -> None:
    assert client.post(reverse("mensa:demo_clock"), {"action": "tomorrow"}).status_code == 404


def test_every_page_forbids_what_is_not_its_own(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_log_of_a_request_leaves_out_what_was_searched(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        client.get("/aiuto/?q=Chiarappa")
    assert "GET /aiuto/" in caplog.text
    assert "Chiarappa" not in caplog.text
