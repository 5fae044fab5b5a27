"""What parents should hear of in the app IO: found in the facts themselves, so that whoever writes a fact need not know.

Each fact of the last days becomes a row once (guardian, cause). Only adults are written to, with their own fiscal code: the
applicant for a notice, the household's guardians for its wallet. Money is found here, what the office decides in io_decisions.
"""

import datetime as dt
import re
from collections.abc import Iterator

from django.conf import settings

from enrolments.models import Guardian
from payments import io_decisions
from payments.io_decisions import Event, Found
from payments.io_history import LOOK_BACK
from payments.models import IoMessage, Notice, Receipt
from payments.models.notices import NoticeQuerySet
from payments.rules import io_texts
from wallets.certificates import TRACEABLE
from wallets.models import Entry, LowCreditAlert, Wallet

DUE_WITHIN = dt.timedelta(days=5)
CERTIFICATES = (10, 20)  # days of January: late payments of December are in, and nobody is told in spring
FISCAL_CODE = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
)


def plan(*, now: dt.datetime) -> int:
    """Write the rows that are missing; returns how many there are to send. Safe to repeat."""
    for find in FINDERS:
        IoMessage.objects.bulk_create(
            [_row(found, now) for found in find(now) if FISCAL_CODE.fullmatch(found[0].fiscal_code)],
            ignore_conflicts=True,
        )
    return IoMessage.objects.filter(state=IoMessage.State.WAITING).count()


def _row(found: Found, now: dt.datetime) -> IoMessage:
    guardian, event, cause, words, notice = found
    return IoMessage(
        guardian=guardian,
        event=event,
        cause=f"{event}:{cause}",
        notice=notice,
        subject=words.subject,
        text=words.text,
        planned_at=now,
    )


def _open() -> NoticeQuerySet:
    """Those that the node knows: a notice that cannot be paid yet is announced later."""
    rows = Notice.objects.payable().for_children().filter(published_at__isnull=False)
    return rows.select_related("wallet__household__applicant").order_by("pk")


def _notices(now: dt.datetime) -> Iterator[Found]:
    for notice in _open().filter(published_at__gte=now - LOOK_BACK):
        words = io_texts.notice(amount=notice.amount, due=notice.due_date, town=settings.TOWN_NAME)
        yield notice.wallet.household.applicant, Event.NOTICE, str(notice.pk), words, notice


def _due_soon(now: dt.datetime) -> Iterator[Found]:
    """Once per date: a date that the office puts off is announced again. Not right after the notice itself."""
    today = now.date()
    near = _open().filter(due_date__range=(today, today + DUE_WITHIN), issued_at__lt=now - LOOK_BACK)
    for notice in near:
        words = io_texts.due_soon(amount=notice.amount, due=notice.due_date)
        cause = f"{notice.pk}:{notice.due_date:%Y%m%d}"
        yield notice.wallet.household.applicant, Event.DUE_SOON, cause, words, notice


def _unpaid(now: dt.datetime) -> Iterator[Found]:
    """Once per date, from the day after it: the notice may still be payable or have expired."""
    today = now.date()
    rows = Notice.objects.for_children().filter(
        published_at__isnull=False, due_date__range=(today - LOOK_BACK, today - dt.timedelta(days=1))
    )
    late = rows.exclude(state__in=(Notice.State.PAID, Notice.State.CANCELLED))
    for notice in late.select_related("wallet__household__applicant").order_by("pk"):
        words = io_texts.unpaid(amount=notice.amount, due=notice.due_date, site=settings.BASE_URL)
        cause = f"{notice.pk}:{notice.due_date:%Y%m%d}"
        yield notice.wallet.household.applicant, Event.UNPAID, cause, words, None


def _topped_up(now: dt.datetime) -> Iterator[Found]:
    credited = Receipt.objects.filter(state=Receipt.State.CREDITED, entry__recorded_at__gte=now - LOOK_BACK)
    for receipt in credited.select_related("entry__wallet__household").order_by("pk"):
        assert receipt.entry is not None  # noqa: S101 - a credited receipt has its entry: a constraint
        household = receipt.entry.wallet.household
        words = io_texts.topped_up(amount=receipt.amount, code=household.code, site=settings.BASE_URL)
        for guardian in Guardian.objects.filter(memberships__household=household):
            yield guardian, Event.TOPPED_UP, str(receipt.pk), words, None


def _low_credit(now: dt.datetime) -> Iterator[Found]:
    crossed = LowCreditAlert.objects.filter(reset_at__isnull=True, crossed_at__gte=now - LOOK_BACK)
    for alert in crossed.select_related("wallet__household").order_by("pk"):
        household = alert.wallet.household
        in_debt = alert.threshold < 0
        event, say = (Event.DEBT, io_texts.debt) if in_debt else (Event.LOW_CREDIT, io_texts.low_credit)
        words = say(code=household.code, site=settings.BASE_URL)
        for guardian in Guardian.objects.filter(memberships__household=household):
            yield guardian, event, str(alert.pk), words, None


def _certificates(now: dt.datetime) -> Iterator[Found]:
    """Once a year, to whoever the certificate is made out to."""
    first, last = CERTIFICATES
    if now.month != 1 or not first <= now.day <= last:
        return
    year = now.year - 1
    payers = Wallet.objects.filter(
        pk__in=Entry.objects.filter(TRACEABLE, value_day__year=year).values("wallet")
    )
    told = IoMessage.objects.filter(event=Event.CERTIFICATE, cause=f"{Event.CERTIFICATE}:{year}")
    waiting = payers.exclude(household__applicant__in=told.values("guardian"))
    words = io_texts.certificate(year=year, site=settings.BASE_URL)
    for wallet in waiting.select_related("household__applicant").order_by("pk"):
        yield wallet.household.applicant, Event.CERTIFICATE, str(year), words, None


#: In the order in which a family would tell the story.
FINDERS = (
    io_decisions.opening,
    io_decisions.enrolled,
    io_decisions.reductions,
    io_decisions.benefits,
    io_decisions.benefits_ending,
    io_decisions.diets,
    io_decisions.diets_dropped,
    io_decisions.diets_ending,
    _notices,
    _due_soon,
    _unpaid,
    _topped_up,
    _low_credit,
    io_decisions.withdrawn,
    _certificates,
)
