"""Two at once: each runner waits at a barrier with a connection of its own, then all go."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

WAIT = 20  # seconds


def together(*runners: Callable[[], Any]) -> list[Any]:
    """What each returned, or the exception it raised, in order."""
    barrier = threading.Barrier(len(runners))

    def run(runner: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(WAIT)
            return runner()
        except Exception as error:  # what it raised is the result
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners, timeout=WAIT * 2))
