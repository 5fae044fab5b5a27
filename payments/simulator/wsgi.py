"""The simulated node with the settings of the portal: `application` is mounted under /node of the simulators' process."""

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from payments.configuration import creditor, simulator_secret
from payments.simulator.app import Application
from payments.simulator.creditor import CreditorBody
from payments.simulator.node import ROME, Node
from payments.simulator.store import Store

_building = threading.Lock()


def make(
    *,
    portal: str,
    folder: Path,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(tz=ROME),
    background: bool = True,
) -> Application:
    """`portal`: the address of the portal whose SOAP end-point is called; `folder`: where the node remembers."""
    town = creditor()
    body = CreditorBody(
        address=f"{portal}/pagopa/ws",
        headers={settings.PAGOPA_CALLER_HEADER: simulator_secret()},
        broker=town.broker,
        station=town.stations[0],
    )
    node = Node(store=Store(folder / "node.sqlite3"), body=body, clock=clock, background=background)
    return Application(node=node, key=simulator_secret(), fiscal_code=town.fiscal_code, town=town.name)


@cache
def _mounted() -> Application:
    return make(portal=settings.BASE_URL, folder=Path(settings.VAR_DIR) / "simulators")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    with _building:
        mounted = _mounted()
    return mounted(environ, start_response)
