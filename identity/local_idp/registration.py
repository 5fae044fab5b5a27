"""Make the portal and the simulated provider known to each other. Demo and tests only."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from identity.local_idp import keys, people
from identity.models import IdentityProvider, ProviderKind
from identity.spid import keys as sp_keys
from identity.spid import publishing, service


def register(
    base_url: str | None = None,
    *,
    now: datetime,
    folder: Path | None = None,
    code: str = "simulazione",
    name: str = "Gestore di prova (SIMULAZIONE)",
    kind: ProviderKind = ProviderKind.DEMO,
) -> IdentityProvider:
    """The registry row of the simulated provider, and the portal's metadata in its folder. Safe to call again, also when
    the ports have changed since the last time."""
    if not (settings.DEMO or settings.TESTING):
        raise ImproperlyConfigured("Il gestore di identità simulato esiste solo nella dimostrazione.")
    entity_id = (base_url or f"{settings.SIMULATORS_URL}/idp").rstrip("/")
    folder = folder or people.directory()
    _, certificate = keys.load(folder)
    ensure_portal_key(now=now)
    scheme = service.Scheme.CIE if kind == ProviderKind.CIE_DEMO else service.Scheme.SPID
    (folder / f"sp-{scheme}.xml").write_text(publishing.signed_metadata(scheme), encoding="utf-8")
    provider, _ = IdentityProvider.objects.update_or_create(
        code=code,
        defaults={
            "entity_id": entity_id,
            "name": name,
            "kind": kind,
            "sso_url": f"{entity_id}/sso",
            "certificates": [sp_keys.base64_of(certificate)],
            "certificates_end": sp_keys.end_of(certificate),
            "active": True,
            "last_refresh": now,
        },
    )
    return provider


def ensure_portal_key(*, now: datetime) -> None:
    """The demo's own service provider key, made once. A real town makes its own with `spid_certificate`."""
    try:
        sp_keys.load(settings.SPID_KEYS_DIR)
    except sp_keys.KeyMissing:
        sp_keys.create(settings.SPID_KEYS_DIR, service.certificate_subject(), now=now)
