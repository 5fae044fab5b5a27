"""The metadata as it is published: built from the settings, signed with the current key, kept until either changes."""

from functools import lru_cache

from django.conf import settings

from identity.spid import metadata, service, toolkit


def signed_metadata(scheme: service.Scheme) -> str:
    return _signed(service.of(scheme), organisation())


@lru_cache(maxsize=8)
def _signed(sp: service.ServiceProvider, organisation: metadata.Organisation) -> str:
    return toolkit.sign_xml(metadata.build(sp, organisation), sp=sp)


def organisation() -> metadata.Organisation:
    return metadata.Organisation(
        name=settings.TOWN_NAME,
        url=settings.SPID_ORGANISATION_URL,
        ipa_code=settings.TOWN_IPA_CODE,
        municipality=settings.TOWN_CADASTRAL_CODE,
        email=settings.SPID_CONTACT_EMAIL,
        phone=settings.SPID_CONTACT_PHONE,
    )
