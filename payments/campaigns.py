"""Campaigns: one notice per non-exempt child, one mail per family; a batch that may stop anywhere and goes on.

Every child is a row (CampaignItem) written when the campaign starts. A worker claims the rows of a family, issues a notice each
(once: the database knows campaign, child and wallet), prints them into one file, writes "in invio", sends the mail, writes
"inviato". Up to "in invio" any interruption is repeated by whoever finds the rows; after it nobody sends again on his own.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from enrolments.models import Application, Custody, Enrolment, Exemption, Price, Pupil, SchoolYear
from identity.models import User
from payments.errors import PaymentRefused
from payments.models import Campaign, CampaignItem, Notice
from payments.rules.shares import meals_of_share
from wallets.models import Wallet

State = CampaignItem.State
STUCK_AFTER = dt.timedelta(minutes=10)  # a mail in doubt: then a person decides
ABANDONED_AFTER = dt.timedelta(minutes=2)  # nothing irreversible yet: the next worker takes it
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(frozen=True)
class Target:
    """A child and the wallet that is asked to pay; price None when nothing says what a meal costs."""

    pupil: Pupil
    wallet: Wallet
    meals: int
    price: Decimal | None
    email: str

    @property
    def amount(self) -> Decimal:
        return (self.price or Decimal(0)) * self.meals


@dataclass
class Preview:
    """What a campaign would do, before it does anything."""

    targets: list[Target] = field(default_factory=list)
    exempt: int = 0
    free: int = 0

    @property
    def payable(self) -> list[Target]:
        return [target for target in self.targets if target.price]

    @property
    def without_price(self) -> list[Target]:
        return [target for target in self.targets if target.price is None]

    @property
    def without_email(self) -> list[Target]:
        return [target for target in self.payable if not target.email]

    @property
    def total(self) -> Decimal:
        return sum((target.amount for target in self.payable), Decimal(0))


@dataclass(frozen=True)
class Progress:
    total: int
    sent: int
    failed: int
    stuck: int

    @property
    def left(self) -> int:
        return self.total - self.sent - self.failed - self.stuck


def preview(*, year: SchoolYear, meals: int, price_day: dt.date) -> Preview:
    """Who would get a notice and of how much. A constant number of queries."""
    found = Preview()
    exempt = set(Exemption.objects.on(price_day).values_list("pupil_id", flat=True))
    prices = {
        (price.pupil_id, price.household_id): price.amount for price in Price.objects.on(price_day).iterator()
    }
    emails = _emails(year)
    for custody, wallet in _payers(year, price_day):
        days = sum(getattr(custody, day) for day in WEEKDAYS)
        share = meals_of_share(meals=meals, weekdays=days)
        price = prices.get((custody.pupil_id, custody.household_id))
        if custody.pupil_id in exempt:
            found.exempt += 1
        elif share == 0 or price == 0:
            found.free += 1
        else:
            email = emails.get((custody.pupil_id, custody.household_id)) or custody.household.applicant.email
            found.targets.append(Target(custody.pupil, wallet, share, price, email))
    return found


def _payers(year: SchoolYear, day: dt.date) -> list[tuple[Custody, Wallet]]:
    """Who pays for each child enrolled this year, on the day of the prices."""
    enrolled = Enrolment.objects.filter(class_group__year=year).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    )
    custodies = (
        Custody.objects.on(day)
        .filter(pupil__in=enrolled.values("pupil"))
        .select_related("pupil", "household__applicant")
        .order_by("household_id", "pupil__birth_date", "pupil_id")
    )
    wallets = {wallet.household_id: wallet for wallet in Wallet.objects.all()}
    return [(row, wallets[row.household_id]) for row in custodies if row.household_id in wallets]


def _emails(year: SchoolYear) -> dict[tuple[int, int], str]:
    """The address given in the application comes before the guardian's."""
    rows = Application.objects.filter(year=year).exclude(email="")
    return {
        (pupil, household): mail
        for pupil, household, mail in rows.values_list("pupil_id", "household_id", "email")
    }


def create(
    *,
    year: SchoolYear,
    name: str,
    meals: int,
    price_day: dt.date,
    due_date: dt.date,
    by: User,
    now: dt.datetime,
) -> Campaign:
    """A draft. A name stands for one campaign: the same twice is refused."""
    if due_date < now.date():
        raise PaymentRefused("La scadenza degli avvisi è già passata: scegli un giorno futuro.")
    try:
        with transaction.atomic():
            return Campaign.objects.create(
                year=year,
                name=name,
                meals=meals,
                price_day=price_day,
                due_date=due_date,
                created_by=by,
                created_at=now,
            )
    except IntegrityError as clash:
        raise PaymentRefused(
            f"C'è già una campagna di nome «{name}»: aprila dall'elenco o scegli un altro nome."
        ) from clash


def start(*, campaign: Campaign, by: User, now: dt.datetime) -> Campaign:
    """Write a row per child and let the workers go. Starting again adds only the children who were not there."""
    with transaction.atomic():
        mine = Campaign.objects.select_for_update().get(pk=campaign.pk)
        planned = preview(year=mine.year, meals=mine.meals, price_day=mine.price_day)
        CampaignItem.objects.bulk_create(
            [
                CampaignItem(campaign=mine, pupil=target.pupil, wallet=target.wallet, meals=target.meals)
                for target in planned.targets
            ],
            ignore_conflicts=True,
        )
        mine.state = Campaign.State.RUNNING
        mine.finished_at = None
        mine.save(update_fields=["state", "finished_at"])
    return mine


def pause(*, campaign: Campaign) -> None:
    """Whoever is at work finishes the notice in his hands and takes no other."""
    Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.RUNNING).update(state=Campaign.State.PAUSED)


def resume(*, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.PAUSED).update(state=Campaign.State.RUNNING)


def progress(campaign: Campaign, *, now: dt.datetime) -> Progress:
    counts = campaign.items.aggregate(
        total=Count("pk"),
        sent=Count("pk", filter=Q(state=State.SENT)),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        stuck=Count("pk", filter=_stuck(now)),
    )
    return Progress(**counts)


def to_decide(campaign: Campaign, *, now: dt.datetime) -> Sequence[CampaignItem]:
    """What a person has to look at: failures, and mails that may or may not have left."""
    rows = campaign.items.filter(Q(state=State.FAILED) | _stuck(now))
    return list(rows.select_related("pupil", "wallet__household", "notice").order_by("state", "pk"))


def _stuck(now: dt.datetime) -> Q:
    return Q(state=State.SENDING, claimed_at__lt=now - STUCK_AFTER)


def retry(*, item: CampaignItem, now: dt.datetime) -> None:
    """A person wants this child done again: after a failure, or after making sure that the mail had not left."""
    with transaction.atomic():
        again = CampaignItem.objects.filter(pk=item.pk).filter(Q(state=State.FAILED) | _stuck(now))
        if again.update(state=State.WAITING, claim=None, claimed_at=None, reason=""):
            _reopen(item)


def retry_failed(*, campaign: Campaign) -> int:
    """All failures at once; mails in doubt are decided one by one."""
    with transaction.atomic():
        count = campaign.items.filter(state=State.FAILED).update(
            state=State.WAITING, claim=None, claimed_at=None, reason=""
        )
        if count:
            Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DONE).update(
                state=Campaign.State.RUNNING, finished_at=None
            )
    return count


def _reopen(item: CampaignItem) -> None:
    Campaign.objects.filter(pk=item.campaign_id, state=Campaign.State.DONE).update(
        state=Campaign.State.RUNNING, finished_at=None
    )


def settle_as_sent(*, item: CampaignItem, now: dt.datetime) -> None:
    """A person knows that the mail in doubt did arrive."""
    with transaction.atomic():
        if CampaignItem.objects.filter(pk=item.pk).filter(_stuck(now)).update(state=State.SENT):
            Notice.objects.filter(campaign_item=item, state=Notice.State.ISSUED).update(
                state=Notice.State.SENT, sent_at=item.claimed_at
            )


def claim_family(*, campaign: Campaign, now: dt.datetime) -> list[CampaignItem]:
    """Take the next wallet's children, all of them: a family gets one mail. Empty: nothing to take, or not running.

    Claims take turns, a millisecond each: two workers never get a child each of the same family.
    """
    with transaction.atomic():
        turn = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        if turn.state != Campaign.State.RUNNING:
            return []
        abandoned = Q(state=State.PREPARING, claimed_at__lt=now - ABANDONED_AFTER)
        free = campaign.items.filter(Q(state=State.WAITING) | abandoned)
        wallet = free.order_by("pk").values_list("wallet_id", flat=True).first()
        family = list(
            free.filter(wallet=wallet)
            .select_for_update(of=("self",))
            .select_related("pupil", "wallet__household__applicant", "campaign__year")
            .order_by("pk")
        )
        claim = uuid.uuid4()
        for item in family:
            item.state, item.claim, item.claimed_at = State.PREPARING, claim, now
        campaign.items.filter(pk__in=[item.pk for item in family]).update(
            state=State.PREPARING, claim=claim, claimed_at=now
        )
    return family


def finish_if_done(*, campaign: Campaign, now: dt.datetime) -> bool:
    """Done when no row is waiting or in somebody's hands; failures and doubts stay listed."""
    busy = campaign.items.filter(
        Q(state__in=[State.WAITING, State.PREPARING]) | Q(state=State.SENDING) & ~_stuck(now)
    )
    if busy.exists():
        return False
    Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.RUNNING).update(
        state=Campaign.State.DONE, finished_at=now
    )
    return True


def discard(*, campaign: Campaign) -> None:
    """A draft that nobody started leaves nothing behind."""
    if not Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT).delete()[0]:
        raise PaymentRefused("La campagna è già partita: puoi sospenderla, non eliminarla.")
