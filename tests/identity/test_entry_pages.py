"""The entry page, and the page for whom no family knows."""

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from identity.models import Role, User
from tests.identity.conftest import Idp, deliver

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]


def test_the_entry_page_lists_every_provider_without_script(client: Client, idp: Idp, other_idp: Idp) -> None:
    page = client.get("/accesso/").content.decode()

    assert "<details" in page
    assert "/accesso/spid/entra/primo/" in page
    assert "/accesso/spid/entra/secondo/" in page
    for link in ("Maggiori informazioni", "Non hai SPID?", "Serve aiuto?"):
        assert link in page
    remote = re.findall(r'(?:src|href)="(https?:)?//', page)
    assert not [match for match in remote if match], "a remote resource"


def test_no_provider_is_always_first(client: Client, idp: Idp, other_idp: Idp) -> None:
    first = set()
    for _ in range(40):
        page = client.get("/accesso/").content.decode()
        first.add(page.index("entra/primo") < page.index("entra/secondo"))

    assert first == {True, False}


def test_without_providers_the_page_says_so(client: Client, db: None) -> None:
    assert "non è attivo in questo momento" in client.get("/accesso/").content.decode()


def test_the_page_that_was_asked_travels_with_the_choice(client: Client, idp: Idp) -> None:
    assert "entra/primo/?next=%2Ffamiglia%2F" in client.get("/accesso/?next=/famiglia/").content.decode()
    assert "truffa" not in client.get("/accesso/?next=https://truffa.example/").content.decode()


def test_somebody_already_inside_goes_home(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))

    assert client.get("/accesso/")["Location"] == "/"


def test_whom_no_family_knows_reads_whom_to_call(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    home = client.get("/", follow=True)

    assert home.redirect_chain[-1][0] == "/accesso/sconosciuto/"
    page = home.content.decode()
    assert "Chi chiamare" in page
    assert "Ufficio" in page


def test_the_page_of_the_unknown_is_for_parents(client: Client) -> None:
    assert client.get("/accesso/sconosciuto/").status_code == 302
    client.force_login(User.objects.create(username="franca", role=Role.KITCHEN))
    assert client.get("/accesso/sconosciuto/").status_code == 403


def test_the_help_page_has_the_places_the_button_links_to(client: Client) -> None:
    page = client.get("/accesso/informazioni/").content.decode()

    for anchor in ("informazioni", "non-hai-spid", "aiuto", "cie"):
        assert f'id="{anchor}"' in page


def test_too_many_requests_from_one_place_are_slowed_down(client: Client, idp: Idp, settings: object) -> None:
    settings.SPID_REQUESTS_PER_MINUTE = 3  # type: ignore[attr-defined]
    with time_machine.travel("2026-11-24T08:00:10Z", tick=False):
        asked = [client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code for _ in range(5)]
        answered = client.post("/accesso/spid/acs/", {"SAMLResponse": "AAAA"}).status_code
        elsewhere = client.get(f"/accesso/spid/entra/{idp.row.code}/", REMOTE_ADDR="198.51.100.7").status_code
    with time_machine.travel("2026-11-24T08:01:10Z", tick=False):
        a_minute_later = client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code

    assert asked == [302, 302, 302, 429, 429]
    assert (answered, elsewhere, a_minute_later) == (429, 302, 302)
