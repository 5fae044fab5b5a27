"""Money that may be in the wallet already under another name. Writes nothing.

What a paper says is typed by hand: an identifier may have a wrong letter, a notice number may be missing. Two receipts of the
node are always two payments; where at least one of the two is paper, only a person can say whether they are one.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce

from payments.errors import PaymentRefused
from payments.models import Notice, Receipt
from payments.models.receipts import ReceiptQuerySet
from wallets.models import Wallet

WINDOW = dt.timedelta(days=10)  # between the day typed from the paper and the node's
LOCK = 5_260_803
MOST = 200


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


def twin_of(receipt: Receipt, notice: Notice | None, chosen: Receipt | None) -> Receipt:
    """The credited receipt, locked, that has the money of this one: the chosen one, or that of the same notice."""
    rows = Receipt.objects.in_the_wallet().filter(stands_for__isnull=True).exclude(pk=receipt.pk)
    if chosen is not None:
        found = rows.filter(pk=chosen.pk).first()
    else:
        found = rows.filter(notice=notice).order_by("confirmed_at", "pk").last() if notice else None
    if found is None:
        raise PaymentRefused(
            "Nessun'altra ricevuta ha già questi soldi: scrivi l'identificativo di quella accreditata, "
            "oppure accredita questa alla famiglia."
        )
    twin = Receipt.objects.select_for_update(of=("self",)).select_related("entry").get(pk=found.pk)
    _refuse_other_money(receipt, notice, twin)
    return twin


def _refuse_other_money(receipt: Receipt, notice: Notice | None, twin: Receipt) -> None:
    if notice is not None and twin.notice_id == notice.pk:
        return
    if twin.amount != receipt.amount:
        raise PaymentRefused("L'altra ricevuta ha un importo diverso: non è lo stesso pagamento.")
    if notice is not None and (twin.notice_id or (twin.entry and twin.entry.wallet_id != notice.wallet_id)):
        raise PaymentRefused(
            "L'altra ricevuta è di un altro avviso o di un'altra famiglia: non è lo stesso pagamento."
        )


def offers(waiting: Sequence[Receipt]) -> dict[int, list[Receipt]]:
    """For each receipt that waits for a person, the credits that may have its money: one query for all."""
    undecided = [one for one in waiting if one.entry_id is None]
    same_notice = Q(notice__in={one.notice_id for one in undecided if one.notice_id})
    on_paper = Q(confirmed_at__isnull=True, amount__in={one.amount for one in undecided})
    rows = Receipt.objects.in_the_wallet().filter(same_notice | on_paper, stands_for__isnull=True)
    known = list(rows.select_related("entry__wallet__household").order_by("-pk")[:MOST])
    return {one.pk: [row for row in known if _may_have(row, one)] for one in undecided}


def _may_have(row: Receipt, waiting: Receipt) -> bool:
    if waiting.notice is not None:
        if row.notice_id == waiting.notice.pk:
            return True
        if row.notice_id or row.entry is None or row.entry.wallet_id != waiting.notice.wallet_id:
            return False
    apart = (row.paid_at or row.received_at) - (waiting.paid_at or waiting.received_at)
    return row.confirmed_at is None and row.amount == waiting.amount and abs(apart) <= WINDOW
