"""Receipts (RT): stored raw first, then credited, once, whatever the channel and however often they come.

Two steps, each in its own transaction: `record` writes the document under its key (body, receipt id) and commits;
`settle` locks that row and places the money. A process that dies in between leaves a row in state `received`, which the
next delivery or the sweep settles.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from enrolments.errors import Refused
from enrolments.models import Pupil
from identity.models import User
from payments import doubles
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Notice, Receipt
from payments.rules import identifiers, verdicts
from payments.rules.amounts import printed
from payments.rules.verdicts import Action, NoticeFacts, Verdict
from wallets import ledger
from wallets.models import Wallet

log = structlog.get_logger(__name__)
State = Receipt.State
OTHER_CONTENT = "Consegnata di nuovo con dati diversi: confronta l'originale con il borsellino."
FAILED_AFTER_ALL = "Consegnata di nuovo come non riuscita: chiedi a pagoPA se il pagamento vale ancora."


@dataclass(frozen=True)
class IncomingReceipt:
    """What a receipt says, as far as we need it. `paid_at` is aware; `remark`: who gets the money, when it is not all ours."""

    fiscal_code: str
    receipt_id: str
    nav: str
    amount: Decimal
    paid_at: dt.datetime | None = None
    psp: str = ""
    fee: Decimal | None = None
    successful: bool = True
    raw: str = ""
    remark: str = ""

    @property
    def paid(self) -> Decimal:
        """What changed hands: nothing when the payment failed."""
        return self.amount if self.successful else Decimal(0)


class AlreadyPlaced(PaymentRefused):
    """The receipt has its movement already."""

    def __init__(self) -> None:
        super().__init__("Questa ricevuta è già stata accreditata: il borsellino non cambia.")


class AlreadyDecided(PaymentRefused):
    def __init__(self) -> None:
        super().__init__("Di questa ricevuta è già stato deciso: ricarica la pagina.")


class PossibleDuplicate(PaymentRefused):
    """The money may be in the wallet already: only a person can say that this is another payment."""

    def __init__(self, equal: Receipt) -> None:
        paid = (equal.paid_at or equal.received_at).astimezone(ledger.ROME)
        super().__init__(
            f"C'è già un pagamento uguale: {printed(equal.amount)} euro del {paid:%d/%m/%Y}, identificativo "
            f"{equal.receipt_id}. È lo stesso? Allora segnalo come già presente. Se è davvero un altro, confermalo con la casella."
        )


def record(*, incoming: IncomingReceipt, channel: str, now: dt.datetime) -> Receipt:
    """Store, then settle. The same receipt id again: one delivery more, one credit still."""
    receipt = keep(incoming=incoming, channel=channel, now=now)
    return settle(receipt=receipt, now=now)


def keep(*, incoming: IncomingReceipt, channel: str, now: dt.datetime) -> Receipt:
    """Insert first; the constraint says whether the receipt was here already."""
    try:
        with transaction.atomic():
            return Receipt.objects.create(
                fiscal_code=incoming.fiscal_code,
                receipt_id=incoming.receipt_id,
                channel=channel,
                confirmed_at=None if channel == Receipt.Channel.UPLOAD else now,
                **_content(incoming, now),
            )
    except IntegrityError:
        return _keep_again(incoming, channel, now)


def _content(incoming: IncomingReceipt, now: dt.datetime) -> dict[str, Any]:
    """The columns that come from the document. Of other services' receipts it is not kept: it names a person not of ours."""
    elsewhere = incoming.fiscal_code != creditor().fiscal_code
    part = elsewhere and bool(incoming.remark) and incoming.paid > 0
    kept = part or _is_ours(incoming.fiscal_code, incoming.nav)
    early = _paid_tomorrow(incoming.paid_at, now)
    return {
        "nav": incoming.nav,
        "amount": incoming.paid,
        "paid_at": now if early else incoming.paid_at,
        "psp": incoming.psp[:70],
        "fee": incoming.fee,
        "raw": incoming.raw if kept else "",
        "received_at": now,
        "state": State.TO_REVIEW if part else State.RECEIVED,
        "flag": f"{incoming.remark} {early}".strip() if kept else "",
    }


def _paid_tomorrow(paid_at: dt.datetime | None, now: dt.datetime) -> str:
    """What to say of a date that has not come yet: the money counts from the day of its receipt."""
    day = paid_at.astimezone(ledger.ROME).date() if paid_at else None
    if day is None or day <= now.astimezone(ledger.ROME).date():
        return ""
    return f"Data di pagamento nel futuro ({day:%d/%m/%Y}): vale il giorno di arrivo."


def _keep_again(incoming: IncomingReceipt, channel: str, now: dt.datetime) -> Receipt:
    """One delivery more. The first word of the node about a paper receipt confirms it and fills in what paper did not say."""
    with transaction.atomic():
        known = Receipt.objects.with_id(incoming.fiscal_code, incoming.receipt_id)[:1].get()
        notice = _notice_numbered(incoming.fiscal_code, incoming.nav or known.nav)
        receipt = Receipt.objects.select_for_update().get(pk=known.pk)
        receipt.deliveries += 1
        if _succeeds_now(receipt, incoming, channel):
            _begin_again(receipt, incoming, now)
        elif receipt.amount != incoming.paid or _other_number(receipt, incoming):
            log.error("receipt_delivered_with_other_content", receipt=receipt.pk)
            _flag(receipt, OTHER_CONTENT if incoming.successful else FAILED_AFTER_ALL)
        if receipt.confirmed_at is None and channel != Receipt.Channel.UPLOAD:
            _confirm(receipt, incoming, notice, now)
        receipt.save()
    return receipt


def _succeeds_now(receipt: Receipt, incoming: IncomingReceipt, channel: str) -> bool:
    """The node first said that nothing was paid, and now that something was. Paper alone does not contradict the node."""
    nothing_paid = receipt.state in {State.RECEIVED, State.IGNORED} and receipt.amount == 0
    return nothing_paid and incoming.paid > 0 and channel != Receipt.Channel.UPLOAD


def _begin_again(receipt: Receipt, incoming: IncomingReceipt, now: dt.datetime) -> None:
    """As if it came for the first time: `settle` places it."""
    for name, value in _content(incoming, now).items():
        setattr(receipt, name, value)
    log.warning("failed_receipt_succeeded", receipt=receipt.pk)
    _flag(receipt, "Prima consegnata come non riuscita o senza importo, poi come pagata.")


def _other_number(receipt: Receipt, incoming: IncomingReceipt) -> bool:
    return bool(receipt.nav and incoming.nav and receipt.nav != incoming.nav)


def _confirm(receipt: Receipt, incoming: IncomingReceipt, notice: Notice | None, now: dt.datetime) -> None:
    receipt.confirmed_at = now
    receipt.receipt_id = incoming.receipt_id  # in the node's spelling
    receipt.raw = receipt.raw or incoming.raw
    receipt.nav = receipt.nav or incoming.nav
    receipt.psp = receipt.psp or incoming.psp[:70]
    receipt.fee = receipt.fee if receipt.fee is not None else incoming.fee
    if receipt.notice_id is None and receipt.state == State.CREDITED and notice is not None:
        receipt.notice = notice
        _mark_paid(notice, receipt, now)


def settle(*, receipt: Receipt, now: dt.datetime) -> Receipt:
    """Place the money of a stored receipt: once, however many do it at the same time."""
    with transaction.atomic():
        notice = _notice_numbered(receipt.fiscal_code, receipt.nav)
        mine = Receipt.objects.select_for_update().get(pk=receipt.pk)
        if mine.state != State.RECEIVED:
            return mine
        verdict = _judge(mine, notice)
        mine.notice = notice
        _flag(mine, verdict.flag)
        if verdict.action is Action.CREDIT and notice is not None:
            _credit_or_ask(mine, notice, now)
        else:
            mine.state = State.TO_REVIEW if verdict.action is Action.REVIEW else State.IGNORED
        mine.save()
    if mine.flag:
        log.warning("receipt_flagged", receipt=mine.pk, state=mine.state)
    return mine


def _credit_or_ask(receipt: Receipt, notice: Notice, now: dt.datetime) -> None:
    """What the ledger refuses (an amount out of its range) is for a person, and holds up no other receipt."""
    try:
        _credit(receipt, notice.wallet, notice.pupil, now)
    except Refused as refusal:
        receipt.state = State.TO_REVIEW
        _flag(receipt, str(refusal))
    else:
        _mark_paid(notice, receipt, now)


def settle_owed(*, limit: int, now: dt.datetime) -> int:
    """The sweep: receipts stored by a process that died before placing them."""
    owed = list(Receipt.objects.filter(state=State.RECEIVED).order_by("pk")[:limit])
    for receipt in owed:
        settle(receipt=receipt, now=now)
    return len(owed)


def _notice_numbered(fiscal_code: str, nav: str) -> Notice | None:
    """The notice, locked: always before its receipt, by every channel, or two of them wait for each other for ever."""
    if fiscal_code != creditor().fiscal_code or not nav:
        return None
    locked = Notice.objects.select_for_update(of=("self",)).select_related("wallet", "pupil")
    return locked.filter(nav=nav).first()


def _judge(receipt: Receipt, notice: Notice | None) -> Verdict:
    facts = None
    if notice is not None:
        doubles.take_turns(notice.wallet)
        on_paper = doubles.like(receipt=receipt, wallet=notice.wallet, notice=notice)
        facts = NoticeFacts(notice.amount, notice.state, credited_on_paper=on_paper.exists())
    return verdicts.judge(
        amount=receipt.amount, ours=_is_ours(receipt.fiscal_code, receipt.nav), notice=facts
    )


def _is_ours(fiscal_code: str, nav: str) -> bool:
    """Broadcast stations hear of every notice of the town, also of other services and partners."""
    body = creditor()
    if fiscal_code != body.fiscal_code:
        return False
    try:
        return identifiers.parse(nav).segregation == body.segregation
    except identifiers.WrongNoticeNumber:
        return True


def _credit(
    receipt: Receipt, wallet: Wallet, pupil: Pupil | None, now: dt.datetime, by: User | None = None
) -> None:
    receipt.entry = ledger.credit(
        wallet=wallet,
        amount=receipt.amount,
        cause=cause_of(receipt),
        value_day=(receipt.paid_at or receipt.received_at).astimezone(ledger.ROME).date(),
        pupil=pupil,
        reason="Pagamento pagoPA",
        details={"nav": receipt.nav, "receipt_id": receipt.receipt_id, "psp": receipt.psp},
        by=by,
        now=now,
    )
    receipt.state = State.CREDITED


def cause_of(receipt: Receipt) -> str:
    """The key of the movement in the ledger: one receipt of one body, one movement."""
    return f"receipt:{receipt.fiscal_code}:{receipt.receipt_id}"


def _mark_paid(notice: Notice, receipt: Receipt, now: dt.datetime) -> None:
    if notice.state != Notice.State.PAID:
        notice.state = Notice.State.PAID
        notice.paid_at = receipt.paid_at or now
        notice.save(update_fields=["state", "paid_at"])


def _flag(receipt: Receipt, text: str) -> None:
    if text and text not in receipt.flag:
        receipt.flag = f"{receipt.flag} {text}".strip()[:200]
        receipt.flag_closed_at = None


def attach(
    *,
    receipt: Receipt,
    wallet: Wallet,
    pupil: Pupil | None = None,
    is_another_payment: bool = False,
    by: User,
    now: dt.datetime,
) -> Receipt:
    """A person says whose money it is: credited to that wallet, once. What may be there already wants a second word."""
    with transaction.atomic():
        notice = _notice_numbered(receipt.fiscal_code, receipt.nav)
        mine = Receipt.objects.select_for_update().get(pk=receipt.pk)
        if mine.state == State.CREDITED:
            raise AlreadyPlaced
        if mine.state == State.DUPLICATE:
            raise AlreadyDecided
        if mine.amount <= 0:
            raise PaymentRefused("Questa ricevuta non ha un importo: non c'è nulla da accreditare.")
        mine.notice = notice
        is_paid = notice is not None and notice.wallet_id == wallet.pk
        if not is_another_payment:
            _refuse_double(mine, wallet, notice)
        _credit(mine, wallet, pupil or (notice.pupil if notice and is_paid else None), now, by)
        mine.flag_closed_at = now if mine.flag else None
        if notice is not None and is_paid:
            _mark_paid(notice, mine, now)
        mine.save()
    log.info("receipt_attached", receipt=mine.pk, wallet=wallet.pk, by=by.pk)
    return mine


def _refuse_double(receipt: Receipt, wallet: Wallet, notice: Notice | None) -> None:
    doubles.take_turns(wallet)
    equal = doubles.like(receipt=receipt, wallet=wallet, notice=notice).order_by("-pk").first()
    if equal is not None:
        raise PossibleDuplicate(equal)


def set_aside(*, receipt: Receipt, other: Receipt | None = None, by: User, now: dt.datetime) -> Receipt:
    """A person says that the money is already in the wallet under `other`, or under the credited receipt of the same notice:
    nothing is credited, and the other counts as confirmed. It can be brought back."""
    with transaction.atomic():
        notice = _notice_numbered(receipt.fiscal_code, receipt.nav)
        mine = Receipt.objects.select_for_update().get(pk=receipt.pk)
        if mine.state != State.TO_REVIEW:
            raise AlreadyDecided
        twin = doubles.twin_of(mine, notice, other)
        mine.state, mine.same_as = State.DUPLICATE, twin
        mine.flag_closed_at = now if mine.flag else None
        mine.save()
        twin.confirmed_at = twin.confirmed_at or now
        if notice is not None and twin.notice_id is None:
            twin.notice = notice
            _mark_paid(notice, twin, now)
        twin.save()
    log.info("receipt_set_aside", receipt=mine.pk, other=twin.pk, by=by.pk)
    return mine


def bring_back(*, receipt: Receipt, by: User, now: dt.datetime) -> Receipt:
    """A person was wrong: the receipt waits for a decision again, and what only the mistake had confirmed is paper again."""
    with transaction.atomic():
        mine = Receipt.objects.select_for_update().get(pk=receipt.pk)
        if mine.state != State.DUPLICATE:
            raise AlreadyDecided
        if mine.same_as_id and mine.flag_closed_at:
            Receipt.objects.filter(pk=mine.same_as_id, confirmed_at=mine.flag_closed_at).update(
                confirmed_at=None
            )
        mine.state, mine.same_as, mine.flag_closed_at = State.TO_REVIEW, None, None
        mine.save()
    log.info("receipt_brought_back", receipt=mine.pk, by=by.pk)
    return mine


def close_flag(*, receipt: Receipt, by: User, now: dt.datetime) -> None:
    """A person has looked at something odd about money that is already in the wallet."""
    Receipt.objects.filter(pk=receipt.pk, state=State.CREDITED, flag_closed_at__isnull=True).update(
        flag_closed_at=now
    )
    log.info("receipt_flag_closed", receipt=receipt.pk, by=by.pk)
