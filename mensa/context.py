"""What every page needs: the town, the menu of the role, the clock of the demo."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from enrolments.models import HelpDesk
from identity.models import Role
from mensa import clock

MENU: dict[str, tuple[tuple[str, str], ...]] = {
    Role.PARENT: (("La mia famiglia", "mensa:family"), ("Aiuto", "mensa:help")),
    Role.SECRETARY: (("Appello di oggi", "attendance:school"), ("Aiuto", "mensa:help")),
    Role.KITCHEN: (("Foglio di oggi", "attendance:kitchen"),),
    Role.OFFICE: (
        ("Ufficio mensa", "mensa:office"),
        ("Pannello", "admin:index"),
        ("Cucina", "attendance:kitchen"),
    ),
    Role.ACCOUNTS: (("Ufficio mensa", "mensa:office"), ("Pannello", "admin:index")),
    Role.AUDITOR: (("Ufficio mensa", "mensa:office"), ("Pannello", "admin:index")),
}
PUBLIC_MENU = (("Il servizio", "mensa:home"), ("Aiuto", "mensa:help"))

#: Group, then (title, URL name, icon, roles that may open it).
OFFICE_TOOLS: tuple[tuple[str, tuple[tuple[str, str, str, frozenset[str]], ...]], ...] = ()


def help_desk() -> HelpDesk:
    """How to reach the office; before the office has filled the row in, the model's own defaults."""
    return HelpDesk.objects.first() or HelpDesk()


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor; one query, for the help desk, and only where the page shows it."""
    role = getattr(request.user, "role", "")
    return {
        "town": {"name": settings.TOWN_NAME, "city": settings.TOWN_CITY, "region": settings.TOWN_REGION},
        "help_desk": SimpleLazyObject(help_desk),
        "demo": settings.DEMO,
        "now": clock.now(),
        "nav": _links(request, MENU.get(role, PUBLIC_MENU)),
        "office_menu": _office_menu(request, role),
    }


def _links(request: HttpRequest, entries: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [
        {"title": title, "url": url, "here": request.path == url}
        for title, url in ((title, reverse(name)) for title, name in entries)
    ]


def _office_menu(request: HttpRequest, role: str) -> list[dict[str, Any]]:
    groups = []
    for title, tools in OFFICE_TOOLS:
        links = [
            {"title": label, "url": url, "image": image, "here": request.path.startswith(url)}
            for label, url, image, allowed in ((t, reverse(n), i, a) for t, n, i, a in tools)
            if role in allowed
        ]
        if links:
            groups.append({"title": title, "links": links})
    return groups
