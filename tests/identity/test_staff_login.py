"""The staff: password, second factor, and nothing without it."""

import time
from typing import Any, cast

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory

from identity import totp
from identity.admin_access import has_admin_access
from identity.models import Role, User
from identity.staff import StaffRefused, create_staff_user

pytestmark = pytest.mark.django_db

PASSWORD = "una frase lunga e nuova"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make(username: str = "enzo", role: Role = Role.OFFICE, secret: str | None = SECRET) -> User:
    return create_staff_user(username=username, role=role, password=PASSWORD, totp_secret=secret)


def give_password(
    client: Client, username: str = "enzo", password: str = PASSWORD, next_url: str = ""
) -> str:
    response = client.post("/accesso/personale/", {"login": username, "password": password, "next": next_url})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def give_code(client: Client, code: str | None = None) -> str:
    response = client.post("/accesso/personale/codice/", {"code": code or totp.code_at(SECRET, time.time())})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def test_the_office_signs_in_with_password_and_code(client: Client) -> None:
    enzo = make()

    assert give_password(client) == "/accesso/personale/codice/"
    assert "_auth_user_id" not in client.session
    assert give_code(client) == "/"
    assert client.session["_auth_user_id"] == str(enzo.pk)
    assert client.get("/gestione/").status_code == 200


def test_the_same_code_does_not_work_twice(client: Client) -> None:
    make()
    code = totp.code_at(SECRET, time.time())
    give_password(client)
    give_code(client, code)
    second = Client()
    give_password(second)

    assert "/accesso/personale/codice/" in give_code(second, code)
    assert "_auth_user_id" not in second.session


def test_a_wrong_code_does_not_open(client: Client) -> None:
    make()
    give_password(client)

    assert "Codice errato" in give_code(client, "000000")
    assert "_auth_user_id" not in client.session


def test_without_an_app_the_office_is_sent_to_link_one_before_anything_else(client: Client) -> None:
    make(secret=None)
    give_password(client)

    assert client.get("/gestione/").status_code == 302
    page = client.get("/accesso/secondo-fattore/")
    assert "Collega l'app" in page.content.decode() or "Collega l&#x27;app" in page.content.decode()


def test_linking_the_app_and_showing_its_code_opens_the_panel(client: Client) -> None:
    make(secret=None)
    give_password(client)
    assert client.get("/accesso/personale/sicurezza/app/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    linked = client.post("/accesso/personale/sicurezza/app/", {"code": totp.code_at(secret, time.time())})
    assert linked["Location"] == "/accesso/personale/sicurezza/recupero/"
    assert client.get(linked["Location"]).status_code == 200

    asked = client.get("/accesso/secondo-fattore/?next=/gestione/")
    assert asked["Location"] == "/accesso/personale/conferma-codice/?next=%2Fgestione%2F"
    shown = client.post(
        "/accesso/personale/conferma-codice/",
        {"code": totp.code_at(secret, time.time()), "next": "/gestione/"},
    )
    assert shown["Location"] == "/gestione/"
    assert client.get("/gestione/").status_code == 200


def test_the_kitchen_signs_in_with_the_password_alone(client: Client) -> None:
    franca = make("franca", Role.KITCHEN, secret=None)

    assert give_password(client, "franca") == "/"
    assert client.session["_auth_user_id"] == str(franca.pk)
    assert client.get("/gestione/").status_code == 302


def test_a_town_may_ask_the_schools_for_the_code_too(client: Client, settings: object) -> None:
    settings.SECOND_FACTOR_ROLES = {"office", "accounts", "auditor", "secretary"}  # type: ignore[attr-defined]
    from identity import second_factor

    assert second_factor.is_required(make("dora", Role.SECRETARY, secret=None))


def test_the_admin_panel_wants_role_and_second_factor() -> None:
    request = cast(HttpRequest, RequestFactory().get("/gestione/"))
    request.session = Client().session
    for role in (Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR, Role.SECRETARY, Role.KITCHEN):
        request.user = make(role.value, role, secret=None)
        assert not has_admin_access(request), role


def test_too_many_wrong_passwords_shut_the_door_for_a_while(client: Client) -> None:
    make()
    for _ in range(6):
        give_password(client, password="sbagliata di sicuro")

    assert give_password(client) != "/accesso/personale/codice/"


def test_a_parent_has_no_password_login(client: Client) -> None:
    User.objects.create(username="anna", role=Role.PARENT, fiscal_code="RSSNNA85M41A893X", password="!")

    assert "<h1>Accesso del personale" in give_password(client, "anna", "!")


def test_nobody_can_sign_up(client: Client) -> None:
    for path in ("/accesso/signup/", "/accesso/personale/signup/", "/accounts/signup/"):
        assert client.get(path).status_code == 404


def test_leaving_ends_the_session(client: Client) -> None:
    make("franca", Role.KITCHEN, secret=None)
    give_password(client, "franca")
    assert client.get("/accesso/esci/").status_code == 200
    client.post("/accesso/esci/")

    assert "_auth_user_id" not in client.session


def test_the_secret_of_the_app_is_not_readable_in_the_database() -> None:
    from allauth.mfa.models import Authenticator

    make()
    assert SECRET not in Authenticator.objects.get().data["secret"]


def test_staff_are_refused_with_a_sentence() -> None:
    make()
    with pytest.raises(StaffRefused, match="esiste già"):
        make()
    with pytest.raises(StaffRefused, match="SPID"):
        make("anna", Role.PARENT)
    with pytest.raises(StaffRefused, match="password"):
        create_staff_user(username="gino", role=Role.ACCOUNTS, password="corta")


def test_the_command_makes_a_clerk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    call_command("create_staff", "gino", "accounts", nome="Gino")

    assert User.objects.get(username="gino").is_staff
    with pytest.raises(CommandError, match="esiste"):
        call_command("create_staff", "gino", "accounts")


@pytest.mark.parametrize(
    "fields",
    [
        {"role": Role.PARENT, "fiscal_code": None},
        {"role": Role.OFFICE, "fiscal_code": "RSSNNA85M41A893X"},
        {"role": Role.PARENT, "fiscal_code": "RSSNNA85M41A893X", "is_staff": True},
        {"role": Role.PARENT, "fiscal_code": "RSSNNA85M41A893X", "is_superuser": True},
    ],
)
def test_the_database_keeps_parents_and_staff_apart(fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="x", **fields)  # type: ignore[arg-type]


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert [totp.code_at(secret, at) for at in (59, 1111111109, 1234567890)] == ["287082", "081804", "005924"]


def test_who_lost_the_phone_links_another_one(client: Client) -> None:
    make()
    call_command("staff_forget_second_factor", "enzo")
    give_password(client)

    assert "Collega" in client.get("/accesso/secondo-fattore/").content.decode()
    with pytest.raises(CommandError, match="secondo fattore"):
        call_command("staff_forget_second_factor", "enzo")


def test_a_change_of_role_or_a_suspension_leaves_a_trace(db: None) -> None:
    franca = make("franca", Role.KITCHEN, secret=None)
    User.objects.filter(pk=franca.pk).update(is_active=False)

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_active FROM identity_userevent WHERE pgh_obj_id = %s ORDER BY pgh_id", [franca.pk]
        )
        assert cursor.fetchall() == [(True,), (False,)]


def test_the_pages_about_one_s_own_security_open(client: Client) -> None:
    make()
    give_password(client)
    give_code(client)
    for page in (
        "sicurezza/",
        "sicurezza/app/disattiva/",
        "sicurezza/recupero/nuovi/",
        "sicurezza/chiavi/",
        "sicurezza/chiavi/nuova/",
        "password/",
        "conferma/",
    ):
        assert client.get(f"/accesso/personale/{page}").status_code == 200, page


def test_the_recovery_codes_open_when_the_phone_is_lost(client: Client) -> None:
    make()
    give_password(client)
    give_code(client)
    client.post("/accesso/personale/sicurezza/recupero/nuovi/")
    page = client.get("/accesso/personale/sicurezza/recupero/").content.decode()
    code = page.partition('<li class="chip-code">')[2].partition("<")[0]
    second = Client()
    give_password(second)

    assert give_code(second, code) == "/"
    assert second.get("/gestione/").status_code == 200


def test_the_demo_shows_today_s_code_and_nobody_else_does(client: Client, settings: Any) -> None:
    make()
    give_password(client)
    assert totp.code_at(SECRET, time.time()) not in client.get("/accesso/personale/codice/").content.decode()
    assert "Solo nella dimostrazione" not in Client().get("/accesso/personale/").content.decode()

    settings.DEMO = True
    shown = client.get("/accesso/personale/codice/").content.decode()
    assert any(totp.code_at(SECRET, time.time() + drift) in shown for drift in (-30, 0))
    assert "enzo" in Client().get("/accesso/personale/").content.decode()
