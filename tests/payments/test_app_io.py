"""The app IO: who is written to, about what, how often; and what happens when it does not answer."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as project
from django.db.models.functions import Now

from enrolments.models import (
    Application,
    ApplicationBatch,
    Diet,
    DietRequest,
    Enrolment,
    Exemption,
    HouseholdMember,
    IseeDeclaration,
)
from payments import app_io, receipts, tasks
from payments.gateways.app_io import AppIo, Letter, body_of
from payments.models import IoMessage, IoStart, Notice
from payments.rules import io_texts
from tests import cast
from tests.payments import outside
from tests.payments.conftest import NOW
from tests.payments.prism import prism  # noqa: F401 - a fixture
from tests.payments.test_receipts import incoming
from tests.wallets.races import together
from wallets.models import LowCreditAlert, Wallet

pytestmark = pytest.mark.django_db
State, Event = IoMessage.State, IoMessage.Event
ALLOWED = outside.answer(200, {"sender_allowed": True})
TAKEN = outside.answer(201, {"id": "01BX9NSMKVXXS5PSP2FATZMYYY"})


@pytest.fixture
def io(settings: Any) -> Iterator[outside.Pagopa]:
    """The app on a loopback server that says what the test wants; otherwise it lets in and takes everything."""
    with outside.listening() as listening:
        settings.APP_IO_URL, settings.APP_IO_KEYS = listening.address, ["first-key", "second-key"]
        listening.otherwise = _obliging(listening)
        yield listening


@pytest.fixture(autouse=True)
def settled_long_ago(town: cast.Town) -> None:
    """What the town was built with was decided months ago, and the key was set before that."""
    IoStart.objects.create(pk=1, since=Now() - dt.timedelta(days=90), by_clock=NOW - dt.timedelta(days=90))
    for history in history_of():
        history.update(pgh_created_at=Now() - dt.timedelta(days=90))


def history_of() -> Iterator[Any]:
    """Of whatever a decision is read from."""
    for model in (Diet, Enrolment, Exemption, IseeDeclaration):
        yield model.pgh_event_model.objects.all()


def _obliging(listening: outside.Pagopa) -> outside.Say:
    def say(peer: Any, stop: Any) -> None:
        (ALLOWED if listening.asked[-1].path.endswith("/profiles") else TAKEN)(peer, stop)

    return say


@pytest.fixture
def published(notice: Notice) -> Notice:
    """Issued a week ago, known to the node since yesterday."""
    Notice.objects.update(published_at=NOW - dt.timedelta(days=1), issued_at=NOW - dt.timedelta(days=7))
    notice.refresh_from_db()
    return notice


def sent(io: outside.Pagopa) -> list[dict[str, Any]]:
    return [asked.body for asked in io.asked if asked.path.endswith("/messages")]


def tell(now: dt.datetime = NOW) -> int:
    return app_io.tell(limit=50, now=now)


def test_without_a_key_nothing_is_written_and_nobody_is_asked(
    published: Notice, io: outside.Pagopa, settings: Any
) -> None:
    settings.APP_IO_KEYS = []
    assert tell() == 0
    assert not IoMessage.objects.exists()
    assert io.asked == []


def test_a_notice_reaches_the_applicant_with_what_the_app_needs_to_pay_it(
    published: Notice, io: outside.Pagopa, town: cast.Town
) -> None:
    assert tell() == 1
    assert io.questions() == ["POST profiles", "POST messages"]
    assert io.asked[0].body == {"fiscal_code": town.family.applicant.fiscal_code}
    assert io.asked[0].headers["ocp-apim-subscription-key"] == "first-key"
    (message,) = sent(io)
    assert message["fiscal_code"] == town.family.applicant.fiscal_code
    assert message["content"]["payment_data"] == {
        "amount": 10200,
        "notice_number": published.nav,
        "invalid_after_due_date": False,
        "payee": {"fiscal_code": "99999000013"},
    }
    assert message["content"]["due_date"] == "2026-12-24T22:59:59.000Z"
    row = IoMessage.objects.get()
    assert (row.state, row.io_id) == (State.SENT, "01BX9NSMKVXXS5PSP2FATZMYYY")


def test_once_is_enough_however_often_it_is_told(published: Notice, io: outside.Pagopa) -> None:
    for _ in range(3):
        tell()
    tasks.tell_app_io()
    assert len(sent(io)) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_one_message(published: Notice, io: outside.Pagopa) -> None:
    said = together(*[tell for _ in range(8)])
    assert not [one for one in said if isinstance(one, Exception)]
    assert sum(said) == len(sent(io)) == 1


def test_the_naive_twin_that_sends_and_then_writes_sends_two(published: Notice, io: outside.Pagopa) -> None:
    """Killed between the message and the note of it, it begins again: the family reads it twice."""
    for _ in range(2):
        if not IoMessage.objects.filter(state=State.SENT).exists():
            AppIo().send(Letter("RSSNNA85A41A893X", "Mensa scolastica", "x" * 80))
    assert len(sent(io)) == 2


# -- who may be written to --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "profile",
    [
        outside.answer(404, {"status": 404}),
        outside.answer(200, {"sender_allowed": False}),
        outside.answer(200, {}),
    ],
    ids=["no profile", "service switched off", "does not say"],
)
def test_who_does_not_want_it_gets_nothing(
    published: Notice, io: outside.Pagopa, profile: outside.Say
) -> None:
    io.otherwise = profile
    assert tell() == 0
    assert sent(io) == []
    assert IoMessage.objects.get().state == State.UNREACHABLE
    assert tell() == 0
    assert io.questions() == ["POST profiles"]


def test_only_adults_are_written_to(published: Notice, io: outside.Pagopa, town: cast.Town) -> None:
    receipts.record(incoming=incoming(published.nav), channel="soap", now=NOW)
    tell()
    asked = {one.body["fiscal_code"] for one in io.asked}
    guardians = {member.guardian.fiscal_code for member in HouseholdMember.objects.all()}
    children = {child.fiscal_code for child in (town.luca, town.sofia, town.tommaso)}
    assert asked
    assert asked <= guardians
    assert not asked & children


def test_no_child_is_named_and_no_code_of_a_child_is_told(
    published: Notice, io: outside.Pagopa, town: cast.Town
) -> None:
    receipts.record(incoming=incoming(published.nav), channel="soap", now=NOW)
    _diet(town, DietRequest.State.ACCEPTED)
    tell()
    said = json.dumps([message["content"] for message in sent(io)])
    for child in (town.luca, town.sofia):
        assert child.first_name not in said
        assert child.code not in said
    for word in ("dieta", "celiac", "ISEE", "fascia"):
        assert word not in said


# -- the events ---------------------------------------------------------------------------------------------------------
def test_both_parents_hear_of_a_top_up_once(issue: Callable[..., Notice], io: outside.Pagopa) -> None:
    receipts.record(incoming=incoming(issue(pupil=None).nav), channel="soap", now=NOW)
    tell()
    tell()
    rows = IoMessage.objects.filter(event=Event.TOPPED_UP)
    assert sorted(row.guardian.first_name for row in rows) == ["Anna", "Bruno"]
    assert "102,00 euro" in rows[0].text
    assert all("payment_data" not in message["content"] for message in sent(io))


def test_a_notice_about_to_expire_is_said_once_per_date(published: Notice, io: outside.Pagopa) -> None:
    Notice.objects.update(published_at=NOW - dt.timedelta(days=6), due_date=NOW.date() + dt.timedelta(days=4))
    tell()
    tell()
    assert [row.event for row in IoMessage.objects.all()] == [Event.DUE_SOON]
    Notice.objects.update(due_date=NOW.date() + dt.timedelta(days=5))
    tell()
    assert IoMessage.objects.count() == 2
    assert sent(io)[0]["content"]["payment_data"]["notice_number"] == published.nav


def test_a_notice_that_the_node_does_not_know_is_not_announced(notice: Notice, io: outside.Pagopa) -> None:
    tell()
    assert not IoMessage.objects.exists()


def test_a_notice_paid_meanwhile_is_not_asked_for(published: Notice, io: outside.Pagopa) -> None:
    io.otherwise = outside.answer(429)
    tell()
    Notice.objects.update(state="paid", paid_at=NOW)
    io.otherwise = _obliging(io)
    tell(NOW + dt.timedelta(hours=1))
    assert sent(io) == []
    assert IoMessage.objects.get().state == State.OUTDATED


def test_low_credit_is_said_to_the_guardians(wallet: Wallet, io: outside.Pagopa, town: cast.Town) -> None:
    LowCreditAlert.objects.create(wallet=wallet, threshold=2, crossed_at=NOW)
    tell()
    rows = IoMessage.objects.filter(event=Event.LOW_CREDIT)
    assert {row.guardian.first_name for row in rows} == {"Anna", "Bruno"}
    assert town.family.code in rows[0].text


def test_below_zero_the_guardians_read_of_the_office_not_of_an_end(
    wallet: Wallet, io: outside.Pagopa
) -> None:
    LowCreditAlert.objects.create(wallet=wallet, threshold=-3, crossed_at=NOW)
    tell()
    rows = IoMessage.objects.all()
    assert {row.event for row in rows} == {Event.DEBT}
    assert all("sotto zero" in row.text and "ufficio" in row.text for row in rows)


@pytest.mark.parametrize("state", ["sent", "expired"])
def test_the_day_after_its_date_an_unpaid_notice_is_said_once(
    published: Notice, io: outside.Pagopa, town: cast.Town, state: str
) -> None:
    Notice.objects.update(due_date=NOW.date() - dt.timedelta(days=1), state=state)
    for _ in range(2):
        tell()
    row = IoMessage.objects.get(event=Event.UNPAID)
    assert row.guardian == town.family.applicant


@pytest.mark.parametrize("state", ["paid", "cancelled"])
def test_a_notice_paid_or_withdrawn_is_not_missed(published: Notice, io: outside.Pagopa, state: str) -> None:
    paid_at = NOW if state == "paid" else None
    Notice.objects.update(due_date=NOW.date() - dt.timedelta(days=1), state=state, paid_at=paid_at)
    assert tell() == 0
    assert not IoMessage.objects.exists()


def test_an_application_that_was_accepted_is_said_to_who_applied(io: outside.Pagopa, town: cast.Town) -> None:
    batch = ApplicationBatch.objects.create(
        year=town.year,
        file_name="x",
        file_digest="x",
        state="applied",
        applied_at=NOW,
        uploaded_by=town.enzo,
        uploaded_at=NOW,
    )
    Application.objects.create(year=town.year, pupil=town.luca, household=town.family, batch=batch)
    tell()
    row = IoMessage.objects.get()
    assert (row.event, row.guardian) == (Event.ENROLLED, town.family.applicant)


@pytest.mark.parametrize(
    ("state", "event"),
    [(DietRequest.State.ACCEPTED, Event.DIET_ACCEPTED), (DietRequest.State.REJECTED, Event.DIET_REJECTED)],
)
def test_the_answer_about_a_diet_goes_to_who_asked_and_to_nobody_else(
    io: outside.Pagopa, town: cast.Town, state: str, event: str
) -> None:
    _diet(town, state)
    tell()
    row = IoMessage.objects.get()
    assert (row.event, row.guardian.first_name) == (event, "Bruno")


def _diet(town: cast.Town, state: str) -> DietRequest:
    return DietRequest.objects.create(
        pupil=town.luca,
        kind="health",
        reason="celiachia",
        first_day=NOW.date(),
        state=state,
        answer="vedi allegato",
        requested_by=town.bruno,
        requested_at=NOW,
        decided_by=town.enzo,
        decided_at=NOW,
    )


def test_in_january_the_certificate_is_announced_once_to_who_paid(
    issue: Callable[..., Notice], io: outside.Pagopa, town: cast.Town
) -> None:
    receipts.record(incoming=incoming(issue().nav), channel="soap", now=NOW)
    for day, expected in (("2027-01-09", 0), ("2027-01-12", 1), ("2027-01-13", 1), ("2027-03-01", 1)):
        tell(cast.at(f"{day} 10:00"))
        rows = IoMessage.objects.filter(event=Event.CERTIFICATE)
        assert [row.guardian for row in rows] == [town.family.applicant] * expected


def test_switching_it_on_writes_to_nobody_about_last_month(published: Notice, io: outside.Pagopa) -> None:
    Notice.objects.update(published_at=NOW - dt.timedelta(days=30))
    tell()
    assert not IoMessage.objects.exists()


# -- when it does not answer -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("asked", [None, 90], ids=["no hint", "Retry-After"])
def test_too_many_calls_is_a_pause_for_all(
    issue: Callable[..., Notice], io: outside.Pagopa, asked: int | None
) -> None:
    for _ in range(3):
        issue()
    Notice.objects.update(published_at=NOW)
    io.otherwise = outside.answer(429, **({"Retry-After": str(asked)} if asked else {}))
    now, pauses = NOW, []
    for heard in (1, 2, 3):
        tell(now)
        tell(now + dt.timedelta(seconds=30))
        assert len(io.asked) == heard * (1 if asked else 2)  # at most once more, and not about the others
        due = IoStart.objects.get().quiet_until or now
        pauses.append((due - now).total_seconds())
        now = due
    assert pauses == ([90, 90, 90] if asked else [120, 240, 480])
    io.otherwise = _obliging(io)
    assert tell(now + dt.timedelta(hours=1)) == 3


def test_what_happens_during_a_pause_waits_with_the_others(
    issue: Callable[..., Notice], io: outside.Pagopa
) -> None:
    issue()
    Notice.objects.update(published_at=NOW)
    io.otherwise = outside.answer(429, **{"Retry-After": "600"})
    tell()
    issue()
    Notice.objects.update(published_at=NOW)
    tell(NOW + dt.timedelta(minutes=5))
    assert len(io.asked) == 1
    assert IoMessage.objects.count() == 2


@pytest.mark.parametrize(
    "trouble",
    [outside.answer(500), outside.answer(401), outside.answer(403), outside.garbage, outside.close_half_way],
    ids=["500", "401", "403", "garbage", "cut"],
)
def test_a_profile_that_cannot_be_read_is_asked_for_again(
    published: Notice, io: outside.Pagopa, trouble: outside.Say
) -> None:
    io.otherwise = trouble
    assert tell() == 0
    assert IoMessage.objects.get().state == State.WAITING
    io.otherwise = _obliging(io)
    assert tell(NOW + dt.timedelta(minutes=3)) == 1


def test_a_message_whose_answer_is_lost_is_not_sent_again(published: Notice, io: outside.Pagopa) -> None:
    io.script = [ALLOWED, outside.close_half_way]
    assert tell() == 0
    assert IoMessage.objects.get().state == State.SENDING
    tell(NOW + dt.timedelta(days=1))
    assert len(sent(io)) == 1


@pytest.mark.parametrize("trouble", [outside.answer(429), outside.answer(500)], ids=["429", "500"])
def test_a_message_that_was_not_taken_is_sent_later(
    published: Notice, io: outside.Pagopa, trouble: outside.Say
) -> None:
    io.script = [ALLOWED, trouble]
    assert tell() == 0
    assert IoMessage.objects.get().state == State.WAITING
    assert tell(NOW + dt.timedelta(minutes=3)) == 1


def test_a_message_that_is_refused_is_closed_and_stops_no_other(
    issue: Callable[..., Notice], io: outside.Pagopa
) -> None:
    issue(), issue()
    Notice.objects.update(published_at=NOW)
    io.script = [ALLOWED, outside.answer(400, {"title": "no"})]
    assert tell() == 1
    assert sorted(IoMessage.objects.values_list("state", flat=True)) == [State.REFUSED, State.SENT]


def test_when_nobody_listens_the_portal_goes_on(published: Notice, settings: Any, no_node: str) -> None:
    settings.APP_IO_URL, settings.APP_IO_KEYS = no_node, ["key"]
    assert tell() == 0
    assert IoMessage.objects.get().state == State.WAITING


def test_news_that_nobody_could_deliver_is_dropped(published: Notice, io: outside.Pagopa) -> None:
    io.otherwise = outside.answer(500)
    tell()
    io.otherwise = _obliging(io)
    assert tell(NOW + dt.timedelta(days=6)) == 0
    assert IoMessage.objects.get().state == State.OUTDATED


# -- the published description -----------------------------------------------------------------------------------------------
WORDS = [
    io_texts.notice(amount=Decimal("0.01"), due=NOW.date(), town="X"),
    io_texts.notice(amount=Decimal("99999.99"), due=NOW.date(), town="Comune " * 20),
    io_texts.due_soon(amount=Decimal("5.00"), due=NOW.date()),
    io_texts.topped_up(amount=Decimal("5.00"), code="AB12CD34", site="https://m.example"),
    io_texts.low_credit(code="AB12CD34", site="https://m.example"),
    io_texts.unpaid(amount=Decimal("5.00"), due=NOW.date(), site="https://m.example"),
    io_texts.debt(code="AB12CD34", site="https://m.example"),
    io_texts.enrolled(year="2026/27", children=1, site="https://m.example"),
    io_texts.enrolled(year="2026/27", children=3, site="https://m.example"),
    io_texts.diet_decided(accepted=True, site="https://m.example"),
    io_texts.diet_decided(accepted=False, site="https://m.example"),
    io_texts.certificate(year=2026, site="https://m.example"),
    io_texts.opening(year="2026/27", until=None, site="https://m.example"),
    io_texts.opening(year="2026/27", until=NOW.date(), site="https://m.example"),
    io_texts.withdrawn(first=NOW.date(), children=1, site="https://m.example"),
    io_texts.withdrawn(first=NOW.date(), children=2, site="https://m.example"),
    io_texts.reductions(site="https://m.example"),
    io_texts.benefit(site="https://m.example"),
    io_texts.benefit_ends(first=NOW.date(), site="https://m.example"),
    io_texts.diet_dropped(site="https://m.example"),
    io_texts.diet_ends(first=NOW.date(), site="https://m.example"),
]
PRIVATE = re.compile(r"diet|isee|fasci|celiac|allerg|salute|certificat|disabil|104|social", re.IGNORECASE)


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.subject[18:])
def test_no_text_says_what_is_private_and_all_say_tu(words: io_texts.Words) -> None:
    """A telephone shows it locked."""
    assert not PRIVATE.search(f"{words.subject} {words.text}")
    assert not re.search(r"\b(Lei|Suo|Sua|La preghiamo|Le ricordiamo)\b", words.text)


def test_the_control_a_text_that_told_of_a_diet_would_be_found() -> None:
    assert PRIVATE.search("La dieta è stata accolta")


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.subject[18:])
def test_every_text_has_a_length_that_the_app_takes(words: io_texts.Words) -> None:
    assert io_texts.SUBJECT[0] <= len(words.subject) <= io_texts.SUBJECT[1]
    assert io_texts.TEXT[0] <= len(words.text) <= io_texts.TEXT[1]


def test_the_lengths_are_those_of_the_published_description(reference: Any) -> None:
    text = (reference / "openapi" / "io-services_api_public.yaml").read_text("utf-8")
    content = text[text.index("  MessageContentBase:") :][:3000]
    bounds = re.findall(r"minLength: (\d+)\s+maxLength: (\d+)", content)[:2]
    assert bounds == [tuple(map(str, io_texts.SUBJECT)), tuple(map(str, io_texts.TEXT))]


def test_every_message_is_accepted_by_the_published_description(
    notice: Notice,
    settings: Any,
    prism: Callable[[str], str],  # noqa: F811
) -> None:
    settings.APP_IO_URL, settings.APP_IO_KEYS = prism("io-services_api_public.yaml"), ["key"]
    assert AppIo().may_write_to("SPNDNL80R13C555X") in {True, False}
    for words in WORDS:
        for about in (None, notice):
            AppIo().send(Letter("SPNDNL80R13C555X", words.subject, words.text, about))


def test_the_description_refuses_what_is_wrong(
    notice: Notice,
    settings: Any,
    prism: Callable[[str], str],  # noqa: F811
) -> None:
    """Otherwise the test above proves nothing."""
    from payments.errors import NodeUnreachable
    from payments.gateways.app_io import Refused

    settings.APP_IO_URL, settings.APP_IO_KEYS = prism("io-services_api_public.yaml"), ["key"]
    with pytest.raises((Refused, NodeUnreachable)):
        AppIo().send(Letter("SPNDNL80R13C555X", "corto", "x" * 80))
    notice.nav = "9" * 18
    with pytest.raises((Refused, NodeUnreachable)):
        AppIo().send(Letter("SPNDNL80R13C555X", "Mensa scolastica", "x" * 80, notice))


@pytest.mark.parametrize(
    ("due", "told"),
    [("2026-12-24", "2026-12-24T22:59:59.000Z"), ("2027-06-30", "2027-06-30T21:59:59.000Z")],
    ids=["winter", "summer"],
)
def test_the_day_ends_when_it_ends_in_italy(notice: Notice, due: str, told: str) -> None:
    notice.due_date = dt.date.fromisoformat(due)
    letter = Letter("SPNDNL80R13C555X", "Mensa scolastica", "x" * 80, notice)
    assert body_of(letter)["content"]["due_date"] == told


def test_a_notice_that_dies_with_its_date_says_so(notice: Notice) -> None:
    letter = Letter("SPNDNL80R13C555X", "Mensa scolastica", "x" * 80, notice, payable_after_due=False)
    assert body_of(letter)["content"]["payment_data"]["invalid_after_due_date"] is True
    assert body_of(letter)["content"]["payment_data"]["payee"]["fiscal_code"] == project.TOWN_FISCAL_CODE
