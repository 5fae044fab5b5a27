"""Receipts that parents bring after paying elsewhere: received, looked at by the office, credited once or rejected with a reason.

The file keeps no name of its own, lies outside the web and is read in a process apart (paper_reader).
"""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from enrolments.models import Household, Pupil
from identity.models import User
from payments import paper_reader, receipts
from payments.configuration import creditor
from payments.errors import PaymentRefused
from payments.models import Notice, Receipt, UploadedReceipt
from payments.receipts import IncomingReceipt, PossibleDuplicate
from payments.rules import paper
from wallets.ledger import ROME
from wallets.models import Wallet

log = structlog.get_logger(__name__)
State = UploadedReceipt.State
LARGEST = 5 * 1024 * 1024
KINDS = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
}
NOON = dt.time(12, 0)
#: In a wallet, or said by a person to be there under another identifier.
PLACED = {Receipt.State.CREDITED, Receipt.State.DUPLICATE}


class BadFile(PaymentRefused):
    """Not a receipt that we can keep."""


class AlreadySent(PaymentRefused):
    """The same file is here already."""


class AlreadyDecided(PaymentRefused):
    def __init__(self) -> None:
        super().__init__("Questa ricevuta è già stata decisa: ricarica la pagina.")


@dataclass(frozen=True)
class Declaration:
    """What the parent says about the payment; the number is optional."""

    amount: Decimal
    paid_on: dt.date
    nav: str = ""
    pupil: Pupil | None = None


@dataclass(frozen=True)
class Decision:
    """What the office reads on the paper. Without a receipt id the notice number must be known."""

    amount: Decimal
    paid_on: dt.date
    receipt_id: str = ""
    nav: str = ""
    pupil: Pupil | None = None
    is_another_payment: bool = False


def receive(
    *, household: Household, content: bytes, declared: Declaration, by: User, now: dt.datetime
) -> UploadedReceipt:
    """Keep the file and what it says. The same file again is recognised, whoever of the family sends it."""
    kind, extension = _kind(content)
    digest = hashlib.sha256(content).hexdigest()
    _refuse_known(household, digest)
    found, preview = _read(content, extension)
    name = uuid.uuid4().hex
    upload = UploadedReceipt(
        household=household,
        pupil=declared.pupil,
        file_digest=digest,
        content_type=kind,
        declared_amount=declared.amount,
        declared_paid_on=declared.paid_on,
        declared_nav="".join(declared.nav.split())[:35],
        read_data=found.as_json(),
        uploaded_by=by,
        uploaded_at=now,
    )
    upload.file.save(f"{name}.{extension}", ContentFile(content), save=False)
    if preview:
        upload.preview.save(f"{name}-anteprima.png", ContentFile(preview), save=False)
    return _insert(upload)


def _kind(content: bytes) -> tuple[str, str]:
    """By its first bytes: what the browser says about the file is not asked."""
    if not content:
        raise BadFile("Il file è vuoto: scegli la ricevuta e inviala di nuovo.")
    if len(content) > LARGEST:
        raise BadFile("Il file supera 5 MB: invia solo la ricevuta, o una foto più piccola.")
    for start, kind in KINDS.items():
        if content.startswith(start):
            return kind
    raise BadFile("Il file non è un PDF, un JPEG o un PNG: scarica la ricevuta in PDF o fotografala.")


def _refuse_known(household: Household, digest: str) -> None:
    earlier = (
        UploadedReceipt.objects.filter(household=household, file_digest=digest)
        .exclude(state=State.REJECTED)
        .first()
    )
    if earlier:
        sent = earlier.uploaded_at.astimezone(ROME)
        how_it_is = (
            "è in verifica" if earlier.state in (State.RECEIVED, State.IN_REVIEW) else "è nel borsellino"
        )
        raise AlreadySent(
            f"Questa ricevuta ci è già arrivata il {sent:%d/%m/%Y} ed {how_it_is}: non serve rimandarla."
        )


def _read(content: bytes, extension: str) -> tuple[paper.Found, bytes]:
    with TemporaryDirectory(prefix="ricevuta-") as folder:
        file, preview = Path(folder) / f"file.{extension}", Path(folder) / "preview.png"
        file.write_bytes(content)
        try:
            reading = paper_reader.read(file, preview)
        except paper_reader.Unreadable as refusal:
            raise BadFile(str(refusal)) from refusal
        found = paper.read(text=reading.text, codes=reading.codes)
        return found, preview.read_bytes() if preview.exists() else b""


def _insert(upload: UploadedReceipt) -> UploadedReceipt:
    """The constraint decides between two that arrive together; a row that is not written leaves no file."""
    try:
        with transaction.atomic():
            upload.save()
    except IntegrityError:
        for field in (upload.file, upload.preview):
            if field:
                field.delete(save=False)
        _refuse_known(upload.household, upload.file_digest)
        raise
    return upload


def accept(*, upload: UploadedReceipt, decision: Decision, by: User, now: dt.datetime) -> UploadedReceipt:
    """Credit it, once: a receipt id that has its movement already makes this upload a duplicate, not a second credit."""
    wallet = Wallet.objects.get(household=upload.household)
    nav, receipt_id = "".join(decision.nav.split()), "".join(decision.receipt_id.split())
    if not receipt_id and len(nav) != 18:
        raise PaymentRefused(
            "Scrivi l'identificativo della ricevuta (IUR) che trovi sul documento oppure, se manca, il numero avviso di 18 cifre."
        )
    with transaction.atomic():
        mine = _undecided(upload)
        placed = _credited_before(wallet, nav, receipt_id, decision.is_another_payment)
        if placed is None:
            receipt = receipts.keep(
                incoming=_incoming(decision, nav, receipt_id), channel=Receipt.Channel.UPLOAD, now=now
            )
            placed = receipt if receipt.state in PLACED else None
        mine.state = State.DUPLICATE if placed else State.MATCHED
        mine.receipt = placed or receipts.attach(
            receipt=receipt,
            wallet=wallet,
            pupil=decision.pupil,
            is_another_payment=decision.is_another_payment,
            by=by,
            now=now,
        )
        _write_decision(mine, by, now)
    return mine


def _incoming(decision: Decision, nav: str, receipt_id: str) -> IncomingReceipt:
    return IncomingReceipt(
        fiscal_code=creditor().fiscal_code,
        receipt_id=(receipt_id or f"avviso-{nav}")[:35],
        nav=nav[:18],
        amount=decision.amount,
        paid_at=dt.datetime.combine(decision.paid_on, NOON, tzinfo=ROME),
    )


def _credited_before(wallet: Wallet, nav: str, receipt_id: str, is_another: bool) -> Receipt | None:
    """The receipt that has this money already. Of the notice of another family nothing may be credited here."""
    notice = Notice.objects.select_for_update().filter(nav=nav).first() if nav else None
    if notice is None:
        return None
    if notice.wallet_id != wallet.pk:
        raise PaymentRefused(
            "Il numero avviso è di un'altra famiglia: controlla il documento prima di accreditare."
        )
    placed = notice.receipts.filter(state=Receipt.State.CREDITED).order_by("pk").first()
    if placed is None or placed.receipt_id.upper() == receipt_id.upper() or not receipt_id:
        return placed
    if is_another:
        return None
    raise PossibleDuplicate(placed)


def reject(*, upload: UploadedReceipt, reason: str, by: User, now: dt.datetime) -> UploadedReceipt:
    """Nothing is credited; the reason is for the parent, who may send another file."""
    if not reason.strip():
        raise PaymentRefused("Scrivi il motivo: il genitore lo legge e sa che cosa fare.")
    with transaction.atomic():
        mine = _undecided(upload)
        mine.state, mine.rejection_reason = State.REJECTED, reason.strip()[:300]
        _write_decision(mine, by, now)
    return mine


def close_as_duplicate(*, upload: UploadedReceipt, by: User, now: dt.datetime) -> UploadedReceipt:
    """A person sees that this payment is in the wallet already."""
    with transaction.atomic():
        mine = _undecided(upload)
        mine.state = State.DUPLICATE
        _write_decision(mine, by, now)
    return mine


def _undecided(upload: UploadedReceipt) -> UploadedReceipt:
    mine = (
        UploadedReceipt.objects.select_for_update(of=("self",))
        .select_related("household", "pupil")
        .get(pk=upload.pk)
    )
    if mine.state not in (State.RECEIVED, State.IN_REVIEW):
        raise AlreadyDecided
    return mine


def _write_decision(upload: UploadedReceipt, by: User, now: dt.datetime) -> None:
    upload.decided_by, upload.decided_at = by, now
    upload.save()
    log.info("upload_decided", upload=upload.pk, state=upload.state, by=by.pk)
