"""A campaign: one notice per non-exempt child, mailed once, whatever interrupts it."""

import datetime as dt
import smtplib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse

from enrolments import entitlements, families
from enrolments.models import Application, Guardian, Price
from identity.pdf import PdfUnavailable
from payments import campaign_step, campaigns, notice_pdf
from payments.errors import PaymentRefused
from payments.models import Campaign, CampaignItem, Notice
from tests import cast
from tests.payments.conftest import NOW
from tests.wallets.races import together

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(minutes=11)


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture(autouse=True)
def _fast_paper_and_no_node(monkeypatch: pytest.MonkeyPatch, no_node: str) -> None:
    """The paper has its own tests; the node is down, which must not matter."""
    monkeypatch.setattr(notice_pdf, "render", lambda notices: b"%PDF- paper")


@pytest.fixture
def campaign(town: cast.Town) -> Campaign:
    return campaigns.create(
        year=town.year,
        name="30 pasti 2026/27",
        meals=30,
        price_day=NOW.date(),
        due_date=dt.date(2026, 12, 24),
        by=town.enzo,
        now=NOW,
    )


@pytest.fixture
def started(campaign: Campaign, town: cast.Town) -> Campaign:
    return campaigns.start(campaign=campaign, by=town.enzo, now=NOW)


def step(campaign: Campaign, now: dt.datetime = NOW, limit: int = 100) -> int:
    campaign.refresh_from_db()
    return campaign_step.step(campaign=campaign, limit=limit, now=now)


def amounts() -> dict[str, Decimal]:
    return {notice.pupil.first_name: notice.amount for notice in Notice.objects.all() if notice.pupil}


def test_the_preview_counts_before_anything_happens(campaign: Campaign, town: cast.Town) -> None:
    seen = campaigns.preview(year=town.year, meals=30, price_day=NOW.date())
    assert (len(seen.payable), seen.total) == (3, Decimal("102.00") + Decimal("86.70") + Decimal("150.00"))
    assert not Notice.objects.exists()


def test_the_preview_takes_few_queries(
    campaign: Campaign, town: cast.Town, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        campaigns.preview(year=town.year, meals=30, price_day=NOW.date())


def test_every_child_gets_thirty_meals_at_its_own_price(started: Campaign) -> None:
    step(started)
    assert amounts() == {"Luca": Decimal("102.00"), "Sofia": Decimal("86.70"), "Tommaso": Decimal("150.00")}
    started.refresh_from_db()
    assert (started.state, started.finished_at) == (Campaign.State.DONE, NOW)


def test_each_family_gets_one_mail_with_one_file_and_no_name_in_it(started: Campaign) -> None:
    step(started)
    assert sorted(message.to[0] for message in mail.outbox) == ["anna@posta.example", "carla@posta.example"]
    for message in mail.outbox:
        assert message.subject == campaign_step.SUBJECT
        assert "Luca" not in message.body
        ((_, content, kind),) = message.attachments
        assert (content, kind) == (b"%PDF- paper", "application/pdf")
    two = next(message for message in mail.outbox if message.to == ["anna@posta.example"])
    assert "una pagina per figlio" in two.body
    assert "In tutto: 188,70 euro" in two.body
    assert two.body.count("Oggetto: ") == 2


def test_the_family_s_file_has_a_page_for_each_child(
    started: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[int] = []

    def count(papers: list[Notice]) -> bytes:
        printed.append(len(papers))
        return b"%PDF- paper"

    monkeypatch.setattr(notice_pdf, "render", count)
    step(started)
    assert sorted(printed) == [1, 2]


def test_a_second_address_is_a_second_mail_with_its_own_child(started: Campaign, town: cast.Town) -> None:
    Application.objects.create(
        year=town.year, pupil=town.luca, household=town.family, email="bruno@posta.example"
    )
    step(started)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "anna@posta.example",
        "bruno@posta.example",
        "carla@posta.example",
    ]


def test_the_application_s_address_comes_before_the_guardian_s(started: Campaign, town: cast.Town) -> None:
    Application.objects.create(
        year=town.year, pupil=town.luca, household=town.family, email="domanda@posta.example"
    )
    step(started)
    assert "domanda@posta.example" in {message.to[0] for message in mail.outbox}


def test_an_exempt_child_gets_none(campaign: Campaign, town: cast.Town) -> None:
    entitlements.exempt(
        pupil=town.luca,
        kind="social",
        act="Atto 1",
        from_day=town.year.valid_from,
        by=town.enzo,
        now=NOW,
    )
    assert campaigns.preview(year=town.year, meals=30, price_day=NOW.date()).exempt == 1
    step(campaigns.start(campaign=campaign, by=town.enzo, now=NOW))
    assert "Luca" not in amounts()


def test_a_child_that_has_passed_to_another_family_since_is_listed_and_nothing_is_sent(
    started: Campaign, town: cast.Town
) -> None:
    cast.hand_over(town.tommaso, town.family, NOW.date())
    step(started)
    (failed,) = campaigns.to_decide(started, now=NOW)
    assert (failed.pupil, failed.notice) == (town.tommaso, None)
    assert "non è più di questa famiglia" in failed.reason
    assert [message.to for message in mail.outbox] == [["anna@posta.example"]]


def test_a_child_without_a_price_is_listed_and_stops_nobody(campaign: Campaign, town: cast.Town) -> None:
    Price.objects.filter(pupil=town.luca).delete()
    step(campaigns.start(campaign=campaign, by=town.enzo, now=NOW))
    assert set(amounts()) == {"Sofia", "Tommaso"}
    (failed,) = campaigns.to_decide(campaign, now=NOW)
    assert "Manca il prezzo" in failed.reason


def test_a_family_without_address_is_listed_with_its_notice_issued(
    started: Campaign, town: cast.Town
) -> None:
    Guardian.objects.filter(pk=town.carla_family.applicant_id).update(email="")
    step(started)
    (failed,) = campaigns.to_decide(started, now=NOW)
    assert "e-mail" in failed.reason
    assert failed.notice is not None
    Guardian.objects.filter(pk=town.carla_family.applicant_id).update(email="carla@posta.example")
    assert campaigns.retry_failed(campaign=started) == 1
    step(started)
    assert Notice.objects.filter(pupil=town.tommaso).count() == 1
    assert len(mail.outbox) == 2


def test_separated_parents_get_a_notice_each_for_their_share(campaign: Campaign, town: cast.Town) -> None:
    families.split_custody(
        pupil=town.luca,
        shares={town.family: ["monday", "tuesday", "wednesday"], town.carla_family: ["thursday", "friday"]},
        from_day=town.year.valid_from,
        by=town.enzo,
        now=NOW,
    )
    step(campaigns.start(campaign=campaign, by=town.enzo, now=NOW))
    meals = sorted(item.meals for item in CampaignItem.objects.filter(pupil=town.luca))
    assert meals == [12, 18]
    assert Notice.objects.filter(pupil=town.luca).count() == 2


@pytest.mark.parametrize(
    "place",
    ["_issued", "_address", "_begin_sending", "_send", "_write_sent"],
    ids=lambda place: f"killed in {place}",
)
def test_killed_at_any_line_it_goes_on_and_nobody_gets_two_mails(
    started: Campaign, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    original = getattr(campaign_step, place)

    def die(*arguments: Any) -> Any:
        if place != "_send":
            original(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(campaign_step, place, die)
        with pytest.raises(Killed):
            step(started)
    for _ in range(3):
        step(started, now=LATER)
    assert Notice.objects.count() == CampaignItem.objects.count() == 3
    sent = [attachment.to[0] + str(attachment.attachments[0][0]) for attachment in mail.outbox]
    assert len(sent) == len(set(sent))
    undecided = campaigns.to_decide(started, now=LATER + dt.timedelta(minutes=11))
    done = CampaignItem.objects.filter(state=CampaignItem.State.SENT).count()
    assert done + len(undecided) == 3


def test_a_mail_in_doubt_waits_for_a_person(started: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(*arguments: Any) -> None:
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(EmailBackend, "send_messages", silence)
    step(started)
    assert campaigns.to_decide(started, now=NOW) == []
    doubts = campaigns.to_decide(started, now=LATER)
    assert [item.state for item in doubts] == ["sending"] * 3
    monkeypatch.undo()
    campaigns.settle_as_sent(item=doubts[0], now=LATER)
    campaigns.retry(item=doubts[1], now=LATER)
    assert campaigns.progress(started, now=LATER) == campaigns.Progress(total=3, sent=1, failed=0, stuck=1)


@pytest.mark.parametrize("state", ["paid", "cancelled", "expired"])
def test_trying_again_mails_no_notice_that_was_paid_or_closed_meanwhile(
    started: Campaign, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", _refuse)
        step(started)
    Notice.objects.update(state=state, paid_at=NOW if state == "paid" else None)
    for item in campaigns.to_decide(started, now=NOW):
        campaigns.retry(item=item, now=NOW)
    assert step(started) == 3
    assert mail.outbox == []
    reasons = {item.reason for item in campaigns.to_decide(started, now=NOW)}
    assert reasons == {"L'avviso risulta già pagato o chiuso: nessun invio."}


def _refuse(*arguments: Any) -> None:
    raise smtplib.SMTPRecipientsRefused({})


def test_a_family_claimed_late_in_a_long_round_has_a_claim_of_that_moment(
    started: Campaign, town: cast.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dated when the round began it would look abandoned, and another worker would take it."""
    original = campaign_step._send

    def three_minutes(*arguments: Any) -> None:
        original(*arguments)
        arguments[-1].began -= 180 * campaign_step.SECOND

    monkeypatch.setattr(campaign_step, "_send", three_minutes)
    claims: list[dt.datetime] = []
    claim = campaigns.claim_family

    def watched(*, campaign: Campaign, now: dt.datetime) -> list[CampaignItem]:
        claims.append(now)
        return claim(campaign=campaign, now=now)

    monkeypatch.setattr(campaigns, "claim_family", watched)
    step(started)
    assert claims[:2] == [NOW, NOW + dt.timedelta(minutes=3)]
    moments = set(CampaignItem.objects.values_list("claimed_at", flat=True))
    assert {NOW, NOW + dt.timedelta(minutes=3)} <= moments


def test_a_refused_address_is_a_failure_with_its_reason(
    started: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    step(started)
    assert all("rifiuta" in item.reason for item in campaigns.to_decide(started, now=NOW))


def test_a_child_nobody_foresaw_stops_nobody_else(started: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    original = campaign_step._issued

    def explode(item: CampaignItem, now: dt.datetime) -> Notice:
        if item.pupil.first_name == "Luca":
            raise ZeroDivisionError
        return original(item, now)

    monkeypatch.setattr(campaign_step, "_issued", explode)
    assert step(started) == 3
    assert [item.reason for item in campaigns.to_decide(started, now=NOW)] == [campaign_step.UNFORESEEN]
    assert len(mail.outbox) == 2


def test_two_workers_share_the_families_and_split_none(started: Campaign) -> None:
    first = campaigns.claim_family(campaign=started, now=NOW)
    second = campaigns.claim_family(campaign=started, now=NOW)
    assert sorted([len(first), len(second)]) == [1, 2]
    assert len({item.wallet_id for item in first}) == len({item.wallet_id for item in second}) == 1
    assert campaigns.claim_family(campaign=started, now=NOW) == []


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_each_family_one_mail(started: Campaign, town: cast.Town) -> None:
    said = together(*[lambda: campaign_step.step(campaign=started, limit=100, now=NOW) for _ in range(8)])
    assert not [one for one in said if isinstance(one, Exception)]
    assert sorted(message.to[0] for message in mail.outbox) == ["anna@posta.example", "carla@posta.example"]
    assert sum(said) == 3


def test_paused_nobody_takes_another_and_resumed_it_goes_on(started: Campaign) -> None:
    campaigns.pause(campaign=started)
    assert step(started) == 0
    campaigns.resume(campaign=started)
    assert step(started) == 3


def test_starting_again_adds_only_who_was_not_there(started: Campaign, town: cast.Town) -> None:
    step(started)
    campaigns.start(campaign=started, by=town.enzo, now=NOW)
    assert step(started) == 0
    assert len(mail.outbox) == 2


def test_the_same_name_twice_is_refused(campaign: Campaign, town: cast.Town) -> None:
    with pytest.raises(PaymentRefused, match="C'è già una campagna"):
        campaigns.create(
            year=town.year,
            name=campaign.name,
            meals=30,
            price_day=NOW.date(),
            due_date=NOW.date(),
            by=town.enzo,
            now=NOW,
        )


def test_without_pango_the_campaign_pauses_and_says_why(
    started: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(notices: object) -> bytes:
        raise PdfUnavailable

    monkeypatch.setattr(notice_pdf, "render", missing)
    assert step(started) == 2  # the first family, and no other
    started.refresh_from_db()
    assert started.state == Campaign.State.PAUSED
    assert "Pango" in campaigns.to_decide(started, now=NOW)[0].reason


def test_the_office_prepares_looks_starts_and_watches(
    town: cast.Town, client_of: Callable[..., Client]
) -> None:
    enzo = client_of(town.enzo)
    data = {
        "year": town.year.pk,
        "name": "Prova",
        "meals": "30",
        "price_day": "2026-11-24",
        "due_date": "2099-12-31",
    }
    response = enzo.post(reverse("payments:campaign_new"), data)
    campaign = Campaign.objects.get()
    assert response["Location"] == reverse("payments:campaign", args=[campaign.pk])
    page = enzo.get(response["Location"]).content.decode()
    assert "338,70" in page
    assert "Avvia: invia 3 avvisi" in page
    enzo.post(reverse("payments:campaign_act", args=[campaign.pk, "avvia"]))
    page = enzo.get(response["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "3 di 3" in page
    assert "<html" not in page
    assert len(mail.outbox) == 2
    assert enzo.get(reverse("payments:campaigns")).status_code == 200


def test_a_wrong_form_names_the_field(town: cast.Town, client_of: Callable[..., Client]) -> None:
    page = client_of(town.enzo).post(reverse("payments:campaign_new"), {"meals": "trenta"})
    assert page.status_code == 422
    assert "Scrivi un numero intero di pasti" in page.content.decode()


def test_the_accounts_look_and_touch_nothing(
    campaign: Campaign, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    gino = client_of(town.gino)
    page = gino.get(reverse("payments:campaign", args=[campaign.pk]))
    assert page.status_code == 200
    assert "Avvia" not in page.content.decode()
    assert gino.post(reverse("payments:campaign_act", args=[campaign.pk, "avvia"])).status_code == 403
