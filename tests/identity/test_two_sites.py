"""The whole login over HTTP, portal and identity provider on two different sites, then in a real browser."""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import httpx
import pytest
from django.core.cache import cache

from identity.local_idp import people
from identity.local_idp.registration import register
from identity.local_idp.wsgi import LocalIdp
from identity.models import User
from tests.identity.conftest import ANNA, BRUNO

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def sites(live_server: object, settings: object, keyring: Path) -> Iterator[tuple[str, str]]:
    """The portal on localhost, the provider on 127.0.0.1: for a browser these are two sites."""
    portal = str(live_server.url)  # type: ignore[attr-defined]
    settings.BASE_URL = portal  # type: ignore[attr-defined]
    folder = keyring / "over-http"
    people.write([ANNA, BRUNO], folder)
    server = _Server(("127.0.0.1", 0), _Quiet)
    provider = LocalIdp(folder, f"http://127.0.0.1:{server.server_port}/idp")
    server.set_app(lambda environ, start: provider({**environ, "PATH_INFO": environ["PATH_INFO"][4:]}, start))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    register(provider.entity_id, now=datetime.now(tz=UTC), folder=folder)
    cache.clear()
    yield portal, provider.entity_id
    server.shutdown()
    server.server_close()
    thread.join()


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found, page
    return unescape(found.group(1))


@pytest.mark.django_db(transaction=True)
def test_anna_signs_in_over_http(sites: tuple[str, str]) -> None:
    portal, _ = sites
    with httpx.Client() as browser:
        asked = browser.get(f"{portal}/accesso/spid/entra/simulazione/")
        choice = browser.get(asked.headers["location"])
        assert "SIMULAZIONE" in choice.text
        assert "Anna" in choice.text
        back = browser.post(asked.headers["location"], data={"persona": ANNA.fiscal_code})
        fields = {name: hidden(back.text, name) for name in ("SAMLResponse", "RelayState")}
        answer = browser.post(f"{portal}/accesso/spid/acs/", data=fields)
        assert answer.status_code == 302
        finished = browser.get(portal + answer.headers["location"])
        assert (finished.status_code, finished.headers["location"]) == (302, "/")
    assert User.objects.get().fiscal_code == ANNA.fiscal_code


@pytest.mark.django_db(transaction=True)
def test_the_provider_refuses_a_request_that_was_changed_on_the_way(sites: tuple[str, str]) -> None:
    portal, _ = sites
    url = httpx.get(f"{portal}/accesso/spid/entra/simulazione/").headers["location"]

    assert httpx.get(url).status_code == 200
    assert httpx.get(url.replace("RelayState=", "RelayState=x")).status_code == 400


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="Chromium non è installato: si salta la prova nel browser")
@pytest.mark.django_db(transaction=True)
def test_anna_signs_in_with_a_real_browser_across_two_sites(
    sites: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    portal, _ = sites
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(f"{portal}/accesso/")
        page.get_by_text("Entra con SPID").click()
        page.get_by_role("link", name="Gestore di prova").click()
        page.get_by_role("button", name="Anna Rossi").click()
        page.wait_for_url(f"{portal}/**")
        names = {cookie["name"]: cookie for cookie in page.context.cookies()}
        chromium.close()
    assert names["sessionid"]["sameSite"] == "Lax"
    assert User.objects.get().fiscal_code == ANNA.fiscal_code
    assert [problem for problem in problems if "Content Security Policy" in problem] == []
