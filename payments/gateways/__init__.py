"""The ways to reach pagoPA; `current()` is the one of the settings."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from payments.configuration import simulator_secret
from payments.gateways.base import Gateway
from payments.gateways.node import NodeGateway


def current() -> Gateway:
    if settings.PAGOPA_MODE != "simulator":
        raise ImproperlyConfigured(
            f"PAGOPA_MODE={settings.PAGOPA_MODE}: in questa versione c'è solo «simulator»."
        )
    return NodeGateway(address=f"{settings.SIMULATORS_URL}/node", key=simulator_secret())
