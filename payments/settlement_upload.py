"""A file of the accounts office: a report, a journal or a list; the content says which. A refusal changes nothing."""

import datetime as dt

from enrolments import sheets
from identity.models import User
from payments import closed_xml, fdr_document, reconciliation, settlement, treasury
from payments.errors import PaymentRefused
from payments.models import SettlementReport
from wallets.ledger import ROME

NEITHER = "Il file non è né un XML né un elenco CSV o XLSX: carica il flusso o il giornale di cassa senza firma (.p7m) e non compresso."
KNOWN = ("c'era", "c'erano")


def load(*, data: bytes, name: str, revision: int, by: User, now: dt.datetime) -> str:
    """Keep it, then compare everything again; returns what was done, in a sentence."""
    if data and not closed_xml.is_xml(data) and not name.lower().endswith(sheets.ENDINGS):
        raise PaymentRefused(NEITHER)
    is_report = fdr_document.is_report(data)
    said = _report(data, revision, by, now) if is_report else _journal(data, name, by, now)
    reconciliation.sync(now=now)
    return said


def _report(data: bytes, revision: int, by: User, now: dt.datetime) -> str:
    kept = settlement.keep(
        incoming=fdr_document.read(data, revision=revision),
        channel=SettlementReport.Channel.FILE,
        by=by,
        now=now,
    )
    report = kept.report
    if not kept.is_new:
        return f"Il flusso {report.fdr} c'era già, identico: niente è cambiato."
    said = f"Flusso {report.fdr} caricato: {_counted(report.payments, 'pagamento', 'pagamenti')}."
    return said + _superseded(report)


def _superseded(report: SettlementReport) -> str:
    """A file that changes nothing, because another revision counts, must not look like one that does."""
    counts = SettlementReport.objects.newest().filter(fdr=report.fdr)
    if counts.filter(pk=report.pk).exists():
        return ""
    other = counts.order_by("-revision")[0]
    source = "presa da pagoPA" if other.channel == SettlementReport.Channel.REST else "già caricata"
    return f" È superato: conta la revisione {other.revision}, {source}."


def _journal(data: bytes, name: str, by: User, now: dt.datetime) -> str:
    loaded = treasury.load(data=data, name=name, by=by, now=now)
    journal = loaded.journal
    if not loaded.is_new:
        return f"Questo file era già stato caricato il {journal.loaded_at.astimezone(ROME):%d/%m/%Y}: niente è cambiato."
    known = f" {_counted(journal.known, *KNOWN)} già." if journal.known else ""
    return f"Accrediti caricati: {journal.taken}.{known}{_left_out(journal.left_out)}"


def _left_out(movements: int) -> str:
    if not movements:
        return ""
    verb = "è stato preso" if movements == 1 else "sono stati presi"
    return f" {_counted(movements, 'movimento', 'movimenti')} non pagoPA non {verb}."


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
