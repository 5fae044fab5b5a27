"""What every page needs: the town, the menu of the role, the clock of the demo."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
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

OFFICE_ONLY = frozenset({Role.OFFICE})
MONEY = frozenset({Role.OFFICE, Role.ACCOUNTS})
ALL = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})
#: Group, then (title, URL name, icon, roles that may open it).
OFFICE_TOOLS: tuple[tuple[str, tuple[tuple[str, str, str, frozenset[Role]], ...]], ...] = (
    (
        "Famiglie",
        (
            ("Ufficio mensa", "mensa:office", "home", ALL),
            ("Carica le domande", "mensa:intake", "upload", OFFICE_ONLY),
            ("Cambio d'anno", "mensa:years", "calendar", OFFICE_ONLY),
        ),
    ),
    (
        "Mensa",
        (
            ("Notti e addebiti", "attendance:nights", "moon", ALL),
            ("Presenze di un bambino", "attendance:pupils", "child", OFFICE_ONLY),
            ("Chiusure", "attendance:closures", "calendar", OFFICE_ONLY),
        ),
    ),
    (
        "Soldi",
        (
            ("Avvisi di pagamento", "payments:campaigns", "mail", MONEY),
            ("Ricevute dei genitori", "payments:inbox", "inbox", MONEY),
            ("Pagamenti da abbinare", "payments:review", "card", MONEY),
            ("Rimborsi", "wallets:refunds", "exchange-circle", MONEY),
        ),
    ),
    ("Accessi", (("SPID: stato", "identity:spid_state", "key", frozenset({Role.OFFICE, Role.AUDITOR})),)),
)


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
        for title, url in ((title, _address(name)) for title, name in entries)
        if url
    ]


def _office_menu(request: HttpRequest, role: str) -> list[dict[str, Any]]:
    """The tools this role may open; the current one is marked also on the pages below it."""
    groups = []
    for title, tools in OFFICE_TOOLS:
        open_to_me = ((label, _address(name), image) for label, name, image, who in tools if role in who)
        links = [
            {"title": label, "url": url, "image": image, "here": _is_here(request.path, url)}
            for label, url, image in open_to_me
            if url
        ]
        if links:
            groups.append({"title": title, "links": links})
    return groups


def _is_here(path: str, url: str) -> bool:
    return path == url or (url != reverse("mensa:office") and path.startswith(url))


def _address(name: str) -> str:
    """A tool that is not installed is not offered."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
