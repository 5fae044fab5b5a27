"""System checks: what must be true before the portal may let people in."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from identity.models import PANEL_ROLES, UNREAL_KINDS, IdentityProvider


@register(Tags.security)
def second_factor_for_the_panel(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if set(PANEL_ROLES) <= set(settings.SECOND_FACTOR_ROLES):
        return []
    return [Error("SECOND_FACTOR_ROLES must contain office, accounts and auditor.", id="identity.E001")]


@register(Tags.security, deploy=True)
def spid_is_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """In production SPID needs a key, an https address, and an IPA code; the level is never below 2."""
    if not settings.SPID_ENABLED:
        return []
    # Here and not above: every process registers the checks, few run them.
    from identity.spid import keys, service

    problems: list[CheckMessage] = []
    try:
        keys.load(settings.SPID_KEYS_DIR)
    except keys.KeyMissing as missing:
        problems.append(Error(str(missing), id="identity.E002"))
    if not service.entity_id(service.Scheme.SPID).startswith("https://"):
        problems.append(Error("SPID_ENTITY_ID must be an https address without a port.", id="identity.E003"))
    if settings.SPID_LEVEL not in (2, 3):
        problems.append(Error("SPID_LEVEL must be 2 or 3.", id="identity.E004"))
    if not settings.TOWN_IPA_CODE:
        problems.append(Error("TOWN_IPA_CODE is missing: SPID metadata need it.", id="identity.E005"))
    if settings.SPID_ACCEPTANCE:
        problems.append(
            Error("SPID_ACCEPTANCE lets AgID's validator sign in: not in service.", id="identity.E007")
        )
    return problems


@register(Tags.database)
def no_unreal_providers(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Demo and validator providers vouch for nobody: in production none may be in the registry."""
    if settings.DEMO or settings.TESTING or not databases:
        return []
    if IdentityProvider._meta.db_table not in connection.introspection.table_names():
        return []  # `migrate` runs this check before it has made the tables
    if IdentityProvider.objects.filter(kind__in=UNREAL_KINDS).exists():
        return [Error("The registry holds a demo or validator identity provider.", id="identity.E006")]
    return []
