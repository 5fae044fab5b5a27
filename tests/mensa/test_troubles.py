"""What the log says of an error: enough to mend it, and nobody's name."""

import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from celery import shared_task
from django.db import IntegrityError, connection, transaction

from enrolments import diet_mail, outbox, rounds
from enrolments.models import DietReminder
from identity.models import User
from tests.cast import Town
from tests.enrolments.test_outbox import NOW, owe
from tests.guards import source
from tests.refusing import refuse

pytestmark = pytest.mark.django_db
NAME = "luca.bianchi"
BROKEN = "IntegrityError (identity_user_fiscal_code_means_parent)"


def refused_row(_: object = None) -> None:
    """PostgreSQL quotes it: DETAIL: Failing row contains (…, luca.bianchi, …)."""
    with transaction.atomic():
        User.objects.create_user(NAME)


def poisoned_in_words(_: object = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"DO $$ BEGIN RAISE unique_violation USING DETAIL = '{NAME}', CONSTRAINT = 'una_sola_volta'; END $$"
        )


def through_a_round() -> None:
    rounds.each([User(pk=41)], refused_row, said="prova.fallita")


def through_a_round_all_at_once() -> None:
    rounds.at_once_or_each([User(pk=41)], refused_row, said="prova.fallita")


def through_a_step() -> None:
    rounds.steps([refused_row], said="prova.fallita")


def through_django() -> None:
    try:
        refused_row()
    except IntegrityError:
        logging.getLogger("django.request").exception("prova.fallita %s", 41)


def through_structlog() -> None:
    try:
        refused_row()
    except IntegrityError:
        structlog.get_logger("payments.prova").exception("prova.fallita", item=41)


def through_what_followed() -> None:
    """The error that Python reports is not the one with the name in it."""
    try:
        refused_row()
    except IntegrityError:
        try:
            raise KeyError(NAME)
        except KeyError:
            logging.getLogger("prova").exception("prova.fallita")


@pytest.mark.parametrize(
    "log_it",
    [
        through_a_round,
        through_a_round_all_at_once,
        through_a_step,
        through_django,
        through_structlog,
        through_what_followed,
    ],
)
def test_a_row_that_the_database_refuses_leaves_no_name_in_the_log(
    log_it: Callable[[], None], written: io.StringIO
) -> None:
    log_it()
    line = written.getvalue()
    assert "prova.fallita" in line
    assert BROKEN in line
    assert "refused_row" in line, "where in the code"
    assert NAME not in line


def test_the_key_of_what_failed_is_in_the_line(written: io.StringIO) -> None:
    through_a_round()
    assert '"item": "41"' in written.getvalue()


def test_the_words_of_a_trigger_are_not_written_either(written: io.StringIO) -> None:
    rounds.each([User(pk=41)], poisoned_in_words, said="prova.fallita")
    assert "IntegrityError (una_sola_volta)" in written.getvalue()
    assert NAME not in written.getvalue()


def test_the_line_of_the_library_would_have_held_the_name() -> None:
    """The control: what Python's own formatter writes."""
    try:
        refused_row()
    except IntegrityError as error:
        info = (type(error), error, error.__traceback__)
        assert NAME in logging.Formatter().formatException(info)


def test_a_task_that_fails_leaves_no_name_in_the_log(written: io.StringIO) -> None:
    """Celery repeats the words of the error in a sentence of its own."""
    shared_task(name="prova.fallisce")(refused_row).apply(throw=False)
    assert "prova.fallisce" in written.getvalue()
    assert BROKEN in written.getvalue()
    assert NAME not in written.getvalue()


def test_a_mail_that_cannot_be_written_is_told_by_its_row(
    town: Town, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: list[DietReminder], now: object) -> Any:
        refused_row()

    owe(town.luca)
    outbox.carry(outbox.Sender(**{**vars(diet_mail.REMINDERS), "compose": broken}), now=NOW)
    assert f'"rows": [{DietReminder.objects.get().pk}]' in written.getvalue()
    assert BROKEN in written.getvalue()
    assert NAME not in written.getvalue()


def test_a_reader_who_was_not_reached_is_told_by_number(
    town: Town, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town.luca)
    refuse(monkeypatch, "bruno@posta.example")
    diet_mail.send_reminders(now=NOW)
    assert '"readers": 2, "not_reached": 1, "problem": "SMTPRecipientsRefused"' in written.getvalue()
    assert "bruno" not in written.getvalue()


def test_nothing_is_told_to_the_log_where_its_lines_do_not_show_it() -> None:
    """Words beside the line (`extra`) are printed by nobody."""
    lost = [
        source.place(path, call)
        for path in source.modules()
        for call in source.calls(path)
        if any(word.arg == "extra" and isinstance(word.value, source.ast.Dict) for word in call.keywords)
    ]
    assert lost == []
