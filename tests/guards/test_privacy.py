"""Every address as every role: nobody sees what is not theirs, nothing breaks, every opened drawer is written down."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from identity.spid import keys, service
from mensa import clock
from tests.guards.crawl import scene as stage
from tests.guards.crawl.addresses import every, urls
from tests.guards.crawl.recipes import RECIPES
from tests.guards.crawl.scene import Scene
from tests.guards.crawl.walker import crawl, people

pytestmark = pytest.mark.django_db
EVERYBODY = ("anonymous", "Anna", "Carla", "secretary", "kitchen", "office", "accounts", "auditor")


@pytest.fixture(scope="session")
def spid_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slow to make: once for all."""
    folder = tmp_path_factory.mktemp("keys")
    keys.create(folder, service.certificate_subject(), now=datetime.now(tz=UTC))
    return folder


@pytest.fixture
def scene(db: None, settings: Settings, spid_keys: Path) -> Iterator[Scene]:
    settings.SPID_KEYS_DIR = spid_keys
    yield stage.build()
    clock.reset()


def test_every_address_has_its_recipe(scene: Scene) -> None:
    """A new address with arguments wants a line in tests/guards/crawl/recipes.py."""
    assert not [address.name for address in every() if not urls(address, scene)]
    assert not set(RECIPES) - {address.name for address in every()}, "recipes of addresses that are no more"


@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_sees_what_is_not_theirs(scene: Scene, who: str) -> None:
    found = crawl(scene, people(scene)[who])
    assert not found, "\n".join(found)
