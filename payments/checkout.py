"""The parent's "Paga": notices chosen, a top-up if wanted, and the way to the pagoPA page.

First the attempt and its notices are written and committed, then pagoPA is called: no transaction is open meanwhile. When
pagoPA does not answer, the top-up made for this attempt is cancelled: nothing half made is left to the family. Whether
something was paid is said by the receipt alone, never by the browser that comes back.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from enrolments.models import Household
from identity.models import User
from payments import gateways, notices
from payments.configuration import creditor
from payments.errors import NodeUnreachable, PaymentRefused
from payments.gateways.base import Cart, CartItem
from payments.models import CheckoutAttempt, Notice
from payments.rules import amounts, wording
from wallets.models import Wallet

log = structlog.get_logger(__name__)
State = CheckoutAttempt.State
MOST_NOTICES = 5  # of a Checkout cart
ABANDONED_AFTER = dt.timedelta(seconds=30)  # whoever was opening it is no longer there
TOP_UP_DAYS = 1  # a top-up begun and left is closed after its day


@dataclass(frozen=True)
class Items:
    """What the parent ticked: open notices of the family, and a free amount."""

    notices: Sequence[Notice] = ()
    top_up: Decimal | None = None


class FormReused(PaymentRefused):
    def __init__(self) -> None:
        super().__init__(
            "Questo modulo è già stato usato per un altro pagamento: ricarica la pagina e scegli di nuovo."
        )


def start(
    *, household: Household, items: Items, form_key: uuid.UUID, by: User, now: dt.datetime
) -> CheckoutAttempt:
    """One form, one attempt: the same form sent again returns the attempt there is, also when two arrive together."""
    _refuse_bad(items, now)
    attempt, is_new = _write(household, items, form_key, by, now)
    if attempt.state == State.PREPARED and (is_new or now - attempt.started_at > ABANDONED_AFTER):
        _open(attempt, now)
    if attempt.state == State.UNREACHABLE:
        raise NodeUnreachable
    return attempt


def came_back(*, attempt: CheckoutAttempt, how: str) -> None:
    """The browser is back: the payment page is used up. Who has paid once stays so, whatever address is opened later."""
    later = CheckoutAttempt.objects.filter(pk=attempt.pk).exclude(
        came_back__in=[CheckoutAttempt.CameBack.OK, how]
    )
    if later.update(came_back=how):
        attempt.came_back = how


def _refuse_bad(items: Items, now: dt.datetime) -> None:
    rules = notices.rules_on(now.date())
    count = len(items.notices) + (items.top_up is not None)
    if count == 0:
        raise PaymentRefused("Scegli almeno un avviso o scrivi l'importo della ricarica.")
    if count > MOST_NOTICES:
        raise PaymentRefused(
            f"In un solo pagamento ci stanno al massimo {MOST_NOTICES} avvisi: dividili in due pagamenti."
        )
    if items.top_up is None:
        return
    if items.top_up < rules.smallest_top_up:
        raise PaymentRefused(
            f"La ricarica minima è di {amounts.printed(Decimal(rules.smallest_top_up))} euro."
        )
    if items.top_up > rules.largest_top_up:
        raise PaymentRefused(
            f"La ricarica massima è di {amounts.printed(Decimal(rules.largest_top_up))} euro."
        )


def _write(
    household: Household, items: Items, form_key: uuid.UUID, by: User, now: dt.datetime
) -> tuple[CheckoutAttempt, bool]:
    content = _content(items)
    try:
        with transaction.atomic():
            attempt = CheckoutAttempt.objects.create(
                household=household, started_by=by, started_at=now, form_key=form_key, content=content
            )
            attempt.notices.set([*_still_payable(household, items.notices), *_top_up(household, items, now)])
            return attempt, True
    except IntegrityError as clash:
        earlier = CheckoutAttempt.objects.filter(form_key=form_key).first()
        if earlier is None:
            raise
        if (earlier.household_id, earlier.content) != (household.pk, content):
            raise FormReused from clash
        return earlier, False


def _content(items: Items) -> str:
    """What makes two forms the same; digits only, so that it says nothing about the person."""
    chosen = ",".join(sorted(str(notice.pk) for notice in items.notices))
    return f"{chosen}+{items.top_up or 0}"


def _still_payable(household: Household, chosen: Sequence[Notice]) -> list[Notice]:
    """Locked while the attempt is written: a notice paid a moment ago is said at once, not on the pagoPA page.

    Only the notices: the application's role may not lock a wallet.
    """
    wanted = {notice.pk for notice in chosen}
    found = list(
        Notice.objects.payable()
        .select_for_update(of=("self",))
        .filter(pk__in=wanted, wallet__household=household)
        .order_by("pk")
    )
    if len(found) != len(wanted):
        raise PaymentRefused("Uno degli avvisi scelti risulta già pagato o chiuso: ricarica la pagina.")
    return found


def _top_up(household: Household, items: Items, now: dt.datetime) -> list[Notice]:
    if items.top_up is None:
        return []
    return [
        notices.issue(
            wallet=Wallet.objects.get(household=household),
            pupil=None,
            amount=items.top_up,
            subject=wording.top_up_subject(household_code=household.code),
            due_date=now.date() + dt.timedelta(days=TOP_UP_DAYS),
            now=now,
        )
    ]


def _open(attempt: CheckoutAttempt, now: dt.datetime) -> None:
    """Publish what the node does not know yet, then ask for the payment page: all of it while a person waits."""
    chosen = list(attempt.notices.select_related("wallet__household__applicant").order_by("pk"))
    gateway = gateways.for_a_page()
    try:
        for notice in chosen:
            notices.tell(notice=notice, now=now, gateway=gateway)
        attempt.redirect_url = gateway.open_cart(_cart(attempt, chosen))
    except NodeUnreachable as problem:
        _give_up(attempt, chosen, problem)
        raise
    attempt.state = State.STARTED
    attempt.save(update_fields=["state", "redirect_url"])


def _give_up(attempt: CheckoutAttempt, chosen: Sequence[Notice], problem: NodeUnreachable) -> None:
    """The notices of the children stay as they were; the top-up of this attempt is closed, and withdrawn if it got through."""
    log.warning("checkout_unreachable", attempt=str(attempt.token), problem=type(problem).__name__)
    with transaction.atomic():
        CheckoutAttempt.objects.filter(pk=attempt.pk).update(state=State.UNREACHABLE)
        for notice in chosen:
            if notice.pupil_id is None:
                notices.cancel(notice=notice)


def _cart(attempt: CheckoutAttempt, chosen: Sequence[Notice]) -> Cart:
    body = creditor()
    return Cart(
        id=attempt.token.hex,
        fiscal_code=body.fiscal_code,
        company=body.name,
        items=[CartItem(notice.nav, notice.amount, notice.subject) for notice in chosen],
        return_ok=_address("payments:return_ok", attempt),
        return_cancel=_address("payments:return_cancel", attempt),
        return_error=_address("payments:return_error", attempt),
    )


def _address(name: str, attempt: CheckoutAttempt) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=[attempt.token])}"
