"""A real mode does not start while a setting is missing: all of them are listed at once."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from payments.configuration import missing_for_real_mode

REAL_MODES = ("gpd", "station", "partner")


def real_mode_is_complete(**kwargs: Any) -> list[CheckMessage]:
    """docs/manuale/pagopa.md says where each value comes from."""
    if settings.PAGOPA_MODE == "simulator":
        return []
    if settings.PAGOPA_MODE not in REAL_MODES:
        return [
            Error(
                f"PAGOPA_MODE={settings.PAGOPA_MODE}: scegli simulator, gpd, station o partner.",
                id="payments.E001",
            )
        ]
    missing = ", ".join(missing_for_real_mode())
    if not missing:
        return []
    return [
        Error(
            f"Per incassare davvero con pagoPA mancano o sono sbagliate: {missing}.",
            hint="docs/manuale/pagopa.md dice dove si ottiene ciascun valore.",
            id="payments.E002",
        )
    ]
