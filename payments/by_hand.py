"""Notices handed over on paper, in the school's diary or at the counter: the other way to deliver a campaign.

Set-based, because it sends nothing: all the children still to be done get their notice in one transaction.
"""

import datetime as dt

from django.db import connection, transaction

from identity.models import User
from payments import campaigns
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Campaign, CampaignItem, Notice
from payments.rules import identifiers, wording

State = CampaignItem.State
DELIVERED = "consegnato a mano"


@transaction.atomic
def hand_over(*, campaign: Campaign, by: User, now: dt.datetime) -> int:
    """Issue the notices that are still to be done and record that they were given by hand; returns how many.

    A child without a price is left for a person. What a worker has in its hands, or has sent, is not touched: safe to repeat.
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
    ready = [item for item in items if prices.get((item.pupil_id, item.wallet_id))]
    for item, nav in zip(ready, _numbers(len(ready)), strict=True):
        amount = (prices[item.pupil_id, item.wallet_id] or 0) * item.meals
        item.notice = Notice(
            nav=nav,
            wallet=item.wallet,
            pupil=item.pupil,
            campaign=mine,
            amount=amount,
            subject=wording.notice_subject(
                pupil_code=item.pupil.code, meals=item.meals, year=mine.year.label
            ),
            due_date=mine.due_date,
            state=Notice.State.SENT,
            issued_at=now,
            sent_at=now,
        )
        item.state, item.claimed_at, item.reason = State.SENT, now, DELIVERED
    _write(ready)
    campaigns.finish_if_done(campaign=mine, now=now)
    return len(ready)


def _write(items: list[CampaignItem]) -> None:
    Notice.objects.bulk_create([item.notice for item in items if item.notice])
    for item in items:
        item.notice = item.notice  # the key is known only now
    CampaignItem.objects.bulk_update(items, ["notice", "state", "claimed_at", "reason"])


def _numbers(how_many: int) -> list[str]:
    """Notice numbers from the same sequence as every other notice."""
    body = creditor()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_notice_number') FROM generate_series(1, %s)", [how_many])
        return [
            identifiers.compose(segregation=body.segregation, system=body.iuv_system, sequence=int(row[0]))
            for row in cursor.fetchall()
        ]
