"""What pagoPA knows of the town, read from the settings in one place."""

import hashlib
import hmac
from dataclasses import dataclass

from django.conf import settings

_SECRET_PURPOSE = b"pagopa-simulator"
PLATFORMS = {"prod": "https://api.platform.pagopa.it", "uat": "https://api.uat.platform.pagopa.it"}
#: Where each product answers on its platform; the same in the simulator.
PLACES = {
    "GPD": "/gpd/debt-positions-service/v1",
    "GPD_RECEIPTS": "/gpd/payments-receipts-service/v1",
    "ACA": "/aca/v1",
    "CHECKOUT": "/checkout/ec/v1",
    "BIZ_EVENTS": "/bizevents/service/v1",
    "FDR": "/fdr-org/service/v1",
}


@dataclass(frozen=True)
class Product:
    """A product of pagoPA: where it answers and the keys that open it, the best first."""

    name: str
    address: str
    keys: tuple[str, ...]


def product(name: str) -> Product:
    """`name`: one of PLACES. In the simulator all of them answer at one place, with one key."""
    if settings.PAGOPA_MODE == "simulator":
        return Product(name, f"{settings.SIMULATORS_URL}/node{PLACES[name]}", (simulator_secret(),))
    platform = PLATFORMS.get(settings.PAGOPA_ENVIRONMENT, "")
    return Product(
        name, settings.PAGOPA_URLS[name] or f"{platform}{PLACES[name]}", tuple(settings.PAGOPA_KEYS[name])
    )


def app_io() -> Product:
    """Not a product of pagoPA: an address and keys of its own, off without a key. The demo writes to its simulator only,
    whatever keys are set: its people are invented, their fiscal codes may be somebody's."""
    if settings.DEMO:
        return Product("APP_IO", f"{settings.SIMULATORS_URL}/node/io/api/v1", (simulator_secret(),))
    return Product("APP_IO", settings.APP_IO_URL, tuple(settings.APP_IO_KEYS))


@dataclass(frozen=True)
class Creditor:
    """The creditor body (ente creditore) as the node, the notice and the bank transfer name it."""

    fiscal_code: str
    name: str
    office: str
    help_line: str
    site: str
    broker: str
    stations: tuple[str, ...]
    segregation: str
    iuv_system: str
    iban: str
    taxonomy: str
    cbill: str
    postal_account: str  #: twelve digits, as the slip and its code want them; empty: no slip
    postal_authorisation: str
    postal_iban: str
    simulated: bool


def creditor() -> Creditor:
    return Creditor(
        fiscal_code=settings.TOWN_FISCAL_CODE,
        name=settings.TOWN_NAME,
        office=settings.PAGOPA_OFFICE_NAME,
        help_line=settings.PAGOPA_HELP_LINE,
        site=settings.BASE_URL,
        broker=settings.PAGOPA_BROKER_CODE or settings.TOWN_FISCAL_CODE,
        stations=tuple(settings.PAGOPA_STATIONS) or (f"{settings.TOWN_FISCAL_CODE}_01",),
        segregation=settings.PAGOPA_SEGREGATION_CODE,
        iuv_system=settings.PAGOPA_IUV_SYSTEM,
        iban=settings.PAGOPA_IBAN,
        taxonomy=settings.PAGOPA_TAXONOMY,
        cbill=settings.PAGOPA_CBILL,
        postal_account=settings.PAGOPA_POSTAL_ACCOUNT and settings.PAGOPA_POSTAL_ACCOUNT.zfill(12),
        postal_authorisation=settings.PAGOPA_POSTAL_AUTHORISATION,
        postal_iban=settings.PAGOPA_POSTAL_IBAN,
        simulated=settings.PAGOPA_MODE == "simulator",
    )


def caller_secret() -> str:
    """What the header set by the proxy (or by the simulator) must say for the node to be believed."""
    if settings.PAGOPA_MODE == "simulator":
        return simulator_secret()
    return str(settings.PAGOPA_CALLER_VALUE)


def simulator_secret() -> str:
    """Known to the portal and to the simulators' process only: both have the same secret key."""
    return hmac.new(settings.SECRET_KEY.encode(), _SECRET_PURPOSE, hashlib.sha256).hexdigest()
