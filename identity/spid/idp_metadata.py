"""What the metadata of identity providers say: one EntityDescriptor or an aggregate of them. A rule, without Django."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from identity import untrusted_xml
from identity.spid import keys
from identity.spid import names as n

MAX_BYTES = 8 * 1024 * 1024


class MetadataUnreadable(Exception):
    """Nothing usable in the document; what is known already stays."""


@dataclass(frozen=True)
class ProviderFacts:
    entity_id: str
    name: str
    sso_url: str
    slo_url: str
    certificates: tuple[str, ...]

    @property
    def code(self) -> str:
        """The name of the provider in our addresses: its host, in letters, digits and dashes."""
        host = re.sub(r"^[a-z]+://(www\.|idp?\.|login\.|identity\.)?", "", self.entity_id.lower())
        return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:40]

    def first_end(self) -> datetime:
        """When the first of its certificates stops being valid."""
        return min(keys.end_of(keys.pem_of(certificate)) for certificate in self.certificates)


def read(xml: bytes, *, now: datetime) -> list[ProviderFacts]:
    if len(xml) > MAX_BYTES:
        raise MetadataUnreadable("I metadata superano 8 MB.")
    try:
        root = untrusted_xml.root_of(xml)
    except untrusted_xml.Unreadable:
        raise MetadataUnreadable("I metadata non sono XML leggibile.") from None
    if _ended(root, now):
        raise MetadataUnreadable("I metadata sono scaduti.")
    found = [
        _facts(entity) for entity in root.iter(n.tag(n.MD, "EntityDescriptor")) if not _ended(entity, now)
    ]
    usable = [facts for facts in found if facts is not None]
    if not usable:
        raise MetadataUnreadable("Nessun gestore di identità nei metadata.")
    return usable


def _ended(element: etree._Element, now: datetime) -> bool:
    raw = element.get("validUntil")
    if not raw:
        return False
    end = datetime.fromisoformat(raw)
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) < now


def _facts(entity: etree._Element) -> ProviderFacts | None:
    descriptor = entity.find(n.tag(n.MD, "IDPSSODescriptor"))
    entity_id = entity.get("entityID") or ""
    if descriptor is None or not entity_id:
        return None
    sso = _location(descriptor, "SingleSignOnService")
    certificates = _certificates(descriptor)
    if not sso or not certificates:
        return None
    return ProviderFacts(
        entity_id, _name(entity) or entity_id, sso, _location(descriptor, "SingleLogoutService"), certificates
    )


def _location(descriptor: etree._Element, name: str) -> str:
    for service in descriptor.findall(n.tag(n.MD, name)):
        if service.get("Binding") == n.REDIRECT:
            return service.get("ResponseLocation") or service.get("Location") or ""
    return ""


def _certificates(descriptor: etree._Element) -> tuple[str, ...]:
    """Every signing certificate: while a provider changes its key it publishes two."""
    found = []
    for key in descriptor.findall(n.tag(n.MD, "KeyDescriptor")):
        if key.get("use") in (None, "signing"):
            found += ["".join((text.text or "").split()) for text in key.iter(n.tag(n.DS, "X509Certificate"))]
    return tuple(dict.fromkeys(certificate for certificate in found if certificate))


def _name(entity: etree._Element) -> str:
    """The Italian display name, or any."""
    names = entity.findall(f"{n.tag(n.MD, 'Organization')}/{n.tag(n.MD, 'OrganizationDisplayName')}")
    italian = [name for name in names if name.get(n.tag(n.XML, "lang")) == "it"]
    return next(((name.text or "").strip()[:120] for name in italian or names), "")
