"""Money that may be in the wallet already under another name. Read only, save for the lock.

What a paper says is typed by hand: an identifier may have a wrong letter, a notice number may be missing. Two receipts of the
node are always two payments; where at least one of the two is paper, only a person can say whether they are one.
"""

import datetime as dt

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce

from payments.models import Notice, Receipt
from payments.models.receipts import ReceiptQuerySet
from wallets.models import Wallet

WINDOW = dt.timedelta(days=10)  # between the day typed from the paper and the node's
LOCK = 5_260_803


def like(*, receipt: Receipt, wallet: Wallet, notice: Notice | None) -> ReceiptQuerySet:
    """The credits of this wallet that may be the same money as `receipt`, whose notice is `notice`: those of the same
    notice, or of the same amount and about the same days when one of the two names no notice. One that was taken back is none.
    """
    around = receipt.paid_at or receipt.received_at
    days = (around - WINDOW, around + WINDOW)
    rows = Receipt.objects.annotate(moment=Coalesce("paid_at", "received_at")).in_the_wallet()
    equal = Q(amount=receipt.amount, moment__range=days)
    if notice is not None:
        equal = equal & Q(notice__isnull=True) | Q(notice=notice)
    if receipt.confirmed_at is not None:
        equal &= Q(confirmed_at__isnull=True)
    return rows.filter(equal, entry__wallet=wallet).exclude(pk=receipt.pk)


def take_turns(wallet: Wallet) -> None:
    """Until the end of the transaction: whoever looks for a double sees what the one before has credited.

    Always after the locks of notice and receipt. The application's role may not lock the wallet itself.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, (%s %% 2147483647)::int)", [LOCK, wallet.pk])
