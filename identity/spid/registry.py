"""The registry of identity providers: filled from published metadata, never during a login; the last good copy stays."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from identity.models import IdentityProvider, IdentityProviderQuerySet, ProviderKind
from identity.spid import idp_metadata

#: An aggregate that has lost more than half of the providers we know is a fault of the source, not news.
LEAST_SHARE = 0.5
ALARM_BEFORE = timedelta(days=30)


class RefreshRefused(Exception):
    """The new list is not believable; the registry has not been touched."""


@dataclass(frozen=True)
class Refresh:
    new: int
    updated: int
    retired: int


@transaction.atomic
def refresh(xml: bytes, *, kind: ProviderKind, now: datetime, whole: bool = True) -> Refresh:
    """Write what the metadata say. `whole`: the document is the complete list of its kind, so who is missing is retired."""
    facts = idp_metadata.read(xml, now=now)
    known = set(IdentityProvider.objects.filter(kind=kind, active=True).values_list("entity_id", flat=True))
    named = {fact.entity_id for fact in facts}
    if whole and known and len(known & named) < LEAST_SHARE * len(known):
        raise RefreshRefused(
            "Il nuovo elenco ha perso più della metà dei gestori: resta in uso quello di prima."
        )
    for fact in facts:
        _write(fact, kind, now)
    retired = 0
    if whole:
        gone = IdentityProvider.objects.filter(kind=kind, active=True).exclude(entity_id__in=named)
        retired = gone.update(active=False)
    return Refresh(new=len(named - known), updated=len(named & known), retired=retired)


def _write(fact: idp_metadata.ProviderFacts, kind: ProviderKind, now: datetime) -> None:
    facts = {
        "name": fact.name,
        "kind": kind,
        "sso_url": fact.sso_url,
        "slo_url": fact.slo_url,
        "certificates": list(fact.certificates),
        "certificates_end": fact.first_end(),
        "active": True,
        "last_refresh": now,
    }
    IdentityProvider.objects.update_or_create(
        entity_id=fact.entity_id, defaults=facts, create_defaults={**facts, "code": fact.code}
    )


def ending(*, now: datetime) -> IdentityProviderQuerySet:
    """Providers with a certificate that ends within 30 days: whoever runs the portal must know before the parents do."""
    return IdentityProvider.objects.usable().filter(certificates_end__lt=now + ALARM_BEFORE)
