"""What every page needs: the town, the menu of the role, the clock of the demo."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from enrolments.models import HelpDesk
from identity.models import Role
from mensa import clock

MENU: dict[str, tuple[tuple[str, str], ...]] = {
    Role.PARENT: (("La mia famiglia", "mensa:family"), ("Aiuto", "mensa:help")),
    Role.SECRETARY: (
        ("Appello di oggi", "attendance:school"),
        ("Sciopero e uscite", "attendance:school_days"),
        ("Calendario", "attendance:school_calendar"),
        ("Docenti e non iscritti", "attendance:extra_meals"),
        ("Porzioni consegnate", "attendance:deliveries"),
        ("Registro elettronico", "attendance:absence_list_new"),
        ("Aiuto", "mensa:help"),
    ),
    Role.KITCHEN: (
        ("Foglio di oggi", "attendance:kitchen"),
        ("Prossimi 10 giorni", "attendance:forecast"),
        ("Porzioni consegnate", "attendance:deliveries"),
        ("Diete da confermare", "enrolments:kitchen_diets"),
    ),
    Role.OFFICE: (
        ("Ufficio mensa", "mensa:office"),
        ("Pannello", "admin:index"),
        ("Cucina", "attendance:kitchen"),
    ),
    Role.ACCOUNTS: (("Ufficio mensa", "mensa:office"), ("Pannello", "admin:index")),
    Role.AUDITOR: (
        ("Ufficio mensa", "mensa:office"),
        ("Pannello", "admin:index"),
        ("Appello di oggi", "attendance:school"),
        ("Docenti e non iscritti", "attendance:extra_meals"),
        ("Cucina", "attendance:kitchen"),
    ),
}
#: Who the panel lets in; there each table says by itself who may change it.
PANEL_ROLES = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})
PUBLIC_MENU = (("Il servizio", "mensa:home"), ("Aiuto", "mensa:help"))

#: Group, then (title, URL name, icon). Who may open a tool is said by its view alone.
OFFICE_TOOLS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Famiglie",
        (
            ("Ufficio mensa", "mensa:office", "home"),
            ("Carica le domande", "mensa:intake", "upload"),
            ("Anno scolastico", "mensa:years", "school"),
        ),
    ),
    (
        "Mensa",
        (
            ("Notti e addebiti", "attendance:nights", "moon"),
            ("Riscontro dei pasti", "attendance:three_way", "chart-line"),
            ("Presenze di un bambino", "attendance:pupils", "child"),
            ("Verifiche", "attendance:desk", "search"),
            ("Chi segna le assenze", "attendance:phases", "users"),
            ("Pasti senza iscrizione", "attendance:unenrolled", "meal"),
            ("Diete", "enrolments:diet_inbox", "meal"),
            ("Contestazioni", "attendance:disputes", "warning-circle"),
            ("Calendario", "attendance:office_calendar", "calendar"),
            ("Chiusure", "attendance:closures", "ban"),
        ),
    ),
    (
        "Soldi",
        (
            ("Avvisi di pagamento", "payments:campaigns", "mail"),
            ("Ricevute dei genitori", "payments:inbox", "inbox"),
            ("Pagamenti da abbinare", "payments:review", "card"),
            ("Quadratura con la tesoreria", "payments:reconciliation", "chart-line"),
            ("Addebiti di un giorno", "wallets:charges", "list"),
            ("Rimborsi", "wallets:refunds", "exchange-circle"),
            ("Controllo dei conti", "mensa:books", "check-circle"),
        ),
    ),
    ("Accessi", (("SPID: stato", "identity:spid_state", "key"),)),
)


@cache
def page_of(name: str) -> tuple[str, frozenset[Role]]:
    """The address of a page without arguments and the roles that its view lets in."""
    url = reverse(name)
    if name.startswith("admin:"):
        return url, PANEL_ROLES
    return url, getattr(resolve(url).func, "access", frozenset())


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
        "demo_is_building": settings.DEMO and (settings.VAR_DIR / "run" / "building").exists(),
        "now": clock.now(),
        "is_reader": role == Role.AUDITOR,
        "nav": _links(request, MENU.get(role, PUBLIC_MENU)),
        "office_menu": _office_menu(request, role),
    }


def _links(request: HttpRequest, entries: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [
        {"title": title, "url": url, "here": request.path == url}
        for title, url in ((title, reverse(name)) for title, name in entries)
    ]


def _office_menu(request: HttpRequest, role: str) -> list[dict[str, Any]]:
    """The tools this role may open; the current one is marked also on the pages below it."""
    groups = []
    for title, tools in OFFICE_TOOLS:
        links = [
            {"title": label, "url": url, "image": image, "here": _is_here(request.path, url)}
            for label, image, (url, allowed) in (
                (label, image, page_of(name)) for label, name, image in tools
            )
            if role in allowed
        ]
        if links:
            groups.append({"title": title, "links": links})
    return groups


def _is_here(path: str, url: str) -> bool:
    return path == url or (url != reverse("mensa:office") and path.startswith(url))
