"""What parents should hear of in the app IO: found in the facts themselves, so that whoever writes a fact need not know.

Each fact of the last days becomes a row once (guardian, cause). Only adults are written to, with their own fiscal code: the
applicant for a notice, the household's guardians for its wallet. Money is found here, what the office decides in io_decisions.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction

from enrolments import rounds
from enrolments.models import Guardian
from payments import io_decisions
from payments.io_decisions import Event, applicant_of, members_of
from payments.io_news import ONE_DAY, Found, News
from payments.models import IoMessage, Notice, Receipt
from payments.models.notices import NoticeQuerySet
from payments.rules import io_texts
from wallets.certificates import TRACEABLE
from wallets.models import Entry, LowCreditAlert, Wallet

BATCH = 500  # facts that one query compares with what was told
DUE_WITHIN = dt.timedelta(days=5)
AFTER_THE_NOTICE = dt.timedelta(days=3)  # its date is not repeated right after it
CERTIFICATES = (10, 20)  # days of January: late payments of December are in, and nobody is told in spring
FISCAL_CODE = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
)


def plan(news: News) -> None:
    """Write the rows that are missing. Safe to repeat. A finder or a fact that nobody foresaw keeps no other waiting."""
    rounds.each(FINDERS, lambda find: _write_down(find(news), news), said="io_finder_failed")


def _write_down(found: Iterator[Found], news: News) -> None:
    """Some at a time; what was found before a finder failed is written too."""
    batch: list[Found] = []
    try:
        for fact in found:
            batch.append(fact)
            if len(batch) == BATCH:
                _record_new(batch, news)
                batch = []
    finally:
        _record_new(batch, news)


def _record_new(facts: list[Found], news: News) -> None:
    """A fact is written whole, for all who hear of it: one row of it says that it was."""
    causes = [fact.key for fact in facts if not fact.shared]
    told = set(IoMessage.objects.filter(cause__in=causes).values_list("cause", flat=True).distinct())
    if new := [fact for fact in facts if fact.key not in told]:
        rounds.at_once_or_each(new, partial(_record, news=news), said="io_fact_failed")


@transaction.atomic
def _record(facts: Sequence[Found], *, news: News) -> None:
    rows = [_row(fact, guardian, news) for fact in facts for guardian in _to_tell(fact)]
    IoMessage.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)  # of another round


def _to_tell(fact: Found) -> list[Guardian]:
    whom = fact.whom.exclude(io_messages__cause=fact.key) if fact.shared else fact.whom
    return [guardian for guardian in whom if FISCAL_CODE.fullmatch(guardian.fiscal_code)]


def _row(fact: Found, guardian: Guardian, news: News) -> IoMessage:
    return IoMessage(
        guardian=guardian,
        event=fact.event,
        cause=fact.key,
        notice=fact.notice,
        subject=fact.words.subject,
        text=fact.words.text,
        planned_at=news.now,
    )


def _open() -> NoticeQuerySet:
    """Those that the node knows: a notice that cannot be paid yet is announced later."""
    rows = Notice.objects.payable().for_children().filter(published_at__isnull=False)
    return rows.select_related("wallet").order_by("pk")


def _notices(news: News) -> Iterator[Found]:
    for notice in _open().filter(published_at__gte=news.since):
        words = io_texts.notice(amount=notice.amount, due=notice.due_date, town=settings.TOWN_NAME)
        yield Found(Event.NOTICE, str(notice.pk), words, applicant_of(notice.wallet.household_id), notice)


def _due_soon(news: News) -> Iterator[Found]:
    """Once per date: a date that the office puts off is announced again."""
    last = news.today + DUE_WITHIN
    near = _open().filter(due_date__range=(news.today, last), issued_at__lt=news.now - AFTER_THE_NOTICE)
    for notice in near:
        words = io_texts.due_soon(amount=notice.amount, due=notice.due_date)
        whom = applicant_of(notice.wallet.household_id)
        yield Found(Event.DUE_SOON, _date_of(notice), words, whom, notice)


def _unpaid(news: News) -> Iterator[Found]:
    """Once per date, from the day after it: the notice may still be payable or have expired."""
    rows = Notice.objects.for_children().filter(
        published_at__isnull=False, due_date__range=(news.since.date(), news.today - ONE_DAY)
    )
    late = rows.exclude(state__in=(Notice.State.PAID, Notice.State.CANCELLED))
    for notice in late.select_related("wallet").order_by("pk"):
        words = io_texts.unpaid(amount=notice.amount, due=notice.due_date, site=settings.BASE_URL)
        yield Found(Event.UNPAID, _date_of(notice), words, applicant_of(notice.wallet.household_id))


def _date_of(notice: Notice) -> str:
    return f"{notice.pk}:{notice.due_date:%Y%m%d}"


def _topped_up(news: News) -> Iterator[Found]:
    credited = Receipt.objects.filter(state=Receipt.State.CREDITED, entry__recorded_at__gte=news.since)
    for receipt in credited.select_related("entry__wallet__household").order_by("pk"):
        assert receipt.entry is not None  # noqa: S101 - a credited receipt has its entry: a constraint
        household = receipt.entry.wallet.household
        words = io_texts.topped_up(amount=receipt.amount, code=household.code, site=settings.BASE_URL)
        yield Found(Event.TOPPED_UP, str(receipt.pk), words, members_of(household.pk))


def _low_credit(news: News) -> Iterator[Found]:
    crossed = LowCreditAlert.objects.filter(reset_at__isnull=True, crossed_at__gte=news.since)
    for alert in crossed.select_related("wallet__household").order_by("pk"):
        household = alert.wallet.household
        in_debt = alert.threshold < 0
        event, say = (Event.DEBT, io_texts.debt) if in_debt else (Event.LOW_CREDIT, io_texts.low_credit)
        words = say(code=household.code, site=settings.BASE_URL)
        yield Found(event, str(alert.pk), words, members_of(household.pk))


def _certificates(news: News) -> Iterator[Found]:
    """Once a year, to whoever the certificate is made out to."""
    first, last = CERTIFICATES
    if news.today.month != 1 or not first <= news.today.day <= last:
        return
    year = news.today.year - 1
    paid = Entry.objects.filter(TRACEABLE, value_day__year=year)
    payers = Wallet.objects.filter(pk__in=paid.values("wallet"))
    whom = Guardian.objects.filter(pk__in=payers.values("household__applicant")).order_by("pk")
    words = io_texts.certificate(year=year, site=settings.BASE_URL)
    yield Found(Event.CERTIFICATE, str(year), words, whom, shared=True)


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
