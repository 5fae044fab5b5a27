"""What the office sees of the logins, and what of it leaves a trace."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from identity import audit
from identity.models import EidasPerson, Role, SensitiveKind, SensitiveView, User
from identity.staff import create_staff_user
from tests.cast import client_of
from tests.identity.conftest import ANNA, Idp, deliver

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]


@pytest.fixture
def enzo(db: None) -> User:
    return create_staff_user(username="enzo-di-prova", role=Role.OFFICE, password="una frase lunga e nuova")


@pytest.fixture
def office(enzo: User) -> Client:
    return client_of(enzo)


def test_the_office_finds_the_logins_of_a_person_and_the_search_is_written_down(
    client: Client, office: Client, enzo: User, idp: Idp, ask: Ask
) -> None:
    deliver(client, idp.answer(ask(idp)))

    found = office.get("/gestione/identity/samlexchange/", {"q": ANNA.fiscal_code}).content.decode()
    assert "accesso riuscito" in found
    nobody = office.get("/gestione/identity/samlexchange/", {"q": "XXXXXX00A00A000A"}).content.decode()
    assert "1 accesso" not in nobody
    views = SensitiveView.objects.filter(user=enzo, kind=SensitiveKind.REGISTER)
    assert views.count() == 2
    assert ANNA.fiscal_code not in "".join(views.values_list("subject", flat=True))


def test_every_list_and_row_of_the_panel_opens(client: Client, office: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    EidasPerson.objects.create(
        spid_code="FR-1", first_name="Jean", last_name="Petit", first_seen=datetime.now(tz=UTC)
    )
    for model in ("user", "identityprovider", "samlexchange", "eidasperson", "sensitiveview"):
        page = office.get(f"/gestione/identity/{model}/")
        assert page.status_code == 200, model
    for row in (idp.row, User.objects.get(fiscal_code=ANNA.fiscal_code), EidasPerson.objects.get()):
        assert office.get(f"/gestione/identity/{row._meta.model_name}/{row.pk}/change/").status_code == 200
    exchange = idp.row.exchanges.get()
    assert office.get(f"/gestione/identity/samlexchange/{exchange.pk}/change/").status_code == 200
    assert SensitiveView.objects.filter(subject=f"accesso {exchange.pk}").exists()


def test_a_european_identity_is_linked_to_a_valid_code_of_somebody_born_that_day(office: Client) -> None:
    jean = EidasPerson.objects.create(
        spid_code="FR-1",
        first_name="Anna",
        last_name="Rossi",
        birth_date="1985-08-01",
        first_seen=datetime.now(tz=UTC),
    )
    address = f"/gestione/identity/eidasperson/{jean.pk}/change/"
    for typed, sentence in (
        ("RSSNNA85M41Z998X", "Il codice fiscale non è valido"),
        ("VRDCRL80B42Z998B", "nata un altro giorno"),
    ):
        page = office.post(address, {"fiscal_code": typed})
        assert (page.status_code, typed in page.content.decode()) == (200, True)
        assert sentence in page.content.decode()
    office.post(address, {"fiscal_code": "rssnna85m41z998j"})
    jean.refresh_from_db()
    assert jean.fiscal_code == "RSSNNA85M41Z998J"


def test_the_office_suspends_a_clerk_but_not_itself(office: Client, enzo: User) -> None:
    dora = create_staff_user(
        username="dora-di-prova", role=Role.SECRETARY, password="una frase lunga e nuova"
    )
    office.post(
        f"/gestione/identity/user/{dora.pk}/change/", {"first_name": "Dora", "last_name": "", "email": ""}
    )
    dora.refresh_from_db()
    assert not dora.is_active

    office.post(
        f"/gestione/identity/user/{enzo.pk}/change/", {"first_name": "Enzo", "last_name": "", "email": ""}
    )
    enzo.refresh_from_db()
    assert enzo.is_active


def test_a_role_cannot_be_given_from_the_panel(office: Client) -> None:
    dora = create_staff_user(
        username="dora-di-prova", role=Role.SECRETARY, password="una frase lunga e nuova"
    )
    office.post(
        f"/gestione/identity/user/{dora.pk}/change/",
        {
            "first_name": "",
            "last_name": "",
            "email": "",
            "role": "office",
            "is_superuser": "on",
            "is_active": "on",
        },
    )
    dora.refresh_from_db()

    assert (dora.role, dora.is_superuser, dora.is_staff) == (Role.SECRETARY, False, False)


def test_the_state_of_spid_is_for_the_office_and_the_auditor(office: Client, idp: Idp) -> None:
    page = office.get("/accesso/spid/stato/")
    assert page.status_code == 200
    assert "Primo" in page.content.decode()

    gino = create_staff_user(username="gino-di-prova", role=Role.ACCOUNTS, password="una frase lunga e nuova")
    assert client_of(gino).get("/accesso/spid/stato/").status_code == 403


def test_a_missing_key_is_an_alarm(office: Client, settings: object, tmp_path: object) -> None:
    settings.SPID_KEYS_DIR = tmp_path  # type: ignore[attr-defined]

    assert "Manca la chiave SPID" in office.get("/accesso/spid/stato/").content.decode()


def test_the_log_of_sensitive_views_cannot_be_changed_or_emptied(enzo: User) -> None:
    view = audit.record_view(user=enzo, kind=SensitiveKind.DIET, subject="P-1", now=datetime.now(tz=UTC))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SensitiveView.objects.filter(pk=view.pk).update(subject="P-2")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        view.delete()

    assert SensitiveView.objects.get().subject == "P-1"
