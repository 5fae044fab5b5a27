"""The simulated app IO: as strict as the published description, and a page on which a demo shows what has arrived."""

import copy
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from payments import app_io, configuration
from payments.configuration import simulator_secret
from payments.gateways.app_io import AppIo, Letter, body_of
from payments.models import IoMessage, Notice
from tests import cast
from tests.payments.conftest import NOW, Simulator
from tests.payments.prism import prism  # noqa: F401 - a fixture
from tests.payments.test_app_io import WORDS

pytestmark = pytest.mark.django_db(transaction=True)
KEY = {"Ocp-Apim-Subscription-Key": simulator_secret()}
ANNA = cast.ANNA.fiscal_code
State = IoMessage.State


@pytest.fixture(autouse=True)
def _portal_of_the_demo(simulator: Simulator, settings: Any) -> None:
    """No key is set: the demo has its own way."""
    settings.DEMO, settings.APP_IO_KEYS = True, []
    simulator.node.clock = lambda: NOW


@pytest.fixture
def published(notice: Notice) -> Notice:
    Notice.objects.update(published_at=NOW)
    return notice


def post(simulator: Simulator, path: str, body: Any, headers: Any = KEY) -> httpx.Response:
    return httpx.post(
        f"{simulator.address}/io/api/v1{path}", json=body, headers=headers, trust_env=False, timeout=30
    )


def page(simulator: Simulator, **query: str) -> str:
    return httpx.get(f"{simulator.address}/io", params=query, trust_env=False, timeout=30).text


def find(simulator: Simulator, whose: str) -> httpx.Response:
    return httpx.post(f"{simulator.address}/io", data={"cf": whose}, trust_env=False, timeout=30)


def page_of(simulator: Simulator, whose: str) -> str:
    return httpx.get(find(simulator, whose).headers["location"], trust_env=False, timeout=30).text


def choose(simulator: Simulator, state: str, whose: str = ANNA) -> httpx.Response:
    address = find(simulator, whose).headers["location"]
    return httpx.post(address, data={"stato": state}, trust_env=False, timeout=30)


def tell() -> int:
    return app_io.tell(limit=50, now=NOW)


# -- the demo -----------------------------------------------------------------------------------------------------------
def test_in_the_demo_the_page_shows_what_a_parent_would_read(simulator: Simulator, published: Notice) -> None:
    tell()
    shown = page(simulator)
    assert "SIMULAZIONE" in shown
    assert "Mensa scolastica: avviso di pagamento" in shown
    assert "<strong>Importo</strong>: 102,00 euro" in shown
    assert f"/node/sportello?numero={published.nav}" in shown


def test_the_button_of_the_message_leads_to_where_it_is_paid(simulator: Simulator, published: Notice) -> None:
    tell()
    link = f"{simulator.address}/sportello?numero={published.nav}"
    assert link in page(simulator)
    assert "Paga in contanti" in httpx.get(link, trust_env=False, timeout=30).text


def test_the_demo_never_writes_to_the_real_app(settings: Any) -> None:
    settings.APP_IO_KEYS, settings.APP_IO_URL = ["a-real-key"], "https://api.io.example/api/v1"
    assert configuration.app_io().address.startswith(settings.SIMULATORS_URL)
    settings.DEMO = False
    assert configuration.app_io().address == "https://api.io.example/api/v1"


def test_the_messages_of_one_person_are_shown_alone(simulator: Simulator, published: Notice) -> None:
    tell()
    assert "avviso di pagamento" in page_of(simulator, f" {ANNA.lower()} ")
    assert "Ancora nessun messaggio" in page_of(simulator, cast.CARLA.fiscal_code)


def test_no_fiscal_code_stands_in_an_address_of_the_simulator(
    simulator: Simulator, published: Notice
) -> None:
    tell()
    at = find(simulator, ANNA).headers["location"]
    shown = page(simulator)
    assert ANNA in shown
    assert at in shown
    addresses = re.findall(r'(?:href|action)="([^"]*)"', shown + page_of(simulator, ANNA))
    assert not [address for address in [at, *addresses] if ANNA in address]
    assert page(simulator, cf=cast.CARLA.fiscal_code) == shown


@pytest.mark.parametrize("state", ["off", "nobody"])
def test_who_does_not_use_it_is_found_out_and_not_written_to(
    simulator: Simulator, published: Notice, state: str
) -> None:
    assert choose(simulator, state).status_code == 303
    assert tell() == 0
    assert set(IoMessage.objects.values_list("state", flat=True)) == {State.UNREACHABLE}
    assert "Ancora nessun messaggio" in page(simulator)


def test_a_state_that_does_not_exist_is_refused(simulator: Simulator) -> None:
    assert choose(simulator, "perhaps").status_code == 400
    wrong = find(simulator, "<i>X")
    assert wrong.status_code == 400
    assert "Il codice fiscale non è scritto bene" in wrong.text
    assert "<i>" not in wrong.text
    unknown = httpx.get(f"{simulator.address}/io/999", trust_env=False, timeout=30)
    assert unknown.status_code == 404


def test_nothing_that_a_message_says_becomes_part_of_the_page(simulator: Simulator) -> None:
    body = body_of(Letter(ANNA, "Mensa <b>scolastica</b>", "<script>alert(1)</script>" * 4))
    assert post(simulator, "/messages", body).status_code == 201
    shown = page(simulator)
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


# -- the published description -------------------------------------------------------------------------------------------
def test_every_message_of_the_portal_is_taken(simulator: Simulator, notice: Notice) -> None:
    app = AppIo()
    assert app.may_write_to(ANNA)
    for words in WORDS:
        for about in (None, notice):
            assert app.send(Letter(ANNA, words.subject, words.text, about))


def test_a_message_to_who_has_switched_it_off_is_taken_and_shown_to_nobody(simulator: Simulator) -> None:
    choose(simulator, "off")
    assert AppIo().send(Letter(ANNA, WORDS[0].subject, WORDS[0].text))
    assert "Ancora nessun messaggio" in page(simulator)


def test_without_the_key_nothing_is_answered(simulator: Simulator) -> None:
    for headers in ({}, {"Ocp-Apim-Subscription-Key": "wrong"}):
        assert post(simulator, "/profiles", {"fiscal_code": ANNA}, headers).status_code == 401
        assert post(simulator, "/messages", {}, headers).status_code == 401


#: Where, what, and whether the published description alone can tell.
WRONG: list[tuple[str, Any, bool]] = [
    ("content", None, True),
    ("content.subject", "corto", True),
    ("content.subject", "x" * 121, True),
    ("content.markdown", "x" * 79, True),
    ("content.markdown", "x" * 10_001, True),
    ("content.due_date", "2026-12-24", False),
    ("content.due_date", "2026-02-30T00:00:00Z", False),
    ("content.payment_data.amount", 0, True),
    ("content.payment_data.amount", 10_000_000_000, True),
    ("content.payment_data.amount", "10200", True),
    ("content.payment_data.notice_number", "9" * 18, True),
    ("content.payment_data.notice_number", "3" * 17, True),
    ("content.payment_data.invalid_after_due_date", "no", True),
    ("content.payment_data.payee", {}, True),
    ("content.payment_data.payee", {"fiscal_code": "999"}, False),
    ("time_to_live", 60, True),
    ("time_to_live", 604_801, True),
    ("fiscal_code", "ANNA", False),
    ("feature_level_type", "SPECIAL", False),
]


def spoiled(notice: Notice, where: str, value: Any) -> dict[str, Any]:
    body = copy.deepcopy(body_of(Letter(ANNA, WORDS[0].subject, WORDS[0].text, notice)))
    *path, last = where.split(".")
    inner = body
    for name in path:
        inner = inner[name]
    inner[last] = value
    return body


def test_what_is_not_as_described_is_refused_and_named(simulator: Simulator, notice: Notice) -> None:
    for where, value, _ in WRONG:
        answer = post(simulator, "/messages", spoiled(notice, where, value))
        assert (answer.status_code, answer.json()["detail"]) == (400, where), (where, value)
    for broken in ({}, {"fiscal_code": 7}, {"fiscal_code": ANNA.lower()}):
        assert post(simulator, "/profiles", broken).status_code == 400
    assert "Ancora nessun messaggio" in page(simulator)


def test_the_description_refuses_the_same(
    notice: Notice,
    prism: Callable[[str], str],  # noqa: F811
) -> None:
    address = prism("io-services_api_public.yaml")
    for where, value, told in WRONG:
        if told:
            body = spoiled(notice, where, value)
            answer = httpx.post(f"{address}/messages", json=body, headers=KEY, trust_env=False, timeout=30)
            assert answer.status_code in {400, 422}, (where, value)
