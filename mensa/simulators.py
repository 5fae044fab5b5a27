"""The outside world of the demo in one small process: the identity provider under /idp, the pagoPA node under /node."""

import os
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")
_building = threading.Lock()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Hand the request to whoever owns the first part of its path."""
    with _building:
        mounted = _mounted()
    for prefix, simulator in mounted.items():
        if environ["PATH_INFO"] == prefix or environ["PATH_INFO"].startswith(f"{prefix}/"):
            moved = {**environ, "SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}
            answer: Iterable[bytes] = simulator(moved, start_response)
            return answer
    start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"Qui rispondono solo /idp e /node della demo."]


@cache
def _mounted() -> dict[str, Any]:
    """Money moves at the portal's hour, so that a payment made on the moved clock has the day that the page shows."""
    from django.conf import settings

    from identity.local_idp.wsgi import application as identity_provider
    from mensa import clock
    from payments.simulator import wsgi as node

    folder = Path(settings.VAR_DIR) / "simulators"
    pagopa = node.make(portal=settings.BASE_URL, folder=folder, clock=clock.now)
    return {"/idp": identity_provider, "/node": pagopa}
