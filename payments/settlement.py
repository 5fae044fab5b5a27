"""Settlement reports: kept once per revision, insert first. The same again adds nothing, other content is refused loudly."""

import datetime as dt
import re
from dataclasses import dataclass

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from identity.models import User
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Notice, SettlementLine, SettlementReport
from payments.rules.reports import IncomingReport

log = structlog.get_logger(__name__)
BATCH = 2000


class ReportReused(PaymentRefused):
    """The same flow and revision with another content: somebody must look."""


@dataclass(frozen=True)
class Kept:
    report: SettlementReport
    is_new: bool


def keep(*, incoming: IncomingReport, channel: str, now: dt.datetime, by: User | None = None) -> Kept:
    """Store the report with its lines, or recognise it. Key: flow, PSP, revision; but what the service of pagoPA publishes is
    kept beside a file whatever that says, and counts more (`newest`)."""
    _refuse_others(incoming)
    if channel == SettlementReport.Channel.FILE and _same_key(incoming).exists():
        return _compare(incoming, _same_key(incoming))
    try:
        with transaction.atomic():
            report = _insert(incoming, channel, now, by)
    except IntegrityError:
        same = _same_key(incoming).filter(channel=channel)
        if not same.exists():
            raise
        return _compare(incoming, same)
    log.info("settlement_kept", report=report.pk, revision=report.revision, lines=len(incoming.lines))
    return Kept(report, is_new=True)


def _refuse_others(incoming: IncomingReport) -> None:
    receiver, ours = incoming.receiver, creditor().fiscal_code
    if re.fullmatch(r"\d{11}", receiver) and receiver != ours:
        raise PaymentRefused(
            f"È il flusso di un altro ente (codice fiscale {receiver}): niente è stato caricato."
        )


def _insert(incoming: IncomingReport, channel: str, now: dt.datetime, by: User | None) -> SettlementReport:
    report = SettlementReport.objects.create(
        fdr=incoming.fdr,
        psp=incoming.psp,
        psp_name=incoming.psp_name,
        revision=incoming.revision,
        flow_date=incoming.flow_date,
        regulation=incoming.regulation,
        regulation_date=incoming.regulation_date,
        total=incoming.total,
        payments=incoming.payments,
        published_at=incoming.published_at,
        channel=channel,
        digest=incoming.digest,
        raw=incoming.raw,
        received_at=now,
        loaded_by=by,
    )
    SettlementLine.objects.bulk_create(_lines(report, incoming), batch_size=BATCH)
    return report


def _lines(report: SettlementReport, incoming: IncomingReport) -> list[SettlementLine]:
    segregation = creditor().segregation
    known = _known_iuvs({line.iuv for line in incoming.lines})
    return [
        SettlementLine(
            report=report,
            position=position,
            iuv=line.iuv,
            iur=line.iur,
            transfer=line.transfer,
            amount=line.amount,
            outcome=line.outcome,
            paid_on=line.paid_on,
            is_ours=line.iuv in known or is_ours(line.iuv, segregation),
        )
        for position, line in enumerate(incoming.lines, start=1)
    ]


def is_ours(iuv: str, segregation: str) -> bool:
    """An IUV of aux digit 3 begins with the segregation code; others are of other services or partners of the town."""
    return re.fullmatch(rf"{re.escape(segregation)}\d{{15}}", iuv, re.ASCII) is not None


def _known_iuvs(iuvs: set[str]) -> set[str]:
    navs = Notice.objects.filter(nav__in=[f"3{iuv}" for iuv in iuvs]).values_list("nav", flat=True)
    return {nav[1:] for nav in navs}


def _same_key(incoming: IncomingReport) -> QuerySet[SettlementReport]:
    return SettlementReport.objects.filter(fdr=incoming.fdr, psp=incoming.psp, revision=incoming.revision)


def _compare(incoming: IncomingReport, same: QuerySet[SettlementReport]) -> Kept:
    stored = list(same.order_by("pk"))
    for report in stored:
        if report.digest == incoming.digest:
            return Kept(report, is_new=False)
    log.error("settlement_reused", report=stored[0].pk, revision=incoming.revision)
    raise ReportReused(
        f"Il flusso {incoming.fdr}, revisione {incoming.revision}, c'è già con un altro contenuto: niente è stato caricato. "
        "Se la banca lo ha ripubblicato, caricalo indicando la revisione nuova."
    )
