"""The treasurer's credits: loaded from a journal or typed, insert first. The same again adds nothing; other content under the
same number is refused loudly and nothing of that file is kept, except where a journal puts right what was typed by hand."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import IntegrityError, transaction

from identity.models import User
from payments import closed_xml, treasury_documents
from payments.errors import PaymentRefused
from payments.models import CreditAnnulment, CreditMatch, SettlementReport, TreasuryCredit, TreasuryJournal
from payments.rules import treasury_reference
from payments.treasury_documents import IncomingCredit, Journal

log = structlog.get_logger(__name__)
Source = TreasuryCredit.Source
PUT_RIGHT = "Sostituito da quello del giornale di cassa, che dice altro."
Key = tuple[int, str, str]


class CreditReused(PaymentRefused):
    """The same number with other content: somebody must look."""

    def __init__(self, credit: IncomingCredit) -> None:
        super().__init__(
            f"Il sospeso {credit.number}/{credit.year} c'è già con importo, data o causale diversi: niente è stato caricato. "
            "Confronta il giornale con quello caricato prima, o chiedi al tesoriere; se quello di prima è sbagliato, annullalo "
            "nella pagina «Accrediti»."
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
    is_xml = closed_xml.is_xml(data)
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
    rows = TreasuryCredit.objects.standing().filter(operation=TreasuryCredit.Operation.CREDIT)
    return set(rows.values_list("year", "number"))


def _keep(read: Journal, kind: str, digest: str, by: User, now: dt.datetime) -> TreasuryJournal:
    _put_right(read.credits, by, now)
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
    _insert(read.credits, source=kind, journal=journal, by=by, now=now)
    return journal


def _put_right(read: Iterable[IncomingCredit], by: User, now: dt.datetime) -> None:
    """The treasurer's own paper counts more than what somebody copied from it."""
    stored = _stored(read)
    for credit in read:
        row = stored.get(_key(credit))
        if row is not None and row.source == Source.HAND and not _is_same(row, credit):
            _annul(row, PUT_RIGHT, by, now)


def _insert(
    read: Iterable[IncomingCredit],
    *,
    source: str,
    journal: TreasuryJournal | None,
    by: User,
    now: dt.datetime,
) -> None:
    editions = _editions(read)
    rows = [_row(credit, editions, source=source, journal=journal, by=by, now=now) for credit in read]
    TreasuryCredit.objects.bulk_create(rows, ignore_conflicts=True)
    _compare(read)


def record(*, credit: IncomingCredit, by: User, now: dt.datetime) -> TreasuryCredit:
    """Typed by hand from the treasurer's paper: the same number with the same content is the one that is there."""
    with transaction.atomic():
        _insert([credit], source=Source.HAND, journal=None, by=by, now=now)
    return _stored([credit])[_key(credit)]


def _row(
    credit: IncomingCredit,
    editions: dict[Key, int],
    *,
    source: str,
    journal: TreasuryJournal | None,
    by: User,
    now: dt.datetime,
) -> TreasuryCredit:
    named = treasury_reference.parse(credit.reference)
    return TreasuryCredit(
        year=credit.year,
        number=credit.number,
        operation=credit.operation,
        edition=editions.get(_key(credit), 1),
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


def _key(credit: IncomingCredit | TreasuryCredit) -> Key:
    return credit.year, credit.number, credit.operation


def _of_keys(read: Iterable[IncomingCredit]) -> list[TreasuryCredit]:
    """Every row of these numbers, annulled ones too, oldest first."""
    wanted = {_key(credit) for credit in read}
    rows = TreasuryCredit.objects.filter(
        year__in={year for year, _, _ in wanted}, number__in={number for _, number, _ in wanted}
    )
    return [row for row in rows.select_related("annulment").order_by("edition") if _key(row) in wanted]


def _stored(read: Iterable[IncomingCredit]) -> dict[Key, TreasuryCredit]:
    return {_key(row): row for row in _of_keys(read) if not hasattr(row, "annulment")}


def _editions(read: Iterable[IncomingCredit]) -> dict[Key, int]:
    """The edition of the row that stands, for the constraint to stop a second one; after an annulled one, the next."""
    return {_key(row): row.edition + hasattr(row, "annulment") for row in _of_keys(read)}


def _is_same(row: TreasuryCredit, credit: IncomingCredit) -> bool:
    squeeze = treasury_reference.squeeze
    same = (row.amount, row.booked_on) == (credit.amount, credit.booked_on)
    return same and squeeze(row.reference) == squeeze(credit.reference)


def _compare(read: Iterable[IncomingCredit]) -> None:
    """After the insert every number must say what the file says."""
    stored = _stored(read)
    for credit in read:
        row = stored[_key(credit)]
        if not _is_same(row, credit):
            log.error("treasury_number_reused", credit=row.pk)
            raise CreditReused(credit)


def annul(*, credit: TreasuryCredit, reason: str, by: User, now: dt.datetime) -> None:
    """The office has written it wrong: it no longer counts, its number may be written again. Who and why stay."""
    if not credit.may_be_annulled:
        raise PaymentRefused(
            "È scritto nel giornale OPI: può annullarlo solo il tesoriere, con uno storno nel giornale."
        )
    if not reason.strip():
        raise PaymentRefused("Scrivi perché lo annulli: resta accanto all'accredito.")
    with transaction.atomic():
        if not _annul(credit, reason.strip()[:300], by, now):
            raise PaymentRefused("Questo accredito è già annullato: ricarica la pagina.")
    log.info("credit_annulled", credit=credit.pk, by=by.pk)


def _annul(credit: TreasuryCredit, reason: str, by: User, now: dt.datetime) -> bool:
    """Insert first; False when it was annulled before."""
    mine = CreditAnnulment(credit=credit, reason=reason, annulled_at=now, annulled_by=by)
    try:
        with transaction.atomic():
            mine.save(force_insert=True)
    except IntegrityError:
        return False
    unmatch(credit=credit, by=by, now=now)
    return True


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
