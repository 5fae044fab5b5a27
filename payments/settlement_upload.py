"""A file of the accounts office: a report, a journal or a list; the content says which. A refusal changes nothing."""

import datetime as dt

from identity.models import User
from payments import fdr_document, reconciliation, settlement, treasury
from payments.models import SettlementReport
from wallets.ledger import ROME


def load(*, data: bytes, name: str, revision: int, by: User, now: dt.datetime) -> str:
    """Keep it, then compare everything again; returns what was done, in a sentence."""
    said = (
        _report(data, revision, by, now) if b"FlussoRiversamento" in data else _journal(data, name, by, now)
    )
    reconciliation.sync(now=now)
    return said


def _report(data: bytes, revision: int, by: User, now: dt.datetime) -> str:
    kept = settlement.keep(
        incoming=fdr_document.read(data, revision=revision),
        channel=SettlementReport.Channel.FILE,
        by=by,
        now=now,
    )
    if not kept.is_new:
        return f"Il flusso {kept.report.fdr} c'era già, identico: niente è cambiato."
    return f"Flusso {kept.report.fdr} caricato: {kept.report.payments} pagamenti."


def _journal(data: bytes, name: str, by: User, now: dt.datetime) -> str:
    loaded = treasury.load(data=data, name=name, by=by, now=now)
    journal = loaded.journal
    if not loaded.is_new:
        return f"Questo file era già stato caricato il {journal.loaded_at.astimezone(ROME):%d/%m/%Y}: niente è cambiato."
    left_out = f" {journal.left_out} movimenti non pagoPA non sono stati presi." if journal.left_out else ""
    known = f" {journal.known} c'erano già." if journal.known else ""
    return f"Accrediti caricati: {journal.taken}.{known}{left_out}"
