"""The commands that bring a database up: rights of the roles, and a demo that keeps out of a real town's data."""

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from mensa.management.commands import grant_roles

pytestmark = pytest.mark.django_db


@pytest.fixture
def roles(db):
    """The two roles, for the length of a test; on the server of `manage.py test` they are there already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname IN ('mensa_app', 'mensa_reader')")
        for name in {"mensa_app", "mensa_reader"} - {row[0] for row in cursor.fetchall()}:
            cursor.execute(f"CREATE ROLE {name}")
    call_command("grant_roles", verbosity=0)


def _may(role: str, right: str, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("table", settings.APPEND_ONLY_TABLES)
def test_the_application_only_adds_to_what_is_append_only(roles, table):
    allowed = [
        right
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        if _may("mensa_app", right, table)
    ]
    assert allowed == ["SELECT", "INSERT"]


def test_the_application_writes_elsewhere_but_never_truncates(roles):
    allowed = [
        right
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        if _may("mensa_app", right, "django_session")
    ]
    assert allowed == ["SELECT", "INSERT", "UPDATE", "DELETE"]


def test_no_partition_opens_a_way_round_its_parent(roles):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege('mensa_app', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallets_entry SET amount = 0",
        "DELETE FROM wallets_entry",
        "TRUNCATE wallets_entry",
        "ALTER TABLE wallets_entry DISABLE TRIGGER ALL",
    ],
)
def test_the_application_role_is_refused_by_the_server_itself(roles, statement):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL ROLE mensa_app")
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            cursor.execute(statement)


def test_the_control_the_owner_is_stopped_by_the_triggers_and_not_by_rights(roles):
    """Without the role the same statement meets another wall: so above it is the role that refuses."""
    with connection.cursor() as cursor, pytest.raises(DatabaseError) as refused, transaction.atomic():
        cursor.execute("UPDATE wallets_entry SET amount = 0")
    assert "permission denied" not in str(refused.value)


@pytest.mark.parametrize(
    ("table", "readable"), [("wallets_entry", True), ("django_session", False), ("mfa_authenticator", False)]
)
def test_the_reader_reads_all_but_secrets_and_writes_nothing(roles, table, readable):
    assert _may("mensa_reader", "SELECT", table) is readable
    assert not _may("mensa_reader", "INSERT, UPDATE, DELETE", table)


def test_the_reader_does_not_see_who_eats_which_diet(roles):
    """Every table that names a diet, and the text of the sheets and of the lists of applications."""
    diets = {
        model._meta.db_table
        for model in apps.get_models()
        if "pupil" in {field.name for field in model._meta.fields}
        and any(word in model._meta.model_name for word in ("diet", "lightmeal"))
    }
    assert len(diets) >= 11
    assert not [table for table in diets if _may("mensa_reader", "SELECT", table)]
    assert not _may("mensa_reader", "SELECT", "enrolments_dietcertificate")  # of a request
    texts = (
        ("attendance_kitchensheet", "content"),
        ("enrolments_applicationbatch", "rows"),
        ("enrolments_applicationbatch", "report"),
    )
    assert not [one for one in texts if _may_column("mensa_reader", *one)]
    assert _may_column("mensa_reader", "attendance_kitchensheet", "digest")
    assert _may("mensa_reader", "SELECT", "enrolments_price")


def _may_column(role: str, table: str, column: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_column_privilege(%s, %s, %s, 'SELECT')", [role, table, column])
        return bool(cursor.fetchone()[0])


def test_the_reader_does_not_see_passwords(roles):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_column_privilege('mensa_reader', 'identity_user', 'password', 'SELECT'),"
            " has_column_privilege('mensa_reader', 'identity_user', 'username', 'SELECT')"
        )
        assert cursor.fetchone() == (False, True)


def test_a_misspelt_append_only_table_stops_the_command(roles, settings):
    settings.APPEND_ONLY_TABLES = ["wallets_entri"]
    with pytest.raises(CommandError, match="wallets_entri"):
        grant_roles.grant({"mensa_app"})


def test_the_demo_keeps_out_of_the_database_of_a_town(django_user_model):
    django_user_model.objects.create(username="vera", role="office", email="vera@comune.bitritto.ba.it")
    with pytest.raises(CommandError, match="contiene i dati di un Comune"):
        call_command("prepare_demo", verbosity=0)
