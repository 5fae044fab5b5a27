"""The ways to reach pagoPA; `current()` is the one of the settings."""

from typing import cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from payments.configuration import product
from payments.gateways.aca import StationGateway
from payments.gateways.base import Gateway
from payments.gateways.gpd import GpdGateway
from payments.gateways.wire import Line, Patience

PAGE_SECONDS = 3.5  # all that pagoPA gets when a parent waits: five seconds, less what the page itself takes


def current(patience: Patience | None = None) -> Gateway:
    """With `patience`, all its calls together may take so long (NodeUnreachable after); without, each its own time."""
    mode = settings.PAGOPA_MODE
    if mode in {"simulator", "gpd"}:
        return GpdGateway(positions=line("GPD", patience), checkout=line("CHECKOUT", patience))
    if mode == "station":
        return StationGateway(positions=line("ACA", patience), checkout=line("CHECKOUT", patience))
    if mode == "partner":
        return cast(Gateway, import_string(settings.PAGOPA_PARTNER_GATEWAY)(patience))
    raise ImproperlyConfigured(f"PAGOPA_MODE={mode}: scegli simulator, gpd, station o partner.")


def for_a_page() -> Gateway:
    """For whoever is waiting: an answer, or a page that says what to do, within five seconds."""
    return current(Patience(PAGE_SECONDS))


def line(name: str, patience: Patience | None = None) -> Line:
    """The way to a product (GPD, GPD_RECEIPTS, ACA, CHECKOUT, BIZ_EVENTS, FDR), with its address and keys."""
    return Line(product(name), patience)
