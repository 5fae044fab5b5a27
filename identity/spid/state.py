"""What whoever runs the portal must know about SPID and CIE: our certificate, the providers, how logins go."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from identity.models import IdentityProvider, Outcome, SamlExchange
from identity.spid import keys, registry, service

WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class State:
    """`certificate_end` is None while the key is missing; `alarms` are sentences, empty when all is well."""

    entity_id: str
    certificate_end: datetime | None
    next_certificate_end: datetime | None
    providers: list[IdentityProvider]
    last_refresh: datetime | None
    outcomes: list[tuple[str, int]]
    alarms: list[str]


def look(*, now: datetime) -> State:
    ends = _own_certificates()
    providers = list(service.providers(service.Scheme.SPID).order_by("name"))
    refreshes = [provider.last_refresh for provider in providers if provider.last_refresh]
    last_refresh = max(refreshes, default=None)
    return State(
        entity_id=service.entity_id(service.Scheme.SPID),
        certificate_end=ends[0] if ends else None,
        next_certificate_end=ends[1] if len(ends) > 1 else None,
        providers=providers,
        last_refresh=last_refresh,
        outcomes=_outcomes(now),
        alarms=_alarms(ends, last_refresh, now),
    )


def _own_certificates() -> list[datetime]:
    try:
        return [keys.end_of(pem) for pem in keys.load(settings.SPID_KEYS_DIR).certificates]
    except keys.KeyMissing:
        return []


def _outcomes(now: datetime) -> list[tuple[str, int]]:
    recent = SamlExchange.objects.filter(requested_at__gte=now - WINDOW)
    counted = dict(recent.values_list("outcome").annotate(Count("id")).order_by())
    return [(outcome.label, counted.get(outcome.value, 0)) for outcome in Outcome]


def _alarms(ends: list[datetime], last_refresh: datetime | None, now: datetime) -> list[str]:
    alarms = []
    if not ends:
        alarms.append("Manca la chiave SPID del Comune: nessuno può entrare.")
    elif ends[0] < now + registry.ALARM_BEFORE:
        alarms.append(f"Il certificato del Comune scade il {ends[0]:%d/%m/%Y}: prepara il prossimo.")
    if last_refresh is None or last_refresh < now - timedelta(days=3):
        alarms.append("L'elenco dei gestori non si aggiorna da più di tre giorni.")
    alarms += [
        f"Un certificato di {provider.name} scade il {provider.certificates_end:%d/%m/%Y}."
        for provider in registry.ending(now=now)
    ]
    return alarms
