"""A page asks the database the same questions for two families and for twelve."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mensa import clock
from tests.guards.crawl import crowd
from tests.guards.crawl import scene as stage
from tests.guards.crawl.addresses import Address, every, urls
from tests.guards.crawl.scene import Scene
from tests.guards.crawl.walker import people

pytestmark = pytest.mark.django_db
WHO = ("Anna", "secretary", "kitchen", "office", "accounts")
#: Pages that write or fetch something for each row, by their nature, with the reason.
BY_NATURE: dict[str, str] = {}


@pytest.fixture
def scene(db: None) -> Iterator[Scene]:
    yield stage.build()
    clock.reset()


def measured(scene: Scene, who: str) -> dict[str, int]:
    """Address -> questions, for every page that this person may read."""
    client = people(scene)[who].client
    pages = [address for address in every() if _is_a_list(address)]
    return {
        url: asked
        for address in pages
        for url in urls(address, scene)[:1]
        if (asked := _questions(client, url)) is not None
    }


def _is_a_list(address: Address) -> bool:
    """The portal's own pages, and the lists of the panel."""
    own = address.access is not None and address.access != frozenset()
    return (own or address.name.endswith("_changelist")) and address.name not in BY_NATURE


def _questions(client: Client, url: str) -> int | None:
    """Read once to warm what is kept in memory, once to count. None: not a page for this person."""
    cookies = client.cookies
    with transaction.atomic():
        status = client.get(url).status_code
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        transaction.set_rollback(True)
    client.cookies = cookies
    return len(asked) if status == 200 else None


@pytest.mark.parametrize("who", WHO)
def test_a_page_asks_as_much_for_two_families_as_for_twelve(scene: Scene, who: str) -> None:
    few = measured(scene, who)
    crowd.grow(scene)
    many = measured(scene, who)
    grown = {url: (few[url], many[url]) for url in few if url in many and many[url] > few[url]}
    assert few
    assert not grown, grown


def test_the_meter_sees_a_page_that_asks_for_each_row(scene: Scene) -> None:
    """The control: the naive way, one question for each child."""
    from enrolments.models import Custody

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            [row.pupil.first_name for row in Custody.objects.all()]
        return len(asked)

    few = questions()
    crowd.grow(scene)
    assert questions() > few
