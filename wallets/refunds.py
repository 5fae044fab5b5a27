"""Refunds: credit that stays when the last child of a household has left, given back by bank transfer.

pagoPA has no refund rail: the office prepares and approves, the accounts office orders the transfers from the exported
list. The money leaves the wallet on approval; the database refuses to go below zero, whatever happened meanwhile.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from wallets import credit, csv_file, ledger
from wallets.errors import RefundRefused, WrongState
from wallets.leavers import is_leaver
from wallets.ledger import ROME
from wallets.models import Entry, Refund, RefundExport, Wallet
from wallets.rules import iban as bank

if TYPE_CHECKING:
    from identity.models import User

State, Method = Refund.State, Refund.Method
HEADER = ("Riferimento", "Beneficiario", "IBAN", "Importo", "Causale", "Famiglia", "Da pagare entro")


def prepare(
    *,
    wallet: Wallet,
    method: str = Method.BANK,
    to_wallet: Wallet | None = None,
    iban: str = "",
    by: User,
    now: dt.datetime,
) -> Refund:
    """Start giving back the whole credit of a household that has left. For a bank transfer the family is asked for the
    account when ``iban`` is not known yet."""
    day = now.astimezone(ROME).date()
    rules = credit.rules_on(day)
    _refuse_what_is_not_due(wallet, method, day, rules.smallest_refund)
    if (method == Method.SIBLING) != (to_wallet is not None):
        raise RefundRefused("Indica il borsellino del fratello che riceve il credito.")
    refund = Refund(
        wallet=wallet,
        amount=wallet.balance,
        method=method,
        to_wallet=to_wallet,
        holder=_applicant(wallet),
        iban=_clean(iban) if iban else "",
        prepared_at=now,
        prepared_by=by,
        due_by=day + dt.timedelta(days=rules.refund_within_days),
    )
    _begin(refund)
    return refund


def _refuse_what_is_not_due(wallet: Wallet, method: str, day: dt.date, smallest: Decimal) -> None:
    if wallet.balance <= 0 or not is_leaver(wallet=wallet, day=day):
        raise RefundRefused(
            "Questa famiglia non ha un credito da restituire: ha figli iscritti o il saldo non è positivo."
        )
    if method == Method.BANK and wallet.balance < smallest:
        raise RefundRefused(
            "Il credito è sotto il rimborso minimo: passalo a un fratello o al fondo di solidarietà."
        )


def _begin(refund: Refund) -> None:
    """One at a time for a family. A row without an account owes the mail that asks for it (``refund_mail``)."""
    try:
        with transaction.atomic():
            refund.save(force_insert=True)
    except IntegrityError as error:
        raise RefundRefused("Per questa famiglia c'è già un rimborso in corso.") from error


@transaction.atomic
def give_account(*, refund: Refund, iban: str, now: dt.datetime) -> Refund:
    """The account of the transfer: of the applicant, in the SEPA area, until the office approves."""
    mine = _locked(refund, State.PREPARED)
    if mine.method != Method.BANK:
        raise WrongState
    mine.iban = _clean(iban)
    mine.holder = _applicant(mine.wallet)
    mine.save(update_fields=["iban", "holder"])
    return mine


@transaction.atomic
def approve(*, refund: Refund, by: User, now: dt.datetime) -> Refund:
    """The money leaves the wallet. A transfer to a sibling or to the solidarity fund ends here."""
    mine = _locked(refund, State.PREPARED)
    if mine.method == Method.BANK and not mine.iban:
        raise RefundRefused("Manca l'IBAN: la famiglia lo indica dalla sua pagina, o lo scrive l'ufficio.")
    if mine.wallet.balance != mine.amount:
        raise RefundRefused(
            "Il saldo è cambiato da quando il rimborso è stato preparato: annullalo e preparalo di nuovo."
        )
    mine.entry = _take(mine, by, now)
    mine.approved_by, mine.approved_at = by, now
    mine.state = State.APPROVED if mine.method == Method.BANK else State.PAID
    mine.paid_on = None if mine.method == Method.BANK else now.astimezone(ROME).date()
    mine.save(update_fields=["entry", "approved_by", "approved_at", "state", "paid_on"])
    return mine


@transaction.atomic
def export(*, by: User, now: dt.datetime) -> RefundExport:
    """Hand every approved transfer to the accounts office: one row each and the total, kept as it was handed over."""
    approved = Refund.objects.select_for_update(of=("self",)).filter(state=State.APPROVED, method=Method.BANK)
    refunds = list(approved.select_related("wallet__household").order_by("pk"))
    if not refunds:
        raise RefundRefused("Non ci sono rimborsi approvati da consegnare.")
    total = sum((refund.amount for refund in refunds), Decimal("0.00"))
    rows: list[list[csv_file.Cell]] = [_row(refund) for refund in refunds]
    transfers = "1 bonifico" if len(refunds) == 1 else f"{len(refunds)} bonifici"
    rows.append(["Totale", transfers, "", total, "", "", ""])
    made = RefundExport.objects.create(
        made_at=now, made_by=by, transfers=len(refunds), total=total, content=csv_file.render(HEADER, rows)
    )
    Refund.objects.filter(pk__in=[refund.pk for refund in refunds]).update(state=State.EXPORTED, export=made)
    return made


@transaction.atomic
def mark_paid(*, refund: Refund, paid_on: dt.date, now: dt.datetime) -> Refund:
    mine = _locked(refund, State.EXPORTED)
    if paid_on > now.astimezone(ROME).date():
        raise RefundRefused("La data del pagamento è nel futuro.")
    mine.state, mine.paid_on = State.PAID, paid_on
    mine.save(update_fields=["state", "paid_on"])
    return mine


@transaction.atomic
def bounce(*, refund: Refund, reason: str, by: User, now: dt.datetime) -> Refund:
    """The transfer came back: the credit returns to the wallet, and a new refund may be prepared."""
    mine = _locked(refund, State.EXPORTED, State.PAID)
    if mine.method != Method.BANK or mine.entry is None:
        raise WrongState
    if not reason.strip():
        raise RefundRefused("Scrivi perché il bonifico è tornato indietro.")
    mine.recredit = ledger.recredit(
        refund_entry=mine.entry, reason=f"Bonifico tornato indietro: {reason}", by=by, now=now
    )
    mine.state, mine.bounce_reason = State.BOUNCED, reason
    mine.save(update_fields=["recredit", "state", "bounce_reason"])
    return mine


@transaction.atomic
def cancel(*, refund: Refund, by: User, now: dt.datetime) -> Refund:
    """Until it is exported. What was already taken from the wallet goes back."""
    mine = _locked(refund, State.PREPARED, State.APPROVED)
    if mine.entry is not None:
        mine.recredit = ledger.recredit(refund_entry=mine.entry, reason="Rimborso annullato", by=by, now=now)
    mine.state = State.CANCELLED
    mine.save(update_fields=["recredit", "state"])
    return mine


def _take(refund: Refund, by: User, now: dt.datetime) -> Entry:
    shared: dict[str, Any] = {"amount": refund.amount, "by": by, "now": now}
    if refund.method == Method.SIBLING and refund.to_wallet is not None:
        out, _ = ledger.transfer(
            source=refund.wallet,
            target=refund.to_wallet,
            key=f"refund:{refund.pk}",
            reason="Credito passato al borsellino di un fratello",
            **shared,
        )
        return out
    fund = refund.method == Method.SOLIDARITY
    reason = "Credito donato al fondo di solidarietà" if fund else "Credito restituito con bonifico"
    return ledger.refund(wallet=refund.wallet, key=str(refund.pk), reason=reason, **shared)


def _locked(refund: Refund, *states: str) -> Refund:
    """Lock the row, then look: two clicks at once find one state."""
    rows = Refund.objects.select_for_update(of=("self",))
    mine = rows.select_related("wallet__household__applicant", "to_wallet", "entry").get(pk=refund.pk)
    if mine.state not in states:
        raise WrongState
    return mine


def _row(refund: Refund) -> list[csv_file.Cell]:
    code = refund.wallet.household.code
    purpose = f"Rimborso credito mensa scolastica famiglia {code}"
    return [f"R{refund.pk}", refund.holder, refund.iban, refund.amount, purpose, code, refund.due_by]


def _applicant(wallet: Wallet) -> str:
    """Only the applicant's account is accepted: the name is the register's, not typed."""
    applicant = wallet.household.applicant
    return f"{applicant.first_name} {applicant.last_name}"


def _clean(iban: str) -> str:
    try:
        return bank.clean(iban)
    except bank.BadIban as error:
        raise RefundRefused(str(error)) from None
