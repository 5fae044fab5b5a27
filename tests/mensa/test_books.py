"""The books are checked every night and the office reads the outcome where it begins its day."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from identity.models import User
from mensa import books, office_numbers, tasks
from tests.cast import Town, at
from wallets.models import BooksCheck

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NIGHT = at("2026-11-24 04:40")
MORNING = at("2026-11-24 08:00")


def number() -> office_numbers.Number:
    return next(row for row in office_numbers.at(MORNING, outside=MORNING) if row.title == "Conti")


def break_a_balance() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE wallets_wallet SET balance = balance + 1")
        cursor.execute("SET session_replication_role = DEFAULT")


def test_the_night_checks_the_books_and_the_office_reads_that_they_tally(town: Town) -> None:
    tasks.check_books()
    assert BooksCheck.objects.get().findings == []
    books.check(now=NIGHT)
    assert (number().value, number().alarm) == ("tornano", False)


def test_a_balance_changed_behind_the_ledger_is_an_alarm(town: Town, client_of: ClientOf) -> None:
    break_a_balance()
    outcome = books.check(now=NIGHT)
    assert "saldo_e_somma" in {finding["check"] for finding in outcome.findings}
    assert (number().value, number().alarm) == ("non tornano", True)
    page = client_of(town.enzo).get("/ufficio/conti/").content.decode()
    assert "Il saldo di ogni borsellino è la somma dei suoi movimenti." in page
    with pytest.raises(CommandError, match="I conti non tornano"):
        call_command("check_books")


def test_a_night_without_a_check_shows(town: Town) -> None:
    assert number().value == "da controllare"
    books.check(now=at("2026-11-22 04:40"))
    assert number().value == "da controllare"


def test_the_panel_opens_on_the_state_of_the_books(town: Town, client_of: ClientOf) -> None:
    office = client_of(town.enzo)
    assert "I conti non sono ancora stati controllati" in office.get("/gestione/").content.decode()
    books.check(now=NIGHT)
    assert "I conti tornano" in office.get("/gestione/").content.decode()


def test_the_office_checks_when_it_wants(town: Town, client_of: ClientOf) -> None:
    answer = client_of(town.enzo).post("/ufficio/conti/controlla/", follow=True)
    assert "I conti tornano" in answer.content.decode()


def test_the_role_of_the_portal_may_run_every_check(town: Town) -> None:
    """The web and the worker check the books with few rights: no check may need the owner's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'mensa_app'")
        if not cursor.fetchone()[0]:
            cursor.execute("CREATE ROLE mensa_app")
    call_command("grant_roles", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE mensa_app")
        assert books.check(now=NIGHT).findings == []
        cursor.execute("RESET ROLE")


def test_who_does_not_keep_the_books_does_not_see_them(town: Town, client_of: ClientOf) -> None:
    assert client_of(town.dora).get("/ufficio/conti/").status_code == 403
    assert client_of(town.anna).get("/ufficio/conti/").status_code == 403


def test_the_page_of_the_checks_lists_every_check_in_its_own_words() -> None:
    page = (settings.BASE_DIR / "docs/conti.md").read_text("utf-8")
    checks = books.all_checks()
    assert not [check.name for check in checks if f"- `{check.name}`: {check.sentence}\n" not in page]
    assert page.count("\n- `") == len(checks) + books.MORE
