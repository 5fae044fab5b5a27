"""A campaign handed out on paper: every notice issued at once, no mail, never two for a child."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from enrolments import entitlements
from identity.models import User
from payments import by_hand, campaigns
from payments.errors import PaymentRefused
from payments.models import Campaign, CampaignItem, Notice
from payments.rules import identifiers
from tests import cast

pytestmark = pytest.mark.django_db
NOW = cast.at("2026-11-24 10:00")


@pytest.fixture
def campaign(town: cast.Town) -> Campaign:
    return campaigns.create(
        year=town.year,
        name="Avvio",
        meals=30,
        price_day=NOW.date(),
        due_date=dt.date(2026, 12, 31),
        by=town.enzo,
        now=NOW,
    )


def give(town: cast.Town, campaign: Campaign) -> int:
    campaigns.start(campaign=campaign, by=town.enzo, now=NOW)
    return by_hand.hand_over(campaign=campaign, by=town.enzo, now=NOW)


def test_every_child_has_a_notice_of_thirty_meals_and_nobody_a_mail(
    town: cast.Town, campaign: Campaign
) -> None:
    assert give(town, campaign) == 3
    amounts = Notice.objects.order_by("amount").values_list("pupil__first_name", "amount", "state")
    assert list(amounts) == [
        ("Sofia", Decimal("86.70"), "sent"),
        ("Luca", Decimal("102.00"), "sent"),
        ("Tommaso", Decimal("150.00"), "sent"),
    ]
    assert set(CampaignItem.objects.values_list("state", "reason")) == {("sent", by_hand.DELIVERED)}
    assert all(identifiers.is_well_formed(nav) for nav in Notice.objects.values_list("nav", flat=True))
    assert mail.outbox == []
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE


def test_handing_over_twice_issues_once(town: cast.Town, campaign: Campaign) -> None:
    give(town, campaign)
    assert give(town, campaign) == 0
    assert Notice.objects.count() == 3


def test_an_exempt_child_gets_none(town: cast.Town, campaign: Campaign) -> None:
    entitlements.exempt(
        pupil=town.tommaso,
        kind="disability",
        act="verbale",
        from_day=town.year.valid_from,
        by=town.enzo,
        now=NOW,
    )
    assert give(town, campaign) == 2


def test_a_draft_is_not_handed_over(town: cast.Town, campaign: Campaign) -> None:
    with pytest.raises(PaymentRefused, match="non è ancora avviata"):
        by_hand.hand_over(campaign=campaign, by=town.enzo, now=NOW)


def test_the_office_reads_what_will_happen_and_then_does_it(
    town: cast.Town, campaign: Campaign, client_of: Callable[[User], Client]
) -> None:
    office = client_of(town.enzo)
    assert (
        "Emetti e consegna a mano"
        in office.get(reverse("payments:campaign", args=[campaign.pk])).content.decode()
    )
    url = reverse("payments:campaign_by_hand", args=[campaign.pk])
    asked = office.get(url).content.decode()
    assert "Non parte nessuna e-mail" in asked
    assert "338,70\N{NO-BREAK SPACE}€" in asked
    assert "Emetti 3 avvisi senza e-mail" in asked
    assert not Notice.objects.exists(), "the page only asks"
    page = office.post(url, follow=True)
    assert "consegnati a mano: 3." in page.content.decode()
    sheets = re.findall(r'href="(/ufficio/avvisi/[0-9]+/classe/[0-9]+\.pdf)"', page.content.decode())
    assert len(sheets) == 2
    assert all(office.get(sheet).getvalue().startswith(b"%PDF-") for sheet in sheets)
    assert client_of(town.dora).get(sheets[0]).status_code == 403
    assert office.get(url).status_code == 302, "it is not asked again of a campaign that has begun"
    assert client_of(town.gino).post(url).status_code == 403
