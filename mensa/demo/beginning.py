"""September: the notices of the first campaign are handed out at school, and the first payments arrive."""

import datetime as dt

from django.db import transaction

from enrolments.models import SchoolYear
from mensa.demo import facts, people
from mensa.demo.plan import Step
from mensa.demo.top_ups import TopUps
from payments import by_hand, campaigns
from payments.models import Campaign, Receipt


def steps(top_ups: TopUps) -> list[Step]:
    return [
        Step("Gli avvisi di inizio anno…", _is_handed_over, hand_over_notices),
        Step("I primi pagamenti…", Receipt.objects.exists, lambda: first_payments(top_ups)),
    ]


def _is_handed_over() -> bool:
    return Campaign.objects.filter(name=facts.CAMPAIGN, state=Campaign.State.DONE).exists()


@transaction.atomic
def hand_over_notices() -> None:
    """On paper: the demo's mailbox stays empty for the campaign that the viewer will start."""
    by, now = people.office(), facts.CAMPAIGN_STARTED
    campaign = campaigns.create(
        year=SchoolYear.objects.get(label=facts.YEAR),
        name=facts.CAMPAIGN,
        meals=30,
        price_day=facts.CANTEEN_FIRST,
        due_date=facts.CAMPAIGN_DUE,
        by=by,
        now=now,
    )
    campaigns.start(campaign=campaign, by=by, now=now)
    by_hand.hand_over(campaign=campaign, by=by, now=now)


@transaction.atomic
def first_payments(top_ups: TopUps) -> None:
    top_ups.arrive(facts.CAMPAIGN_STARTED.date(), facts.CANTEEN_FIRST - dt.timedelta(days=1))
