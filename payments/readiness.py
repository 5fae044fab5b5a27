"""What must be set before a real mode may start: each setting with what is wrong with it, all at once.

Nothing is guessed: the taxonomy, the IBAN and the codes come from whoever assigns them (docs/manuale/pagopa.md).
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.utils.module_loading import import_string
from stdnum import iban

from payments import typeset
from payments.configuration import PLATFORMS, Creditor, creditor, product

REAL_MODES = ("gpd", "station", "partner")
#: Which products each mode calls.
PRODUCTS = {
    "gpd": ("GPD", "CHECKOUT", "BIZ_EVENTS", "FDR"),
    "station": ("ACA", "CHECKOUT", "BIZ_EVENTS", "FDR"),
    "partner": (),
}
METHODS = ("publish", "update", "withdraw", "open_cart")
TAXONOMY = re.compile(r"[6-9]/01\d{5}(IM|TS|SP|SA|AP)/")
SEGREGATION = re.compile(r"(?!47)[0-4]\d")
STATION = re.compile(r"\d{11}_\d{2}")
SHORTEST_SECRET = 16
MISSING = "manca"


def problems() -> list[str]:
    """ "PAGOPA_IBAN manca", "PAGOPA_TAXONOMY non ha la forma …"; empty: ready."""
    finders = (_town, _account, _logos, _portal, _products, _partner)
    return [f"{name} {why}" for find in finders for name, why in find()]


Found = Iterator[tuple[str, str]]


def _town() -> Found:
    body = creditor()
    if not body.name.strip():
        yield "TOWN_NAME", MISSING
    yield from _shaped("TOWN_FISCAL_CODE", body.fiscal_code, r"\d{11}", "deve avere 11 cifre")
    yield from _shaped(
        "PAGOPA_SEGREGATION_CODE", body.segregation, SEGREGATION.pattern, "va da 00 a 49 e non è 47"
    )
    yield from _shaped("PAGOPA_IUV_SYSTEM", body.iuv_system, r"\d{2}", "deve avere 2 cifre")
    if settings.PAGOPA_BROKER_CODE:
        yield from _shaped("PAGOPA_BROKER_CODE", body.broker, r"\d{11}", "deve avere 11 cifre")
    yield from _shaped("PAGOPA_CBILL", body.cbill, r"[A-Z0-9]{1,10}", "ha solo lettere maiuscole e cifre")


def _account() -> Found:
    body = creditor()
    yield from _shaped(
        "PAGOPA_TAXONOMY",
        body.taxonomy,
        TAXONOMY.pattern,
        "non ha la forma 9/01NNNNNXX/ dell'elenco ufficiale",
    )
    if not body.iban:
        yield "PAGOPA_IBAN", MISSING
    elif not _is_italian_iban(body.iban):
        yield "PAGOPA_IBAN", "non è un IBAN italiano valido"
    if body.postal_iban and not _is_italian_iban(body.postal_iban):
        yield "PAGOPA_POSTAL_IBAN", "non è un IBAN italiano valido"
    if body.postal_account:
        yield from _slip(body)


def _slip(body: Creditor) -> Found:
    """The postal slip wants the account, its IBAN (the node is told) and the permission to print it."""
    if not re.fullmatch(r"\d{12}", body.postal_account, re.ASCII):
        yield "PAGOPA_POSTAL_ACCOUNT", "ha al massimo 12 cifre"
    if not body.postal_iban:
        yield "PAGOPA_POSTAL_IBAN", "manca: serve per il bollettino di PAGOPA_POSTAL_ACCOUNT"
    elif not body.postal_iban.endswith(body.postal_account):
        yield "PAGOPA_POSTAL_ACCOUNT", "non è il conto di PAGOPA_POSTAL_IBAN"
    if not body.postal_authorisation:
        yield "PAGOPA_POSTAL_AUTHORISATION", "manca: serve per il bollettino di PAGOPA_POSTAL_ACCOUNT"


def _logos() -> Found:
    """A picture that is not there would be found out by the first family, on the first notice."""
    for name in ("PAGOPA_LOGO", "TOWN_LOGO", "PAGOPA_POSTAL_LOGO"):
        try:
            if getattr(settings, name):
                typeset.picture(getattr(settings, name))
        except (OSError, ValueError, SuspiciousFileOperation):
            yield name, "non è tra i file statici, o non si legge"


def _portal() -> Found:
    """The address to which the node calls, who may call it, and where a browser comes back."""
    if settings.DEMO:
        yield "MENSA_MODE", "è demo: la città di prova non incassa davvero"
    if not settings.BASE_URL.startswith("https://"):
        yield "BASE_URL", "deve cominciare con https://"
    if settings.PAGOPA_MODE == "gpd" and settings.PAGOPA_POLL_RECEIPTS and not settings.PAGOPA_STATIONS:
        return  # nobody calls us
    if not settings.PAGOPA_STATIONS:
        yield "PAGOPA_STATIONS", MISSING
    elif not all(STATION.fullmatch(one) for one in settings.PAGOPA_STATIONS):
        yield "PAGOPA_STATIONS", "ogni stazione si scrive 11 cifre, trattino basso, 2 cifre"
    if not settings.PAGOPA_CALLER_HEADER:
        yield "PAGOPA_CALLER_HEADER", MISSING
    if not settings.PAGOPA_CALLER_VALUE:
        yield "PAGOPA_CALLER_VALUE", MISSING
    elif len(settings.PAGOPA_CALLER_VALUE) < SHORTEST_SECRET:
        yield "PAGOPA_CALLER_VALUE", f"deve avere almeno {SHORTEST_SECRET} caratteri casuali"


def _products() -> Found:
    if settings.PAGOPA_ENVIRONMENT not in PLATFORMS:
        yield "PAGOPA_ENVIRONMENT", "è prod oppure uat"
        return
    polled = ("GPD_RECEIPTS",) if settings.PAGOPA_POLL_RECEIPTS else ()
    for name in (*PRODUCTS.get(settings.PAGOPA_MODE, ()), *polled):
        here = product(name)
        if not here.keys:
            yield f"PAGOPA_{name}_KEYS", MISSING
        elif not all(key.isascii() and key.isprintable() for key in here.keys):
            yield f"PAGOPA_{name}_KEYS", "contiene caratteri che una chiave non ha"
        address = urlsplit(here.address)
        if address.scheme != "https" or not address.hostname:
            yield f"PAGOPA_{name}_URL", "deve cominciare con https://"


def _partner() -> Found:
    if settings.PAGOPA_MODE != "partner":
        return
    if not settings.PAGOPA_PARTNER_GATEWAY:
        yield "PAGOPA_PARTNER_GATEWAY", MISSING
        return
    try:
        gateway: Callable[..., object] = import_string(settings.PAGOPA_PARTNER_GATEWAY)
    except ImportError:
        yield "PAGOPA_PARTNER_GATEWAY", "non si può importare"
        return
    lacking = [name for name in METHODS if not callable(getattr(gateway, name, None))]
    if lacking:
        yield "PAGOPA_PARTNER_GATEWAY", f"non ha {', '.join(lacking)}"


def _shaped(name: str, value: str, pattern: str, why: str) -> Found:
    if not value:
        yield name, MISSING
    elif not re.fullmatch(pattern, value, re.ASCII):
        yield name, why


def _is_italian_iban(value: str) -> bool:
    return value[:2] in {"IT", "SM"} and len(value) == 27 and bool(iban.is_valid(value))
