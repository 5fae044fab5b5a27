"""One row that the database will not take, among good ones: the trouble that nobody foresaw. For tests with committed rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_POISON = """
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.{column} = {value} THEN RAISE EXCEPTION 'poisoned'; END IF; RETURN NEW; END $$;
CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION poison()"""


@contextmanager
def poisoned(table: str, column: str, value: int) -> Iterator[None]:
    """While it lasts, nobody writes a row of that table with that value."""
    with connection.cursor() as cursor:
        cursor.execute(_POISON.format(table=table, column=column, value=value))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION poison() CASCADE")
