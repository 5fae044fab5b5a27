"""The outside world of the demo in one small process: the identity provider under /idp, the pagoPA node under /node."""

import os
from collections.abc import Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Hand the request to whoever owns the first part of its path."""
    for prefix, simulator in _mounted().items():
        if environ["PATH_INFO"] == prefix or environ["PATH_INFO"].startswith(f"{prefix}/"):
            moved = {**environ, "SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}
            answer: Iterable[bytes] = simulator(moved, start_response)
            return answer
    start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"Qui rispondono solo /idp e /node della demo."]


def _mounted() -> dict[str, Any]:
    from identity.local_idp.wsgi import application as identity_provider
    from payments.simulator.wsgi import application as node

    return {"/idp": identity_provider, "/node": node}
