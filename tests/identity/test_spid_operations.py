"""Keys, metadata, registry of the providers, the 24 months: what whoever runs the portal does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from lxml import etree

from identity import checks
from identity.local_idp import metadata as idp_metadata_page
from identity.local_idp.registration import register
from identity.models import IdentityProvider, Outcome, ProviderKind, SamlExchange
from identity.spid import exchanges, idp_metadata, keys, registry, service, toolkit
from identity.spid import names as n
from tests.identity.conftest import Idp, deliver

Ask = Callable[..., str]
NOW = datetime.now(tz=UTC)


# -- certificate ------------------------------------------------------------------------------------------------
def test_the_certificate_is_what_avviso_29_asks(settings: object, tmp_path: Path) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]
    call_command("spid_certificate", stdout=StringIO())
    certificate = x509.load_pem_x509_certificate((tmp_path / "sp.crt").read_bytes())

    subject = {attribute.oid.dotted_string: attribute.value for attribute in certificate.subject}
    assert subject["2.5.4.83"] == service.entity_id(service.Scheme.SPID)
    assert subject["2.5.4.97"] == "PA:IT-c_demo"
    assert {"2.5.4.10", "2.5.4.3", "2.5.4.6", "2.5.4.7"} <= subject.keys()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.content_commitment, usage.value.key_cert_sign) == (
        True,
        True,
        False,
    )
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert {policy.policy_identifier.dotted_string for policy in policies} == {
        "1.3.76.16.6",
        "1.3.76.16.4.2.1",
    }
    assert (tmp_path / "sp.key").stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(settings: object, tmp_path: Path) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]
    call_command("spid_certificate", stdout=StringIO())
    before = (tmp_path / "sp.key").read_bytes()

    with pytest.raises(CommandError, match="non viene sovrascritto"):
        call_command("spid_certificate", stdout=StringIO())
    assert (tmp_path / "sp.key").read_bytes() == before


def test_changing_the_key_publishes_both_certificates_and_then_the_new_one(
    settings: object, tmp_path: Path, client: Client
) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="prossimo"):
        call_command("spid_certificate", "--sostituisci", stdout=StringIO())
    call_command("spid_certificate", stdout=StringIO())
    old = (tmp_path / "sp.crt").read_text()
    call_command("spid_certificate", "--prossimo", stdout=StringIO())
    new = (tmp_path / "next.crt").read_text()

    def published() -> list[str | None]:
        root = etree.fromstring(client.get("/accesso/spid/metadata/").content)
        return [
            key.findtext(f".//{n.tag(n.DS, 'X509Certificate')}")
            for key in root.iter(n.tag(n.MD, "KeyDescriptor"))
        ]

    assert published() == [keys.base64_of(old), keys.base64_of(new)]
    call_command("spid_certificate", "--sostituisci", stdout=StringIO())
    assert published() == [keys.base64_of(new)]
    assert not (tmp_path / "next.key").exists()


# -- metadata ---------------------------------------------------------------------------------------------------
def test_the_metadata_are_signed_and_complete(client: Client, idp: Idp) -> None:
    response = client.get("/accesso/spid/metadata/")
    root = etree.fromstring(response.content)

    assert response["Content-Type"] == "application/samlmetadata+xml"
    assert toolkit.has_valid_signature(
        response.content, keys.load(service.settings.SPID_KEYS_DIR).certificate
    )
    assert root.get("entityID") == service.entity_id(service.Scheme.SPID)
    sets = {
        one.get("index"): [wanted.get("Name") for wanted in one.iter(n.tag(n.MD, "RequestedAttribute"))]
        for one in root.iter(n.tag(n.MD, "AttributeConsumingService"))
    }
    assert "fiscalNumber" in sets["0"]
    assert sets.keys() == {"0", "99", "100"}
    assert all("fiscalNumber" not in sets[index] for index in ("99", "100"))
    acs = root.find(f".//{n.tag(n.MD, 'AssertionConsumerService')}")
    assert acs is not None
    assert acs.get("Location") == "http://localhost:8000/accesso/spid/acs/"


def test_the_addresses_do_not_follow_the_host_header(client: Client, idp: Idp, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]

    assert b"truffa" not in client.get("/accesso/spid/metadata/", headers={"host": "truffa.example"}).content


def test_the_command_prints_what_the_portal_publishes(client: Client, idp: Idp) -> None:
    out = StringIO()
    call_command("spid_metadata", stdout=out)

    assert out.getvalue().strip() == client.get("/accesso/spid/metadata/").content.decode().strip()


@pytest.mark.django_db
def test_without_a_key_the_command_says_what_to_do(settings: object, tmp_path: Path) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]

    with pytest.raises(CommandError, match="spid_certificate"):
        call_command("spid_metadata")


# -- registry ---------------------------------------------------------------------------------------------------
def aggregate(*idps: Idp, names: tuple[str, ...] = ()) -> bytes:
    entities = [
        etree.fromstring(
            idp_metadata_page.build(
                entity_id=name, sso_url=f"{name}/sso", key=idp.key, certificate=idp.certificate
            )
        )
        for idp, name in zip(idps, names, strict=True)
    ]
    root = etree.Element(n.tag(n.MD, "EntitiesDescriptor"), nsmap={"md": n.MD})
    root.extend(entities)
    return etree.tostring(root)


@pytest.mark.django_db
def test_the_registry_learns_new_providers_and_retires_missing_ones(idp: Idp, other_idp: Idp) -> None:
    three = ("https://idp.uno.example", "https://idp.due.example", "https://idp.tre.example")
    first = registry.refresh(aggregate(idp, other_idp, idp, names=three), kind=ProviderKind.SPID, now=NOW)
    second = registry.refresh(aggregate(idp, other_idp, names=three[:2]), kind=ProviderKind.SPID, now=NOW)

    assert (first.new, first.retired, second.new, second.updated, second.retired) == (3, 0, 0, 2, 1)
    known = IdentityProvider.objects.filter(kind=ProviderKind.SPID, active=True)
    assert set(known.values_list("code", flat=True)) == {"uno-example", "due-example"}


@pytest.mark.django_db
def test_a_list_that_lost_most_providers_is_not_believed(idp: Idp) -> None:
    four = tuple(f"https://idp.{number}.example" for number in range(4))
    registry.refresh(aggregate(idp, idp, idp, idp, names=four), kind=ProviderKind.SPID, now=NOW)
    with pytest.raises(registry.RefreshRefused):
        registry.refresh(aggregate(idp, names=four[:1]), kind=ProviderKind.SPID, now=NOW)

    assert IdentityProvider.objects.filter(kind=ProviderKind.SPID, active=True).count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<html>",
        b'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>',
        b'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2020-01-01T00:00:00Z"/>',
    ],
)
def test_an_unreadable_list_leaves_the_last_good_one(xml: bytes, idp: Idp) -> None:
    registry.refresh(aggregate(idp, names=("https://idp.uno.example",)), kind=ProviderKind.SPID, now=NOW)
    with pytest.raises(idp_metadata.MetadataUnreadable):
        registry.refresh(xml, kind=ProviderKind.SPID, now=NOW)

    assert IdentityProvider.objects.filter(kind=ProviderKind.SPID, active=True).count() == 1


@pytest.mark.django_db
def test_an_ending_certificate_rings_thirty_days_before(idp: Idp) -> None:
    IdentityProvider.objects.update(certificates_end=NOW + timedelta(days=29))
    assert list(registry.ending(now=NOW)) == [IdentityProvider.objects.get()]
    IdentityProvider.objects.update(certificates_end=NOW + timedelta(days=31))
    assert not registry.ending(now=NOW)


@pytest.mark.django_db
def test_the_command_reads_a_file(idp: Idp, tmp_path: Path) -> None:
    path = tmp_path / "idp.xml"
    path.write_bytes(aggregate(idp, names=("https://idp.uno.example",)))
    out = StringIO()
    call_command("spid_registry", file=path, stdout=out)

    assert "Nuovi 1" in out.getvalue()
    with pytest.raises(CommandError, match="Resta in uso"):
        call_command("spid_registry", file=tmp_path / "manca.xml")


# -- register and production -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_register_forgets_after_two_years(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    ask(idp)
    SamlExchange.objects.filter(outcome=Outcome.ACCEPTED).update(
        requested_at=NOW - exchanges.KEPT_FOR - timedelta(days=1)
    )
    call_command("spid_purge", stdout=StringIO())

    assert SamlExchange.objects.get().outcome == Outcome.PENDING


@pytest.mark.django_db
def test_production_offers_no_simulated_provider(client: Client, idp: Idp, settings: object) -> None:
    settings.TESTING = False  # type: ignore[attr-defined]

    assert client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code == 404
    assert [problem.id for problem in checks.no_unreal_providers(None, databases=["default"])] == [
        "identity.E006"
    ]
    with pytest.raises(ImproperlyConfigured):
        register(now=NOW)


def test_production_wants_a_key_and_a_real_address(settings: object, tmp_path: Path) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]
    settings.SPID_ENTITY_ID = "http://mensa.example"  # type: ignore[attr-defined]
    settings.SPID_LEVEL = 1  # type: ignore[attr-defined]
    settings.TOWN_IPA_CODE = ""  # type: ignore[attr-defined]

    assert {problem.id for problem in checks.spid_is_real(None)} == {
        f"identity.E00{number}" for number in (2, 3, 4, 5)
    }
    settings.SPID_ENABLED = False  # type: ignore[attr-defined]
    assert checks.spid_is_real(None) == []


@pytest.mark.django_db
def test_the_validator_of_agid_signs_in_during_the_acceptance_only(
    client: Client, idp: Idp, settings: Any
) -> None:
    idp.row.kind = ProviderKind.VALIDATOR
    idp.row.save()
    settings.TESTING = False
    assert client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code == 404
    settings.SPID_ACCEPTANCE = True
    assert client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code == 302
    assert "identity.E007" in {problem.id for problem in checks.spid_is_real(None)}


def test_the_second_factor_of_the_panel_cannot_be_switched_off(settings: object) -> None:
    assert checks.second_factor_for_the_panel(None) == []
    settings.SECOND_FACTOR_ROLES = {"office"}  # type: ignore[attr-defined]
    assert [problem.id for problem in checks.second_factor_for_the_panel(None)] == ["identity.E001"]
