"""The app IO says no, or nothing, about somebody: that person's message waits or is closed, the others leave in the same round."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from enrolments.models import Guardian, IseeDeclaration
from payments import io_events, io_news
from payments.gateways import wire
from payments.gateways.app_io import AppIo
from payments.models import IoMessage, IoStart, Notice
from tests import cast
from tests.payments import outside
from tests.payments.conftest import NOW
from tests.payments.test_app_io import ALLOWED, TAKEN, io, sent, settled_long_ago, tell  # noqa: F401 - fixtures too
from wallets.models import LowCreditAlert, Wallet

pytestmark = pytest.mark.django_db
State, Event = IoMessage.State, IoMessage.Event
People = dict[str, str]
Say = outside.Say


def code(number: int) -> str:
    return f"RSSNNA85A41A{number:03d}X"


@pytest.fixture
def owed(io: outside.Pagopa) -> Callable[[int], list[IoMessage]]:  # noqa: F811
    """So many people, each with a message to be sent."""

    def make(count: int) -> list[IoMessage]:
        return [_owed_to(number) for number in range(count)]

    return make


def _owed_to(number: int) -> IoMessage:
    guardian = Guardian.objects.create(fiscal_code=code(number), first_name="N", last_name=str(number))
    return IoMessage.objects.create(
        guardian=guardian,
        event=Event.LOW_CREDIT,
        cause=f"low_credit:x{number}",
        subject="Mensa scolastica",
        text="x" * 80,
        planned_at=NOW,
    )


def about(io: outside.Pagopa, *, profiles: dict[int, Say], messages: dict[int, Say] | None = None) -> None:  # noqa: F811
    """What the app says of these people, by number; it lets in and takes everybody else's."""
    sick = {
        "profiles": {code(number): say for number, say in profiles.items()},
        "messages": {code(number): say for number, say in (messages or {}).items()},
    }

    def say(peer: Any, stop: Any) -> None:
        asked = io.asked[-1]
        what = asked.path.rpartition("/")[2]
        usual = ALLOWED if what == "profiles" else TAKEN
        sick[what].get(asked.body["fiscal_code"], usual)(peer, stop)

    io.otherwise = say


def states() -> dict[int, str]:
    rows = IoMessage.objects.values_list("guardian__fiscal_code", "state")
    return {int(fiscal_code[12:15]): state for fiscal_code, state in rows}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence is taken for one after half a second, not after six."""
    monkeypatch.setattr(wire, "PATIENCE", 0.5)


NO = outside.answer(400, {"title": "no"})


@pytest.mark.usefixtures("hasty")
def test_each_trouble_costs_its_own_person_and_the_others_receive_theirs_in_the_same_round(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
) -> None:
    owed(12)
    about(
        io,
        profiles={
            0: NO,
            1: outside.answer(404),
            2: outside.answer(500),
            3: outside.hang,
            4: outside.garbage,
            5: outside.answer(200, b"<html>"),
            7: outside.answer(403),
        },
        messages={8: NO, 9: outside.answer(503), 10: outside.hang},
    )
    assert tell() == 2
    assert states() == {
        0: State.REFUSED,
        1: State.UNREACHABLE,
        **dict.fromkeys((2, 3, 4, 5, 7, 9), State.WAITING),
        **dict.fromkeys((6, 11), State.SENT),
        8: State.REFUSED,
        10: State.SENDING,
    }
    assert not IoStart.objects.filter(quiet_until__isnull=False).exists()
    about(io, profiles={})
    assert tell(NOW + dt.timedelta(minutes=3)) == 6


@pytest.mark.parametrize("trouble", [NO, outside.answer(500), outside.answer(429)], ids=["400", "500", "429"])
def test_the_first_of_the_row_never_stops_those_behind_it_round_after_round(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
    trouble: Say,
) -> None:
    owed(3)
    about(io, profiles={0: trouble})
    for minutes in (0, 4):
        tell(NOW + dt.timedelta(minutes=minutes))
    assert {states()[1], states()[2]} == {State.SENT}
    assert states()[0] != State.SENT


def test_who_is_refused_is_closed_and_not_asked_about_again(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    owed(1)
    about(io, profiles={0: NO})
    for hours in range(3):
        assert tell(NOW + dt.timedelta(hours=hours)) == 0
    assert io.questions() == ["POST profiles"]
    assert states() == {0: State.REFUSED}
    assert "io_message_refused" in caplog.text
    assert code(0) not in caplog.text


def test_when_nobody_gets_an_answer_the_round_ends_and_all_wait(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
) -> None:
    """Otherwise two hundred silences, one after the other, would hold a worker for most of an hour."""
    owed(12)
    io.otherwise = outside.answer(403)
    tell()
    assert len(io.asked) == 5
    tell(NOW + dt.timedelta(minutes=1))
    assert len(io.asked) == 5
    io.otherwise = outside.answer(403)
    tell(NOW + dt.timedelta(minutes=2))
    assert len(io.asked) == 10
    assert IoStart.objects.get().quiet_until == NOW + dt.timedelta(minutes=6)
    about(io, profiles={})
    assert tell(NOW + dt.timedelta(minutes=7)) == 12
    assert IoStart.objects.get().silences == 0


@pytest.mark.usefixtures("hasty")
def test_answers_that_get_lost_cost_two_messages_and_then_the_round_ends(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
) -> None:
    owed(9)
    about(io, profiles={}, messages=dict.fromkeys(range(9), outside.hang))
    assert tell() == 0
    assert sorted(states().values()) == [State.SENDING] * 2 + [State.WAITING] * 7


def test_a_message_that_nobody_foresaw_is_put_off_alone(
    owed: Callable[[int], list[IoMessage]],
    io: outside.Pagopa,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owed(3)
    ask = AppIo.may_write_to

    def stumble(app: AppIo, fiscal_code: str) -> bool:
        if fiscal_code == code(1):
            raise KeyError(1)
        return ask(app, fiscal_code)

    monkeypatch.setattr(AppIo, "may_write_to", stumble)
    assert tell() == 2
    assert states() == {0: State.SENT, 1: State.WAITING, 2: State.SENT}


# -- what is found --------------------------------------------------------------------------------------------------------
def _explodes(news: io_news.News) -> Iterator[io_news.Found]:
    raise RuntimeError("a row that nobody foresaw")
    yield


def _one_and_a_half(news: io_news.News) -> Iterator[io_news.Found]:
    yield _fact("fine", "x" * 80)
    raise RuntimeError


def _fact(cause: str, text: str) -> io_news.Found:
    words = io_events.io_texts.Words("Mensa scolastica", text)
    whom = Guardian.objects.filter(fiscal_code=cast.ANNA.fiscal_code)
    return io_news.Found(Event.TOPPED_UP, cause, words, whom)


def test_a_finder_that_fails_stops_no_other_and_loses_nothing_it_had_found(
    notice: Notice,
    io: outside.Pagopa,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Notice.objects.update(published_at=NOW)
    monkeypatch.setattr(io_events, "FINDERS", (_explodes, _one_and_a_half, *io_events.FINDERS))
    assert tell() == 2
    assert set(IoMessage.objects.values_list("event", flat=True)) == {Event.NOTICE, Event.TOPPED_UP}


def test_a_fact_that_cannot_be_written_keeps_no_other_waiting(
    town: cast.Town,
    io: outside.Pagopa,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = [_fact("x" * 60, "y" * 80), _fact("short", "y" * 80)]
    monkeypatch.setattr(io_events, "FINDERS", (lambda news: iter(facts),))
    assert tell() == 1
    assert IoMessage.objects.get().cause == "topped_up:short"


# -- twice is once, and costs nothing -------------------------------------------------------------------------------------
@pytest.fixture
def busy_day(town: cast.Town, notice: Notice, wallet: Wallet) -> None:
    """Of nearly every kind of event something, the shared causes too."""
    Notice.objects.update(published_at=NOW)
    LowCreditAlert.objects.create(wallet=wallet, threshold=2, crossed_at=NOW)
    IseeDeclaration.pgh_event_model.objects.update(pgh_created_at=Now())  # type: ignore[attr-defined]
    year = cast.school_year("2027/28", 2027)
    year.applications_from = NOW.date()
    year.save(update_fields=["applications_from"])


def _last_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM payments_iomessage_id_seq")
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("busy_day", "io")
def test_a_second_round_writes_nothing_and_uses_up_no_number() -> None:
    news = io_news.begin(now=NOW)
    io_events.plan(news)
    known, last = IoMessage.objects.count(), _last_number()
    assert known > 6
    with CaptureQueriesContext(
        connection,
    ) as queries:
        io_events.plan(news)
    assert not [query for query in queries if "INSERT INTO" in query["sql"]]
    assert (IoMessage.objects.count(), _last_number()) == (known, last)


@pytest.mark.usefixtures("busy_day", "io")
def test_the_control_offering_everything_again_uses_up_numbers() -> None:
    news = io_news.begin(now=NOW)
    io_events.plan(news)
    last = _last_number()
    facts = [fact for find in io_events.FINDERS for fact in find(news)]
    io_events._record([io_news.Found(**{**vars(fact), "shared": False}) for fact in facts], news=news)
    assert _last_number() > last


@pytest.mark.usefixtures("io")
def test_what_was_told_costs_no_query_of_its_own(issue: Callable[..., Notice]) -> None:
    def queries_of_a_round() -> int:
        Notice.objects.update(published_at=NOW)
        news = io_news.begin(now=NOW)
        io_events.plan(news)
        with CaptureQueriesContext(connection) as queries:
            io_events.plan(news)
        return len(queries)

    issue()
    few = queries_of_a_round()
    for _ in range(9):
        issue()
    assert queries_of_a_round() == few


def test_the_numbers_of_the_messages_do_not_run_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_type::text, max_value FROM pg_sequences WHERE sequencename = 'payments_iomessage_id_seq'"
        )
        assert cursor.fetchone() == ("bigint", 2**63 - 1)
        cursor.execute(
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_name = 'payments_iomessage' AND column_name = 'id'"
        )
        assert cursor.fetchone() == ("bigint",)
