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


CARELESS = {
    "kitchen": {"plates: shows diagnosis", "debts: speaks of euro"},
    "secretary": {"plates: shows diagnosis", "debts: speaks of euro"},
    "Carla": {"any_child: is of another family and is found", "any_child: shows Luca, of another family"},
    "office": {
        "unlogged: shows ISEE and nobody writes it down",
        "unlogged: shows diagnosis and nobody writes it down",
        "broken: broke with RuntimeError",
    },
    "auditor": {"menus: shows the code of a diet"},
    "accounts": {"unlogged: shows diagnosis", "unguarded: is not for this role"},
    "anonymous": {"everybody: shows BNCLCU18C10Z998N", "unguarded: is not for this role"},
}


@pytest.mark.parametrize("who", CARELESS)
def test_the_crawl_finds_what_a_careless_page_shows(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """The control: a portal with pages that leak, and the crawl that must say which."""
    settings.ROOT_URLCONF = "tests.guards.crawl.careless"
    monkeypatch.setitem(RECIPES, "careless:any_child", lambda scene: {"code": scene.luca.code})
    ours = [address for address in every() if address.name.startswith("careless:")]
    found = "\n".join(crawl(scene, people(scene)[who], ours))
    assert not [leak for leak in CARELESS[who] if leak not in found], found


def test_a_new_address_without_a_recipe_is_named(scene: Scene, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.guards.crawl.careless"
    assert [address.name for address in every() if not urls(address, scene)] == [
        "careless:any_child",
        "careless:forgotten",
    ]
