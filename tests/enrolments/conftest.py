"""A clock that a test moves by hand."""

from collections.abc import Callable, Iterator

import pytest

from mensa import clock
from tests.cast import at


@pytest.fixture
def move_clock() -> Iterator[Callable[[str], None]]:
    yield lambda moment: clock.move_to(at(moment))
    clock.reset()
