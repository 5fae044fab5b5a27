"""The town as a service provider, in the two schemes it may join: SPID and CIE. Addresses come from settings, never from a request."""

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.urls import reverse

from identity.models import UNREAL_KINDS, IdentityProvider, IdentityProviderQuerySet, ProviderKind
from identity.spid import certificate, keys


class Scheme(StrEnum):
    SPID = "spid"
    CIE = "cie"


#: Attributes asked at login: set 0 of the metadata.
ATTRIBUTES = {
    Scheme.SPID: ("spidCode", "name", "familyName", "fiscalNumber", "dateOfBirth", "email"),
    Scheme.CIE: ("name", "familyName", "dateOfBirth", "fiscalNumber"),
}
#: What a citizen of another country brings (set 99 of the metadata): no fiscal code.
EIDAS_ATTRIBUTES = ("spidCode", "name", "familyName", "dateOfBirth")
EIDAS_SET = 99
#: Kinds of provider that answer for a scheme; the last ones never in production (see identity.checks).
KINDS = {
    Scheme.SPID: (ProviderKind.SPID, ProviderKind.EIDAS, ProviderKind.VALIDATOR, ProviderKind.DEMO),
    Scheme.CIE: (ProviderKind.CIE, ProviderKind.VALIDATOR, ProviderKind.CIE_DEMO),
}


@dataclass(frozen=True)
class ServiceProvider:
    scheme: Scheme
    entity_id: str
    acs_url: str
    slo_url: str
    level: int
    keys: keys.KeyPair

    @property
    def attributes(self) -> tuple[str, ...]:
        return ATTRIBUTES[self.scheme]


def of(scheme: Scheme) -> ServiceProvider:
    return ServiceProvider(
        scheme=scheme,
        entity_id=entity_id(scheme),
        acs_url=settings.BASE_URL + reverse("identity:acs", args=[scheme]),
        slo_url=settings.BASE_URL + reverse("identity:slo", args=[scheme]),
        level=settings.SPID_LEVEL,
        keys=keys.load(settings.SPID_KEYS_DIR),
    )


def entity_id(scheme: Scheme) -> str:
    return str(settings.CIE_ENTITY_ID if scheme == Scheme.CIE else settings.SPID_ENTITY_ID)


def enabled(scheme: Scheme) -> bool:
    return bool(settings.CIE_ENABLED if scheme == Scheme.CIE else settings.SPID_ENABLED)


def attribute_set(provider: IdentityProvider) -> int:
    return EIDAS_SET if provider.kind == ProviderKind.EIDAS else 0


def attributes_asked(scheme: Scheme, provider: IdentityProvider) -> frozenset[str]:
    """What the answer must contain."""
    return frozenset(EIDAS_ATTRIBUTES if provider.kind == ProviderKind.EIDAS else ATTRIBUTES[scheme])


def providers(scheme: Scheme) -> IdentityProviderQuerySet:
    """The identity providers a person may choose for this scheme; none while it is switched off."""
    if not enabled(scheme):
        return IdentityProvider.objects.none()
    chosen = IdentityProvider.objects.usable().filter(kind__in=KINDS[scheme])
    if settings.DEMO or settings.TESTING:
        return chosen
    allowed = {ProviderKind.VALIDATOR} if settings.SPID_ACCEPTANCE else set()
    return chosen.exclude(kind__in=UNREAL_KINDS - allowed)


def certificate_subject() -> certificate.Subject:
    return certificate.Subject(
        organisation=settings.TOWN_NAME,
        common_name=settings.TOWN_NAME,
        entity_id=settings.SPID_ENTITY_ID,
        ipa_code=settings.TOWN_IPA_CODE,
        city=settings.TOWN_CITY,
    )
