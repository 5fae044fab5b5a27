"""The simulated provider: it says what it is, and answers only who is registered and asks with a signature."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from identity.local_idp import people
from identity.local_idp.registration import register
from identity.local_idp.wsgi import LocalIdp, application
from identity.models import IdentityProvider
from identity.spid import toolkit
from tests.identity.conftest import ANNA, BRUNO, Idp

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]


def visit(
    app: object, path: str, query: str = "", form: dict[str, str] | None = None
) -> tuple[str, str, dict[str, str]]:
    body = urlencode(form or {}).encode()
    seen: dict[str, object] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        seen.update(status=status, headers=dict(headers))

    environ = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": "POST" if form is not None else "GET",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    page = b"".join(app(environ, start))  # type: ignore[operator]
    return str(seen["status"]), page.decode(), seen["headers"]  # type: ignore[return-value]


@pytest.fixture
def provider(idp: Idp) -> LocalIdp:
    people.write([ANNA, BRUNO, people.DemoPerson("X" * 16, "<b>Zoe</b>", "d'Este", "1990-01-01")], idp.folder)
    return LocalIdp(idp.folder, idp.row.entity_id)


def test_it_says_that_it_is_a_simulation(provider: LocalIdp, idp: Idp, ask: Ask) -> None:
    status, page, headers = visit(provider, "/sso", urlsplit(ask(idp)).query)

    assert status == "200 OK"
    assert "SIMULAZIONE" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "<b>Zoe</b>" not in page


def test_it_finds_a_person_by_name(provider: LocalIdp, idp: Idp, ask: Ask) -> None:
    query = urlsplit(ask(idp)).query
    _, page, _ = visit(provider, "/sso", query, {"cerca": "bruno bian"})

    assert BRUNO.fiscal_code in page
    assert ANNA.fiscal_code not in page


def test_it_publishes_signed_metadata(provider: LocalIdp, idp: Idp) -> None:
    _, page, _ = visit(provider, "/metadata")

    assert toolkit.has_valid_signature(page.encode(), idp.certificate)


@pytest.mark.parametrize("query", ["", "SAMLRequest=x", "SAMLRequest=%%&RelayState=x&SigAlg=x&Signature=x"])
def test_it_refuses_a_request_that_is_none(provider: LocalIdp, query: str) -> None:
    assert visit(provider, "/sso", query)[0] == "400 Bad Request"


def test_it_refuses_a_service_it_does_not_know(provider: LocalIdp, idp: Idp, ask: Ask) -> None:
    url = ask(idp)
    (idp.folder / "sp-spid.xml").unlink()

    assert "non è registrato" in visit(provider, "/sso", urlsplit(url).query)[1]


def test_it_has_no_other_page(provider: LocalIdp) -> None:
    assert visit(provider, "/altro")[0] == "404 Not Found"


def test_the_demo_s_one_answers_where_the_settings_say(client: Client) -> None:
    call_command("spid_local_idp", stdout=StringIO())

    assert IdentityProvider.objects.get().sso_url == f"{settings.SIMULATORS_URL}/idp/sso"
    assert visit(application, "/metadata")[0] == "200 OK"


def test_a_second_start_on_other_ports_moves_the_provider(db: None, tmp_path: Path) -> None:
    first = register("http://127.0.0.1:8001/idp", now=datetime.now(tz=UTC), folder=tmp_path)
    second = register("http://127.0.0.1:8003/idp", now=datetime.now(tz=UTC), folder=tmp_path)

    assert first.pk == second.pk
    assert IdentityProvider.objects.get().sso_url == "http://127.0.0.1:8003/idp/sso"
