"""Open an address as somebody and say what is wrong with what comes back."""

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader
from pypdf.errors import PdfReadError

from identity.models import PANEL_ROLES, Role, SensitiveView, User
from tests.cast import client_of
from tests.guards.crawl.addresses import Address, every, urls
from tests.guards.crawl.scene import CODE, OF_ANNA, OF_CARLA, SECRETS, Scene

#: What no page made for the school or the kitchen may say, in any words. Public pages (help, privacy) explain these words.
NOT_FOR_SCHOOLS = {
    "euro": re.compile(r"€|\beuro\b|\bEUR\b|\b\d{1,6},\d{2}\b", re.IGNORECASE),
    "ISEE": re.compile(r"\bISEE\b", re.IGNORECASE),
    "a diagnosis": re.compile(
        r"celiac|celiach|allerg|diabet|diagnos|patologi|malatti|intolleran", re.IGNORECASE
    ),
    "a religion": re.compile(r"religio|halal|kosher|musulman|islam|ebraic|vegan|\betic[aoh]", re.IGNORECASE),
    "a debt": re.compile(r"\bdebit[oi]\b|moros|insolut|sotto zero|\bsaldo\b|borsellin", re.IGNORECASE),
    "an exemption": re.compile(r"\besen[tz]", re.IGNORECASE),
}
#: Addresses without a login that the kitchen's caterer or a whole school reads.
FOR_THE_KITCHEN = ("attendance:caterer", "attendance:verify_sheet", "attendance:feed")
#: Drawers of which each opening by the town is written down.
LOGGED = ("diagnosis", "belief", "exemption", "ISEE", "ISEE as Italian writes it", "IBAN", "IBAN in groups")
DIET = ("diagnosis", "belief", "rejection")
#: Answers that are no page: a redirect, a refusal, a method that is not for reading.
FINE = {200, 302, 303, 400, 403, 404, 405, 413, 422, 429, 503}


@dataclass(frozen=True)
class Person:
    """Somebody at the keyboard. ``name`` is what a failure says."""

    name: str
    role: str
    client: Client


def people(scene: Scene) -> dict[str, Person]:
    town = scene.town
    users: dict[str, User] = {
        "Anna": town.anna,
        "Carla": town.carla,
        "secretary": town.dora,
        "kitchen": town.franca,
        "office": town.enzo,
        "accounts": town.gino,
        "auditor": town.auditor,
    }
    return {
        "anonymous": Person("anonymous", "", Client()),
        **{name: Person(name, user.role, client_of(user)) for name, user in users.items()},
    }


def crawl(scene: Scene, person: Person, addresses: Iterable[Address] | None = None) -> list[str]:
    """Every address read, and those of ours also written to with an empty form: what is wrong, one sentence each."""
    found: list[str] = []
    for address in every() if addresses is None else addresses:
        for url in urls(address, scene):
            visits = {method: _visit(person, address, url, method) for method in _methods(address)}
            said = [(method, what) for method, visit in visits.items() for what in visit.problems]
            if (
                _is_of_others(person, address)
                and {visit.status for visit in visits.values()} - {404, 405} != set()
            ):
                said.append(("any", "is of another family and is found"))
            found += [f"{person.name} {method} {address.name}: {what}" for method, what in said]
    return found


def _methods(address: Address) -> tuple[str, ...]:
    return ("get",) if address.is_panel else ("get", "post")


def _is_of_others(person: Person, address: Address) -> bool:
    """All objects of the recipes that a parent may open belong to Anna's family."""
    is_for_parents = bool(address.access) and Role.PARENT in (address.access or ())
    return person.name == "Carla" and is_for_parents and address.has_arguments


@dataclass(frozen=True)
class Visit:
    status: int
    problems: list[str]


def _visit(person: Person, address: Address, url: str, method: str) -> Visit:
    """In a transaction of its own that is undone, cookies included: one visit changes nothing for the next."""
    cookies = deepcopy(person.client.cookies)
    try:
        with transaction.atomic():
            before = SensitiveView.objects.count()
            response = getattr(person.client, method)(url)
            logged = SensitiveView.objects.count() - before
            transaction.set_rollback(True)
    except Exception as problem:
        return Visit(500, [f"broke with {type(problem).__name__}: {problem}"])
    finally:
        person.client.cookies = cookies
    problems = [*_access(person, address, response), *_contents(person, address, response, logged)]
    return Visit(response.status_code, problems)


def _access(person: Person, address: Address, response: Any) -> Iterable[str]:
    status = response.status_code
    if status not in FINE:
        yield f"answered {status}"
    if address.access and person.role not in address.access and status not in {302, 403}:
        yield f"is not for this role and answered {status}"
    if address.is_panel and person.role not in PANEL_ROLES and status == 200:
        yield "opened the panel"


def _contents(person: Person, address: Address, response: Any, logged: int) -> Iterable[str]:
    text = text_of(response)
    shown = [name for name, secret in SECRETS.items() if secret in text]
    public = address.access == frozenset() and not address.name.startswith(FOR_THE_KITCHEN)
    if person.role in {Role.SECRETARY, Role.KITCHEN, ""}:
        yield from (f"shows {name}" for name in shown)
    if not public and (
        person.role in {Role.SECRETARY, Role.KITCHEN} or address.name.startswith(FOR_THE_KITCHEN)
    ):
        yield from _forbidden_words(text)
    if person.role in {Role.ACCOUNTS, Role.AUDITOR}:
        yield from (f"shows {name}" for name in shown if name in DIET)
    is_cooks = address.name.startswith(FOR_THE_KITCHEN)
    if CODE in text and person.role in {Role.ACCOUNTS, Role.AUDITOR, Role.SECRETARY} and not is_cooks:
        yield "shows the code of a diet"
    if person.role in {Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR} and not logged:
        yield from (f"shows {name} and nobody writes it down" for name in shown if name in LOGGED)
    strangers = {"Carla": OF_ANNA, "Anna": OF_CARLA, "anonymous": (*OF_ANNA, *OF_CARLA)}
    yield from (f"shows {name}, of another family" for name in strangers.get(person.name, ()) if name in text)
    if person.name == "Carla":
        yield from (f"shows {name}" for name in shown if name not in {"belief", "rejection"})


def _forbidden_words(text: str) -> Iterable[str]:
    words = re.sub(r"\s+", " ", text)
    for name, pattern in NOT_FOR_SCHOOLS.items():
        if found := pattern.search(words):
            yield f"speaks of {name}: «{words[max(0, found.start() - 40) : found.end() + 20]}»"


def text_of(response: HttpResponse) -> str:
    """What a person can read of the answer: a page without its tags and its address bar, a PDF's or a sheet's text."""
    content: bytes = response.getvalue()
    kind = response.headers.get("Content-Type", "")
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content.startswith(b"PK\x03\x04"):
        with ZipFile(BytesIO(content)) as box:
            return " ".join(box.read(name).decode("utf-8", "replace") for name in box.namelist())
    text = content.decode("utf-8", "replace")
    return _visible(text) if "html" in kind else text


def _pdf(content: bytes) -> str:
    try:
        pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    except (PdfReadError, ValueError, KeyError):
        pages = []
    return " ".join([*pages, content.decode("latin-1")])


def _visible(page: str) -> str:
    """The values of the fields and the titles count as text; the menu's and the head's addresses do not."""
    body = page.partition("<body")[2].partition("</footer>")[0].partition("<footer")[0] or page
    values = re.findall(r'(?:value|title|aria-label|placeholder|content|data-[a-z-]+)="([^"]*)"', body)
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", body, flags=re.DOTALL)
    return unescape(" ".join([plain, *values])).replace("\N{NO-BREAK SPACE}", " ")
