"""What each database role may do. Run by the owner after every migration (setup_database does both).

The application role reads and writes, but of the append-only tables it may only add rows; nobody gets TRUNCATE. The
reader role (the auditor's own tools) reads everything but secrets and who eats which diet (enrolments/diet_readers.py). Partitions get no right of their own: they are
reached through their parent, or an UPDATE on the partition would go round the parent's missing right.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql

APP, READER = "mensa_app", "mensa_reader"
# Sessions and second factors would let a reader become somebody else.
_SECRET_TABLES = frozenset({"django_session", "mfa_authenticator"})
_SECRET_COLUMNS = frozenset({"password"})
# Each with the history of its rows.
_DIET_TABLES = frozenset(
    f"{table}{history}"
    for table in (
        "enrolments_diet",
        "enrolments_dietrequest",
        "enrolments_dietcertificate",
        "enrolments_dietconfirmation",
        "enrolments_diethold",
        "enrolments_dietreminder",
        "attendance_lightmeal",
    )
    for history in ("", "event")
)
_DIET_COLUMNS = {
    "attendance_kitchensheet": frozenset({"content"}),
    "enrolments_applicationbatch": frozenset({"rows", "report"}),
}
_READ_ONLY_TABLES = frozenset({"django_migrations"})


class Command(BaseCommand):
    help = "Dà ai ruoli del database (mensa_app, mensa_reader) i diritti che servono e non altri."

    def handle(self, *args: Any, **options: Any) -> None:
        """Safe to repeat; roles that the server does not have are skipped."""
        present = _roles_present()
        if not present:
            self.stdout.write(
                "I ruoli mensa_app e mensa_reader non esistono su questo server: nessun diritto da assegnare."
            )
            return
        with transaction.atomic():
            grant(present)
        self.stdout.write(f"Diritti assegnati a {', '.join(sorted(present))}.")


def grant(present: set[str]) -> None:
    """All tables at once, from nothing: a right taken away here is taken away there too."""
    tables = _tables()
    missing = set(settings.APPEND_ONLY_TABLES) - tables
    if missing:
        raise CommandError(
            f"APPEND_ONLY_TABLES nomina tabelle che non esistono: {', '.join(sorted(missing))}."
        )
    for role in sorted(present):
        _execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}", role=role)
        _execute("GRANT USAGE ON SCHEMA public TO {role}", role=role)
    if APP in present:
        _grant_application(tables)
    if READER in present:
        _grant_reader(tables)


def _grant_application(tables: set[str]) -> None:
    for table in sorted(tables):
        _execute(f"GRANT {_application_rights(table)} ON {{table}} TO {{role}}", table=table, role=APP)
    _execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}", role=APP)
    _execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}", role=APP)


def _application_rights(table: str) -> str:
    if table in _READ_ONLY_TABLES:
        return "SELECT"
    if table in settings.APPEND_ONLY_TABLES:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE, DELETE"


def _grant_reader(tables: set[str]) -> None:
    for table in sorted(tables - _SECRET_TABLES - _DIET_TABLES):
        columns, hidden = _columns(table), _SECRET_COLUMNS | _DIET_COLUMNS.get(table, frozenset())
        if hidden & set(columns):
            open_columns = sql.SQL(", ").join(sql.Identifier(name) for name in columns if name not in hidden)
            _execute(
                "GRANT SELECT ({columns}) ON {table} TO {role}",
                columns=open_columns,
                table=table,
                role=READER,
            )
        else:
            _execute("GRANT SELECT ON {table} TO {role}", table=table, role=READER)


def _execute(statement: str, **names: str | sql.Composable) -> None:
    quoted = {key: sql.Identifier(name) if isinstance(name, str) else name for key, name in names.items()}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**quoted))


def _roles_present() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[APP, READER]])
        return {row[0] for row in cursor.fetchall()}


def _tables() -> set[str]:
    """Tables and views of ours; not the partitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition"
        )
        return {row[0] for row in cursor.fetchall()}


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(%s))"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]
