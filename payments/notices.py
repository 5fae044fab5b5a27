"""Notices: issued with a number that never comes back, published on the node, paid, expired or cancelled.

Publishing crosses the network, so it happens after the commit: a notice without `published_at` is work that is owed, and
payments.outbox finds it.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from enrolments.models import Pupil
from identity.models import User
from payments import gateways
from payments.configuration import creditor
from payments.errors import NodeRefused, NodeUnreachable, PaymentRefused
from payments.gateways.base import Gateway, Position
from payments.models import Campaign, Notice, PaymentRules, Receipt
from payments.rules import identifiers, wording
from wallets.models import Wallet

log = structlog.get_logger(__name__)
AFTER_A_REFUSAL = dt.timedelta(hours=1)


def rules_on(day: dt.date) -> PaymentRules:
    """The office's rules of that day; where it has adopted none, the defaults of the model."""
    return PaymentRules.objects.on(day).first() or PaymentRules(valid_from=day, act="valori iniziali")


def issue(
    *,
    wallet: Wallet,
    pupil: Pupil | None,
    amount: Decimal,
    subject: str,
    due_date: dt.date,
    campaign: Campaign | None = None,
    now: dt.datetime,
) -> Notice:
    """A new notice. Of a campaign there is one per child and wallet: asking again returns the one there is."""
    if amount <= 0:
        raise PaymentRefused("Un avviso ha un importo maggiore di zero.")
    try:
        with transaction.atomic():
            return Notice.objects.create(
                nav=_next_number(),
                wallet=wallet,
                pupil=pupil,
                campaign=campaign,
                amount=amount,
                subject=subject[: wording.LONGEST],
                due_date=due_date,
                issued_at=now,
            )
    except IntegrityError:
        if campaign is None:
            raise
        return Notice.objects.get(campaign=campaign, pupil=pupil, wallet=wallet)


def _next_number() -> str:
    """From a database sequence: two workers never get the same, a rolled back notice leaves a hole and no repeat."""
    body = creditor()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_notice_number')")
        (sequence,) = cursor.fetchone() or (0,)
    return identifiers.compose(segregation=body.segregation, system=body.iuv_system, sequence=int(sequence))


def with_outcome(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    """With `attested` (there is an attestation to give out) and `taken_back` (its money has left the wallet again)."""
    of_it = Receipt.objects.filter(notice=OuterRef("pk"))
    attested = Exists(of_it.attested())
    credited = of_it.filter(state=Receipt.State.CREDITED, confirmed_at__isnull=False)
    return rows.annotate(attested=attested, taken_back=Exists(credited) & ~attested)


def publish(*, notice: Notice, now: dt.datetime) -> bool:
    """Tell the node; False when it does not take it now: the next round will. Never inside a transaction."""
    try:
        tell(notice=notice, now=now)
    except NodeUnreachable:
        return False
    return True


def tell(*, notice: Notice, now: dt.datetime, gateway: Gateway | None = None) -> None:
    """Publish, or raise NodeUnreachable; a refusal (NodeRefused) is written on the notice.

    `node_tried_at` is written before the call: an answer that is lost may have got through, so a notice that is cancelled
    meanwhile is withdrawn all the same.
    """
    if notice.published_at:
        return
    Notice.objects.filter(pk=notice.pk).update(node_tried_at=now)
    try:
        (gateway or gateways.current()).publish(position_of(notice))
    except NodeRefused as refusal:
        write_refusal(notice=notice, refusal=refusal, now=now)
        raise
    Notice.objects.filter(pk=notice.pk, published_at__isnull=True).update(
        published_at=now, published_revision=notice.revision, node_error="", node_retry_at=None
    )
    notice.published_at = now


def write_refusal(*, notice: Notice, refusal: NodeRefused, now: dt.datetime) -> None:
    """For the office to read; asked again later, because what is wrong may be a setting."""
    log.error("pagopa_refused_notice", notice=notice.pk)
    why = (refusal.why or "rifiutato")[:200]
    Notice.objects.filter(pk=notice.pk).update(node_error=why, node_retry_at=now + AFTER_A_REFUSAL)


def postpone(*, notices: Iterable[Notice], due_date: dt.date, by: User, now: dt.datetime) -> int:
    """Another due date for notices that can still be paid; the node is told by the sweep. Returns how many changed."""
    if due_date < now.date():
        raise PaymentRefused("La nuova scadenza è già passata: scegli una data da oggi in poi.")
    changed = (
        Notice.objects.payable()
        .filter(pk__in=[notice.pk for notice in notices])
        .exclude(due_date=due_date)
        .update(due_date=due_date, revision=F("revision") + 1, node_retry_at=None)
    )
    log.info("notices_postponed", count=changed, by=by.pk)
    return changed


def cancel(*, notice: Notice) -> bool:
    """No longer payable. A notice that is paid meanwhile stays paid: False."""
    return _close(Q(pk=notice.pk), Notice.State.CANCELLED) == 1


def expire_due(*, now: dt.datetime) -> int:
    """Close the notices that can be paid no more."""
    return _close(overdue(now=now), Notice.State.EXPIRED)


def overdue(*, now: dt.datetime) -> Q:
    """Past their date: the children's only if the rules say so, top-ups begun and left always."""
    today = now.date()
    late = Q(due_date__lt=today)
    return late & Q(pupil__isnull=True) if rules_on(today).payable_after_due else late


def _close(which: Q, state: Notice.State) -> int:
    with transaction.atomic():
        return Notice.objects.payable().filter(which).update(state=state)


def iupd(notice: Notice) -> str:
    """Our own id of the debt position: the token says nothing about the person."""
    return f"MENSA-{notice.token.hex}"


def position_of(notice: Notice) -> Position:
    """The debtor is the parent who applied, never the child."""
    body, debtor = creditor(), notice.wallet.household.applicant
    return Position(
        iupd=iupd(notice),
        nav=notice.nav,
        fiscal_code=body.fiscal_code,
        company=body.name,
        office=body.office,
        amount=notice.amount,
        description=notice.subject,
        due_date=notice.due_date,
        debtor_fiscal_code=debtor.fiscal_code,
        debtor_name=f"{debtor.first_name} {debtor.last_name}",
        iban=body.iban,
        postal_iban=body.postal_iban,
        category=body.taxonomy,
        remittance=wording.remittance(iuv=notice.iuv, amount=notice.amount, subject=notice.subject),
    )
