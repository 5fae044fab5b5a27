"""CIE beside SPID, and the identities of other countries: one person, one user, never an error page."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from identity.local_idp import messages
from identity.local_idp.registration import register
from identity.models import EidasPerson, ProviderKind, User
from identity.spid import service
from tests.identity.conftest import ANNA, Idp, deliver, signed_in
from tests.identity.documents import encoded
from tests.identity.workshop import Workshop, attribute, drop

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]


@pytest.fixture
def cie(settings: object, keyring: Path) -> Idp:
    settings.CIE_ENABLED = True  # type: ignore[attr-defined]
    folder = keyring / "cie"
    row = register(
        "http://127.0.0.1:8001/cie",
        now=datetime.now(tz=UTC),
        folder=folder,
        code="cie",
        kind=ProviderKind.CIE_DEMO,
    )
    return Idp(row, folder)


def cie_answer(cie: Idp, browser: Client) -> str:
    url = browser.get("/accesso/cie/entra/cie/")["Location"]
    client = messages.read_metadata((cie.folder / "sp-cie.xml").read_bytes())
    question = messages.read_question(url.partition("?")[2], [client])
    root = messages.signed_answer(
        question,
        ANNA,
        issuer=cie.row.entity_id,
        key=cie.key,
        certificate=cie.certificate,
        now=datetime.now(tz=UTC),
    )
    return encoded(root)


def test_cie_and_spid_of_one_person_are_one_user(client: Client, idp: Idp, cie: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    second = Client()
    parked = second.post("/accesso/cie/acs/", {"SAMLResponse": cie_answer(cie, second)})
    second.get(parked["Location"])

    assert User.objects.count() == 1
    assert second.session["_auth_user_id"] == client.session["_auth_user_id"]


def test_an_answer_to_cie_does_not_open_the_door_of_spid(client: Client, cie: Idp) -> None:
    assert deliver(client, cie_answer(cie, client)).status_code == 403
    assert not signed_in(client)


def test_the_entry_page_offers_cie_with_equal_prominence_when_it_is_on(
    client: Client, idp: Idp, cie: Idp
) -> None:
    page = client.get("/accesso/").content.decode()

    assert page.count("spid-button") == 2
    assert "Entra con CIE" in page


@pytest.fixture
def european(idp: Idp, ask: Ask, client: Client) -> tuple[Idp, Workshop]:
    idp.row.kind = ProviderKind.EIDAS
    idp.row.save()
    question = idp.question(ask(idp))
    workshop = Workshop(
        question=question,
        issuer=idp.row.entity_id,
        key=idp.key,
        certificate=idp.certificate,
        attacker=ANNA,
        victim=ANNA,
        stranger=("", ""),
    )
    return idp, workshop


def test_an_identity_without_fiscal_code_ends_on_a_clear_page(
    client: Client, european: tuple[Idp, Workshop]
) -> None:
    _, workshop = european
    response = deliver(client, encoded(workshop.signed(drop(attribute("fiscalNumber")))))

    person = EidasPerson.objects.get()
    assert response.status_code == 200
    assert f"E-{person.pk}" in response.content.decode()
    assert not signed_in(client)
    assert User.objects.count() == 0


def test_once_the_office_has_linked_it_the_family_opens(
    client: Client, european: tuple[Idp, Workshop], ask: Ask
) -> None:
    idp, workshop = european
    deliver(client, encoded(workshop.signed(drop(attribute("fiscalNumber")))))
    EidasPerson.objects.update(fiscal_code=ANNA.fiscal_code)
    again = replace(workshop, question=idp.question(ask(idp)))
    response = deliver(client, encoded(again.signed(drop(attribute("fiscalNumber")))))

    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get(fiscal_code=ANNA.fiscal_code).pk)


def test_asking_europe_uses_the_set_without_fiscal_code(european: tuple[Idp, Workshop]) -> None:
    idp, _ = european

    assert service.attribute_set(idp.row) == 99
    assert "fiscalNumber" not in service.attributes_asked(service.Scheme.SPID, idp.row)
    assert 'AttributeConsumingServiceIndex="99"' in idp.row.exchanges.get().request_xml
