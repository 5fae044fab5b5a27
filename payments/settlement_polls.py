"""Asking the service of the reports what is new: every day, or now. The row says how far it got; a dead one is begun again."""

import datetime as dt

import structlog
from django.db import DataError, IntegrityError, transaction

from identity.models import User
from payments import gateways, settlement
from payments.configuration import creditor, product
from payments.errors import NodeUnreachable, PaymentRefused
from payments.gateways.fdr import DAYS_KEPT, FdrService, Published
from payments.models import SettlementPoll, SettlementReport
from payments.rules.reports import WrongReport

log = structlog.get_logger(__name__)
EVERY = dt.timedelta(hours=20)
AFTER_A_FAILURE = dt.timedelta(hours=1)
DEAD = dt.timedelta(minutes=10)
BROKEN = "La lettura dei flussi si è interrotta: il portale riprova da solo tra un'ora. Se succede di nuovo, chiama chi lo gestisce."
SILENT = "Il servizio dei flussi di pagoPA non risponde: il portale riprova da solo tra un'ora."


def is_on() -> bool:
    """Only where the town has a key for the service; the simulator has its own."""
    return bool(product("FDR").keys)


def is_due(*, now: dt.datetime) -> bool:
    """Once a day; an hour after a failure."""
    last = SettlementPoll.objects.order_by("-pk").first()
    if last is None:
        return True
    if last.is_running:
        return abs(now - last.asked_at) > DEAD
    return abs(now - last.asked_at) > (AFTER_A_FAILURE if last.problem else EVERY)


def ask(*, now: dt.datetime, by: User | None = None) -> SettlementPoll:
    """A round to be run, or the one that is running."""
    try:
        with transaction.atomic():
            return SettlementPoll.objects.create(asked_at=now, asked_by=by)
    except IntegrityError:
        running = SettlementPoll.objects.filter(is_running=True).first()
        return running or SettlementPoll.objects.latest("pk")


def run(*, poll: SettlementPoll, now: dt.datetime) -> SettlementPoll:
    """Over the network, never inside a transaction; every report is kept as it comes, so that nothing is lost half way."""
    service = FdrService(line=gateways.line("FDR"), fiscal_code=creditor().fiscal_code)
    problem = BROKEN
    try:
        wanted = _unknown(service.published_since(now - dt.timedelta(days=DAYS_KEPT)))
        poll.total, poll.done, poll.taken, poll.failed = len(wanted), 0, 0, 0
        for published in wanted:
            _take(service, published, poll, now)
        problem = _said(poll)
    except NodeUnreachable:
        problem = SILENT
    finally:
        poll.problem, poll.is_running, poll.finished_at = problem, False, now
        poll.save()
    log.info("settlement_polled", poll=poll.pk, taken=poll.taken, failed=poll.failed)
    return poll


def _unknown(published: list[Published]) -> list[Published]:
    """A file of the same revision is not what the service says: that is asked for as well."""
    flows = {one.fdr for one in published}
    rows = SettlementReport.objects.filter(fdr__in=flows, channel=SettlementReport.Channel.REST)
    known = {Published(*row) for row in rows.values_list("fdr", "psp", "revision")}
    return [one for one in published if one not in known]


def _take(service: FdrService, published: Published, poll: SettlementPoll, now: dt.datetime) -> None:
    """One that cannot be kept stops none of the others."""
    try:
        kept = settlement.keep(
            incoming=service.report(published), channel=SettlementReport.Channel.REST, now=now
        )
        poll.taken += kept.is_new
    except NodeUnreachable:
        raise
    except (WrongReport, PaymentRefused, DataError, IntegrityError) as refused:  # what no column takes
        poll.failed += 1
        log.error("settlement_not_kept", fdr=published.fdr[:35], why=str(refused)[:200])
    poll.done += 1
    poll.save(update_fields=["total", "done", "taken", "failed"])


def _said(poll: SettlementPoll) -> str:
    if not poll.failed:
        return ""
    said = "1 flusso non si legge" if poll.failed == 1 else f"{poll.failed} flussi non si leggono"
    return f"{said}: chiedi alla banca una nuova revisione."
