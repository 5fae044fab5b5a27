"""How the families pay: most of them the notice at once, some late, some what they like, a few nothing.

Money arrives as it does in real life: the receipt of the node, through the operation that every receipt goes through.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from random import Random

from mensa.demo import facts
from payments import notices, receipts
from payments.configuration import creditor
from payments.models import Notice, Receipt
from payments.receipts import IncomingReceipt
from payments.rules import wording
from wallets.models import Wallet

BANK = f"Banca di prova ({facts.SIMULATION})"
FEE = Decimal("0.50")
#: Out of a hundred families: who pays the notice at once, who later, who tops up freely; the others pay nothing.
AT_ONCE, LATER, FREELY = 66, 82, 98
#: Out of a hundred that have paid once: who tops up again in November.
AGAIN = 92


@dataclass(frozen=True)
class Payment:
    """Money of a family on a day: for one of its notices, or (no notice) a top-up of `amount`."""

    number: int
    day: dt.date
    hour: int
    wallet_id: int
    notice_id: int | None
    amount: Decimal

    @property
    def at(self) -> dt.datetime:
        return facts.at(self.day, self.hour, self.number % 60)

    @property
    def receipt_id(self) -> str:
        return f"{facts.SIMULATION}-{self.number:06d}"


class TopUps:
    """All the payments of the two months, drawn once the notices of the first campaign are out."""

    @cached_property
    def by_day(self) -> dict[dt.date, list[Payment]]:
        found: dict[dt.date, list[Payment]] = defaultdict(list)
        for payment in _draw():
            found[payment.day].append(payment)
        return found

    def arrive(self, first: dt.date, last: dt.date) -> None:
        """The payments of these days reach the wallets. Again: those that have arrived are left out."""
        wanted = [one for day in sorted(self.by_day) if first <= day <= last for one in self.by_day[day]]
        ids = [one.receipt_id for one in wanted]
        arrived = set(Receipt.objects.filter(receipt_id__in=ids).values_list("receipt_id", flat=True))
        notices_paid = Notice.objects.in_bulk([one.notice_id for one in wanted if one.notice_id])
        wallets = Wallet.objects.select_related("household").in_bulk({one.wallet_id for one in wanted})
        for payment in wanted:
            if payment.receipt_id not in arrived:
                notice = notices_paid.get(payment.notice_id or 0)
                _pay(payment, notice or _top_up(payment, wallets[payment.wallet_id]))


def _draw() -> list[Payment]:
    wallets = Wallet.objects.select_related("household__applicant").order_by(
        "household__applicant__fiscal_code"
    )
    drawn: list[tuple[dt.date, int, Notice | None, int, Decimal]] = []
    open_notices = _notices()
    for wallet in wallets:
        dice = facts.dice("pagamenti", wallet.household.applicant.fiscal_code)
        for day, notice, amount in _habit(dice, open_notices[wallet.pk]):
            drawn.append((day, dice.randrange(7, 19), notice, wallet.pk, amount))
    return [
        Payment(
            number=number,
            day=day,
            hour=hour,
            wallet_id=wallet_id,
            notice_id=notice.pk if notice else None,
            amount=amount,
        )
        for number, (day, hour, notice, wallet_id, amount) in enumerate(drawn, start=1)
    ]


def _notices() -> dict[int, list[Notice]]:
    found: dict[int, list[Notice]] = defaultdict(list)
    rows = Notice.objects.filter(campaign__name=facts.CAMPAIGN).order_by("pupil__fiscal_code")
    for notice in rows:
        found[notice.wallet_id].append(notice)
    return found


def _habit(dice: Random, mine: list[Notice]) -> list[tuple[dt.date, Notice | None, Decimal]]:
    throw = dice.randrange(100)
    if not mine or throw >= FREELY:
        return []
    children = len(mine)
    if throw < AT_ONCE:
        day = _between(dice, dt.date(2026, 9, 23), dt.date(2026, 10, 4))
        paid: list[tuple[dt.date, Notice | None, Decimal]] = [(day, one, one.amount) for one in mine]
    elif throw < LATER:
        paid = [(_between(dice, dt.date(2026, 10, 9), dt.date(2026, 11, 4)), one, one.amount) for one in mine]
    else:
        day = _between(dice, dt.date(2026, 10, 2), dt.date(2026, 10, 12))
        paid = [(day, None, Decimal(dice.choice((60, 80, 100)) * children))]
    if dice.randrange(100) < AGAIN:
        day = _between(dice, dt.date(2026, 11, 5), dt.date(2026, 11, 22))
        paid.append((day, None, Decimal(dice.choice((20, 30, 50, 50, 60, 80)) * children)))
    return paid


def _between(dice: Random, first: dt.date, last: dt.date) -> dt.date:
    return first + dt.timedelta(days=dice.randrange((last - first).days + 1))


def _top_up(payment: Payment, wallet: Wallet) -> Notice:
    """A notice that the family asks for and pays on the spot."""
    return notices.issue(
        wallet=wallet,
        pupil=None,
        amount=payment.amount,
        subject=wording.top_up_subject(household_code=wallet.household.code),
        due_date=payment.day,
        now=payment.at,
    )


def _pay(payment: Payment, notice: Notice) -> None:
    incoming = IncomingReceipt(
        fiscal_code=creditor().fiscal_code,
        receipt_id=payment.receipt_id,
        nav=notice.nav,
        amount=notice.amount,
        paid_at=payment.at,
        psp=BANK,
        fee=FEE,
    )
    receipts.record(incoming=incoming, channel=Receipt.Channel.SOAP, now=payment.at)
