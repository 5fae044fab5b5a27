"""A real mode does not start while a setting is missing or wrong: all of them are listed at once."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from payments import readiness

HINT = "docs/manuale/pagopa.md dice dove si ottiene ciascun valore."


def real_mode_is_complete(**kwargs: Any) -> list[CheckMessage]:
    """One error for all that is missing; a warning where nothing that is issued can really be paid."""
    if settings.PAGOPA_MODE == "simulator":
        return []
    if settings.PAGOPA_MODE not in readiness.REAL_MODES:
        return [
            Error(
                f"PAGOPA_MODE={settings.PAGOPA_MODE}: scegli simulator, gpd, station o partner.",
                id="payments.E001",
            )
        ]
    found: list[CheckMessage] = []
    if wrong := readiness.problems():
        found.append(
            Error(f"Per incassare davvero con pagoPA: {'; '.join(wrong)}.", hint=HINT, id="payments.E002")
        )
    if settings.PAGOPA_ENVIRONMENT == "uat":
        found.append(
            checks.Warning(
                "PAGOPA_ENVIRONMENT=uat: gli avvisi emessi adesso non si pagano davvero.", id="payments.W001"
            )
        )
    return found


def refuse_to_start() -> None:
    """For the processes that run no checks of their own (web, worker): SystemExit with everything that is missing."""
    errors = [one for one in real_mode_is_complete() if one.is_serious()]
    if errors:
        raise SystemExit("\n".join(f"{one.msg} {one.hint or ''}".strip() for one in errors))
