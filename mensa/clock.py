"""The only place that asks the time.

Edges (views, admin, tasks, commands) read it and pass ``now`` or ``day`` down; rules and operations never do.
In demo and tests the clock can be moved by an offset kept in VAR_DIR, so that web, worker and beat agree.
"""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ROME = ZoneInfo("Europe/Rome")


def now() -> dt.datetime:
    """The instant of the portal, aware, in Europe/Rome."""
    return dt.datetime.now(tz=ROME) + offset()


def outside_now() -> dt.datetime:
    """The instant of the world outside (identity providers, TLS, one-time codes), aware, UTC: no time machine moves it."""
    return dt.datetime.now(tz=dt.UTC)


def today() -> dt.date:
    """The date on the wall of the town hall."""
    return now().date()


def offset() -> dt.timedelta:
    """How far the time machine has been moved; always zero in production."""
    if not _movable():
        return dt.timedelta(0)
    try:
        return dt.timedelta(seconds=float(_file().read_text()))
    except (FileNotFoundError, ValueError):
        return dt.timedelta(0)


def move_to(moment: dt.datetime) -> None:
    """Set the portal's clock to ``moment`` (aware). Refused outside demo and test."""
    _write(moment - dt.datetime.now(tz=ROME))


def reset() -> None:
    """Back to real time."""
    _write(dt.timedelta(0))


def _write(delta: dt.timedelta) -> None:
    if not _movable():
        raise ImproperlyConfigured("L'orologio si può spostare solo in modalità demo o test.")
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(str(delta.total_seconds()))
    temporary.replace(path)


def _movable() -> bool:
    return bool(settings.DEMO or settings.TESTING)


def _file() -> Path:
    return Path(settings.VAR_DIR) / "clock"
