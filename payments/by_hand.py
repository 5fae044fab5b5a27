"""Notices handed over on paper, in the school's diary or at the counter: the other way to deliver a campaign.

Set-based, because it sends nothing: all the children still to be done get their notice in one transaction.
"""

import datetime as dt
from collections import Counter
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet

from enrolments.models import ClassGroup, Enrolment
from identity.models import User
from payments import campaigns
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Campaign, CampaignItem, Notice
from payments.rules import identifiers, wording

State = CampaignItem.State
DELIVERED = "consegnato a mano"
NO_PRICE = "Nel giorno dei prezzi l'alunno non ha un pasto o manca la tabella tariffe: controlla e riprova."


@transaction.atomic
def hand_over(*, campaign: Campaign, by: User, now: dt.datetime) -> int:
    """Issue the notices that are still to be done and record that they were given by hand; returns how many.

    A child without a price is listed for a person. What a worker has in its hands, or has sent, is not touched: safe to repeat.
    """
    mine = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if mine.state == Campaign.State.DRAFT:
        raise PaymentRefused("La campagna non è ancora avviata: avviala, poi consegna gli avvisi a mano.")
    items = list(
        mine.items.select_for_update(of=("self",))
        .filter(state__in=[State.WAITING, State.FAILED], notice__isnull=True)
        .select_related("pupil", "wallet")
        .order_by("pk")
    )
    planned = campaigns.preview(year=mine.year, meals=mine.meals, price_day=mine.price_day)
    prices = {(one.pupil.pk, one.wallet.pk): one.price for one in planned.payable}
    ready = [(item, price) for item in items if (price := prices.get((item.pupil_id, item.wallet_id)))]
    given = [
        _notice(mine, item, price * item.meals, nav, now)
        for (item, price), nav in zip(ready, _numbers(len(ready)), strict=True)
    ]
    for (item, _), notice in zip(ready, Notice.objects.bulk_create(given), strict=True):
        item.notice, item.state, item.claimed_at, item.reason = notice, State.SENT, now, DELIVERED
    for item in items:
        if item.notice is None:
            item.state, item.reason = State.FAILED, NO_PRICE
    CampaignItem.objects.bulk_update(items, ["notice", "state", "claimed_at", "reason"])
    campaigns.finish_if_done(campaign=mine, now=now)
    return len(ready)


def classes(campaign: Campaign) -> list[tuple[ClassGroup, int]]:
    """The classes that get paper, with how many notices are still to pay; as they sat on the day of the prices."""
    pupils = [notice.pupil_id for notice in _papers(campaign) if notice.pupil_id]
    rows = Enrolment.objects.on(campaign.price_day).filter(pupil_id__in=pupils)
    counted = Counter(rows.values_list("class_group_id", flat=True))
    groups = ClassGroup.objects.filter(pk__in=counted).select_related("school")
    return [(group, counted[group.pk]) for group in groups.order_by("school__name", "grade", "section", "pk")]


def papers_of(campaign: Campaign, group: ClassGroup) -> list[Notice]:
    """The sheets for one class, in the order of its register."""
    seated = Enrolment.objects.on(campaign.price_day).filter(class_group=group)
    rows = _papers(campaign).filter(pupil_id__in=seated.values("pupil_id"))
    return list(rows.select_related("wallet__household__applicant").order_by("pupil__sort_key", "pk"))


def _papers(campaign: Campaign) -> QuerySet[Notice]:
    return Notice.objects.payable().filter(campaign_item__campaign=campaign, campaign_item__reason=DELIVERED)


def _notice(campaign: Campaign, item: CampaignItem, amount: Decimal, nav: str, now: dt.datetime) -> Notice:
    return Notice(
        nav=nav,
        wallet=item.wallet,
        pupil=item.pupil,
        campaign=campaign,
        amount=amount,
        subject=wording.notice_subject(
            pupil_code=item.pupil.code, meals=item.meals, year=campaign.year.label
        ),
        due_date=campaign.due_date,
        state=Notice.State.SENT,
        issued_at=now,
        sent_at=now,
    )


def _numbers(how_many: int) -> list[str]:
    """Notice numbers from the same sequence as every other notice."""
    body = creditor()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_notice_number') FROM generate_series(1, %s)", [how_many])
        return [
            identifiers.compose(segregation=body.segregation, system=body.iuv_system, sequence=int(row[0]))
            for row in cursor.fetchall()
        ]
