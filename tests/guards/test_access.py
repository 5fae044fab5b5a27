"""Default deny: every address says who may open it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from identity.middleware import states_its_access
from tests.guards.source import APPS


def test_every_address_says_who_may_open_it() -> None:
    """An address written twice is answered by its first view."""
    first = {route: (name, view) for route, name, view in reversed(list(_addresses()))}
    silent = [route for route, (name, view) in first.items() if not states_its_access(view, name)]
    assert not silent, f"views without @roles or @public: {silent}"


def test_a_view_that_says_nothing_would_be_found() -> None:
    def view_of_a_careless_developer() -> None: ...

    assert not states_its_access(view_of_a_careless_developer, "mensa:careless")


def test_every_address_of_ours_has_a_name() -> None:
    assert not [
        route for route, name, view in _addresses() if name.endswith(view.__module__) and _is_ours(view)
    ]


def _is_ours(view: Callable[..., Any]) -> bool:
    return view.__module__.split(".")[0] in APPS


def _addresses(
    patterns: list[Any] | None = None, route: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for item in get_resolver().url_patterns if patterns is None else patterns:
        here = f"{route}{item.pattern}"
        if isinstance(item, URLResolver):
            inner = f"{namespace}{item.namespace}:" if item.namespace else namespace
            yield from _addresses(item.url_patterns, here, inner)
        elif isinstance(item, URLPattern):
            yield here, f"{namespace}{item.name or item.callback.__module__}", item.callback
