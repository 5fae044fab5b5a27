"""The portal and a simulated identity provider that know each other, without a network between them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client

from identity.local_idp import keys, messages
from identity.local_idp.people import DemoPerson
from identity.local_idp.registration import register
from identity.models import IdentityProvider
from identity.spid import service
from tests.identity.documents import encoded

ANNA = DemoPerson("RSSNNA85M41A893X", "Anna", "Rossi", "1985-08-01", "anna@posta.example")
BRUNO = DemoPerson("BNCBRN82A01A893T", "Bruno", "Bianchi", "1982-01-01")


@dataclass(frozen=True)
class Idp:
    """A simulated provider: its registry row, its folder with the key."""

    row: IdentityProvider
    folder: Path

    @property
    def key(self) -> str:
        return keys.load(self.folder)[0]

    @property
    def certificate(self) -> str:
        return keys.load(self.folder)[1]

    def question(self, url: str) -> messages.Question:
        """What the provider reads in the address where the portal sent the browser."""
        client = messages.read_metadata((self.folder / "sp-spid.xml").read_bytes())
        return messages.read_question(urlsplit(url).query, [client])

    def answer(self, url: str, person: DemoPerson = ANNA) -> str:
        root = messages.signed_answer(
            self.question(url),
            person,
            issuer=self.row.entity_id,
            key=self.key,
            certificate=self.certificate,
            now=datetime.now(tz=UTC),
        )
        return encoded(root)


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are slow to make: one folder for the whole run."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(autouse=True)
def _portal_keys(settings: object, keyring: Path) -> None:
    settings.SPID_KEYS_DIR = keyring / "portal"  # type: ignore[attr-defined]
    cache.clear()


@pytest.fixture
def idp(db: None, keyring: Path) -> Idp:
    return _registered(keyring, "primo", "http://127.0.0.1:8001/idp")


@pytest.fixture
def other_idp(db: None, keyring: Path) -> Idp:
    return _registered(keyring, "secondo", "http://127.0.0.1:8001/altro")


def _registered(keyring: Path, code: str, base_url: str) -> Idp:
    row = register(
        base_url, now=datetime.now(tz=UTC), folder=keyring / code, code=code, name=code.capitalize()
    )
    return Idp(row, keyring / code)


@pytest.fixture
def ask(client: Client) -> Callable[..., str]:
    """Press the provider's button in a browser; where it is sent."""

    def press(idp: Idp, browser: Client = client, query: str = "") -> str:
        response = browser.get(f"/accesso/spid/entra/{idp.row.code}/{query}")
        assert response.status_code == 302, response.content
        return str(response["Location"])

    return press


def deliver(browser: Client, response: str) -> Any:
    """The provider's page posts the response; the browser follows the portal's redirect, without looking at where it ends."""
    parked = browser.post("/accesso/spid/acs/", {"SAMLResponse": response, "RelayState": "x"})
    if parked.status_code != 302:
        return parked
    return browser.get(parked["Location"])


def signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def portal() -> service.ServiceProvider:
    assert django_settings.TESTING
    return service.of(service.Scheme.SPID)
