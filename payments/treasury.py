"""The treasurer's credits: loaded from a journal or typed, insert first. The same again adds nothing, other content under the
same number is refused loudly and nothing of that file is kept."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import IntegrityError, transaction

from identity.models import User
from payments import treasury_documents
from payments.errors import PaymentRefused
from payments.models import CreditMatch, SettlementReport, TreasuryCredit, TreasuryJournal
from payments.rules import treasury_reference
from payments.treasury_documents import IncomingCredit, Journal

log = structlog.get_logger(__name__)
Source = TreasuryCredit.Source


class CreditReused(PaymentRefused):
    """The same number with other content: somebody must look."""

    def __init__(self, credit: IncomingCredit) -> None:
        super().__init__(
            f"Il sospeso {credit.number}/{credit.year} c'è già con importo, data o causale diversi: niente è stato caricato. "
            "Confronta il giornale con quello caricato prima, o chiedi al tesoriere."
        )


@dataclass(frozen=True)
class Loaded:
    """`is_new`: the file was not here before; the counts are its own either way."""

    journal: TreasuryJournal
    is_new: bool


def load(*, data: bytes, name: str, by: User, now: dt.datetime) -> Loaded:
    """A journal (XML) or a list (CSV, XLSX); the content decides. All of it or nothing."""
    digest = hashlib.sha256(data).hexdigest()
    known = TreasuryJournal.objects.filter(digest=digest).first()
    if known is not None:
        return Loaded(known, is_new=False)
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    held = _held()
    read = (
        treasury_documents.read_opi(data, held) if is_xml else treasury_documents.read_list(data, name, held)
    )
    kind = TreasuryJournal.Kind.OPI if is_xml else TreasuryJournal.Kind.CSV
    try:
        with transaction.atomic():
            journal = _keep(read, kind, digest, by, now)
    except IntegrityError:  # the same file, twice at the same time
        return Loaded(TreasuryJournal.objects.get(digest=digest), is_new=False)
    log.info("treasury_loaded", journal=journal.pk, taken=journal.taken, by=by.pk)
    return Loaded(journal, is_new=True)


def _held() -> set[tuple[int, str]]:
    rows = TreasuryCredit.objects.filter(operation=TreasuryCredit.Operation.CREDIT)
    return set(rows.values_list("year", "number"))


def _keep(read: Journal, kind: str, digest: str, by: User, now: dt.datetime) -> TreasuryJournal:
    present = len(_stored(read.credits))
    distinct = len({_key(credit) for credit in read.credits})
    journal = TreasuryJournal.objects.create(
        kind=kind,
        digest=digest,
        taken=distinct - present,
        known=present,
        left_out=read.left_out,
        loaded_at=now,
        loaded_by=by,
    )
    rows = [_row(credit, source=kind, journal=journal, by=by, now=now) for credit in read.credits]
    TreasuryCredit.objects.bulk_create(rows, ignore_conflicts=True)
    _compare(read.credits)
    return journal


def record(*, credit: IncomingCredit, by: User, now: dt.datetime) -> TreasuryCredit:
    """Typed by hand from the treasurer's paper: the same number with the same content is the one that is there."""
    row = _row(credit, source=Source.HAND, journal=None, by=by, now=now)
    with transaction.atomic():
        TreasuryCredit.objects.bulk_create([row], ignore_conflicts=True)
        _compare([credit])
    return TreasuryCredit.objects.get(year=credit.year, number=credit.number, operation=credit.operation)


def _row(
    credit: IncomingCredit, *, source: str, journal: TreasuryJournal | None, by: User, now: dt.datetime
) -> TreasuryCredit:
    named = treasury_reference.parse(credit.reference)
    return TreasuryCredit(
        year=credit.year,
        number=credit.number,
        operation=credit.operation,
        amount=credit.amount,
        booked_on=credit.booked_on,
        value_day=credit.value_day,
        reference=credit.reference,
        iuf=named.iuf,
        iuv=named.iuv,
        source=source,
        journal=journal,
        recorded_at=now,
        recorded_by=by,
    )


def _key(credit: IncomingCredit | TreasuryCredit) -> tuple[int, str, str]:
    return credit.year, credit.number, credit.operation


def _stored(credits_read: Iterable[IncomingCredit]) -> dict[tuple[int, str, str], TreasuryCredit]:
    wanted = {_key(credit) for credit in credits_read}
    rows = TreasuryCredit.objects.filter(
        year__in={year for year, _, _ in wanted}, number__in={number for _, number, _ in wanted}
    )
    return {_key(row): row for row in rows if _key(row) in wanted}


def _compare(credits_read: Iterable[IncomingCredit]) -> None:
    """After the insert every number must say what the file says."""
    credits_read = list(credits_read)
    stored = _stored(credits_read)
    for credit in credits_read:
        row = stored[_key(credit)]
        same = (row.amount, row.booked_on) == (credit.amount, credit.booked_on)
        if not same or treasury_reference.squeeze(row.reference) != treasury_reference.squeeze(
            credit.reference
        ):
            log.error("treasury_number_reused", credit=row.pk)
            raise CreditReused(credit)


def match(*, credit: TreasuryCredit, fdr: str, by: User, now: dt.datetime) -> CreditMatch:
    """A person says which flow this money pays. The same answer again changes nothing."""
    if not SettlementReport.objects.filter(fdr=fdr).exists():
        raise PaymentRefused(f"Il flusso {fdr[:35]} non c'è: caricalo o chiedilo al nodo, poi abbina.")
    try:
        with transaction.atomic():
            return CreditMatch.objects.create(credit=credit, fdr=fdr, decided_at=now, decided_by=by)
    except IntegrityError:
        stored = CreditMatch.objects.get(credit=credit, withdrawn_at__isnull=True)
    if stored.fdr != fdr:
        raise PaymentRefused(f"Questo accredito è già abbinato al flusso {stored.fdr}: prima sciogli quello.")
    return stored


def unmatch(*, credit: TreasuryCredit, by: User, now: dt.datetime) -> None:
    """Taken back; the row stays."""
    CreditMatch.objects.filter(credit=credit, withdrawn_at__isnull=True).update(
        withdrawn_at=now, withdrawn_by=by
    )
