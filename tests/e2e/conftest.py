"""A real browser against the real portal, the simulated identity provider and the simulated pagoPA node, all on this machine.

Debian's Chromium is used (`apt install chromium`). Where there is none the tests are skipped, unless MENSA_REQUIRE_BROWSER=1.
MENSA_SCREENSHOTS=<folder> keeps a picture of every page that is looked at.
"""

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from attendance.models import CanteenPeriod
from identity.local_idp import people
from identity.local_idp.registration import register
from identity.local_idp.wsgi import application as identity_provider
from mensa import clock, simulators
from payments.simulator import wsgi as node
from tests import cast
from tests.e2e.visitor import PATIENCE, Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome")
TUESDAY_MORNING = cast.at("2026-11-24 08:40")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread: while it lives Django must not mind."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        reason = "manca Chromium: su Debian `apt install chromium`"
        if os.environ.get("MENSA_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        patch.delenv("FONTCONFIG_FILE", raising=False)
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None: ...


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """Keys, clock, uploads and the memory of the simulators are of this test alone."""
    settings.VAR_DIR = tmp_path
    settings.SPID_KEYS_DIR = tmp_path / "spid"
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path


@pytest.fixture
def outside(
    live_server: LiveServer, settings: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The identity provider and the pagoPA node of the demo, over HTTP on a port of their own."""
    settings.BASE_URL = live_server.url
    pagopa = node.make(portal=live_server.url, folder=files / "simulators", clock=clock.now)
    mounted = {"/idp": identity_provider, "/node": pagopa}
    monkeypatch.setattr(simulators, "_mounted", lambda: mounted)
    server = make_server("127.0.0.1", 0, simulators.application, _Threaded, _Quiet)
    settings.SIMULATORS_URL = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield settings.SIMULATORS_URL
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def portal(live_server: LiveServer, settings: Settings, outside: str) -> str:
    """The portal's address, on a Tuesday in November at 08:40; the cast may sign in with SPID."""
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    cache.clear()
    clock.move_to(TUESDAY_MORNING)
    people.write(
        [
            people.DemoPerson(
                who.fiscal_code, who.first_name, who.last_name, "1985-08-01", who.email, "prova"
            )
            for who in (cast.ANNA, cast.BRUNO, cast.CARLA)
        ]
    )
    register(now=clock.outside_now())
    return str(live_server.url)


@pytest.fixture
def open_town(town: cast.Town) -> cast.Town:
    """The canteen is open from October to May in both schools."""
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(
            school=school, year=town.year, valid_from=dt.date(2026, 10, 5), valid_to=dt.date(2027, 5, 28)
        )
    return town


@pytest.fixture(params=[390, 1280], ids=["telefono", "scrivania"])
def visitor(
    request: pytest.FixtureRequest, browser: Browser, portal: str, outside: str
) -> Iterator[Callable[[str], Visitor]]:
    """`visitor("anna")` opens a window of her own; what went wrong in any window fails the test at the end."""
    opened: list[Visitor] = []

    def enter(name: str) -> Visitor:
        context = browser.new_context(
            viewport={"width": request.param, "height": 844}, locale="it-IT", timezone_id="Europe/Rome"
        )
        context.set_default_timeout(PATIENCE)
        opened.append(Visitor(context, name, request.param, home=portal, allowed=(portal, outside)))
        return opened[-1]

    yield enter
    for one in opened:
        one.context.close()
    assert not [problem for one in opened for problem in one.problems]
