"""The addresses of the urlconf in use, and the arguments with which each one is opened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.guards.crawl.recipes import RECIPES
from tests.guards.crawl.scene import Scene

#: Not pages: they redirect to one of the others (an old address of the panel, whatever the panel does not know).
NOT_PAGES = {"RedirectView", "catch_all_view"}


@dataclass(frozen=True)
class Address:
    """``access``: the roles its view lets in, empty for everybody; None where the view guards itself (panel, second factor)."""

    name: str
    has_arguments: bool
    access: frozenset[str] | None

    @property
    def is_panel(self) -> bool:
        return self.name.startswith("admin:")


def every() -> list[Address]:
    """Each name once, whatever the number of its patterns."""
    found: dict[str, Address] = {}
    for name, pattern in _patterns():
        if getattr(pattern.callback, "view_class", pattern.callback).__name__ in NOT_PAGES:
            continue
        access = getattr(pattern.callback, "access", None)
        roles = None if access is None else frozenset(str(role) for role in access)
        found.setdefault(name, Address(name, bool(pattern.pattern.regex.groupindex), roles))
    return list(found.values())


def _patterns(items: list[Any] | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for item in get_resolver().url_patterns if items is None else items:
        if isinstance(item, URLResolver):
            yield from _patterns(
                item.url_patterns, f"{namespace}{item.namespace}:" if item.namespace else namespace
            )
        elif isinstance(item, URLPattern):
            yield f"{namespace}{item.name}", item


def urls(address: Address, scene: Scene) -> list[str]:
    """The addresses to open: none means that nobody has written how (the test names it)."""
    if not address.has_arguments:
        return [reverse(address.name)]
    if address.is_panel:
        return _panel(address.name)
    recipe: Callable[[Scene], Any] | None = RECIPES.get(address.name)
    if recipe is None:
        return []
    made = recipe(scene)
    return [reverse(address.name, kwargs=kwargs) for kwargs in (made if isinstance(made, list) else [made])]


def _panel(name: str) -> list[str]:
    """The first row of each table of the panel; a table that is empty is asked for a row that is not there."""
    if name == "admin:app_list":
        return [
            reverse(name, args=[label])
            for label in sorted({model._meta.app_label for model in _registered()})
        ]
    if name == "admin:view_on_site":
        return [reverse(name, args=["1", "1"])]
    if name == "admin:auth_user_password_change":
        return []
    for model in _registered():
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return [reverse(name, args=[_first(model)])]
    return []


def _registered() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model in admin.site._registry]


def _first(model: type[models.Model]) -> str:
    row = model._default_manager.order_by("pk").first()
    return quote(str(row.pk), safe="") if row else "0"
