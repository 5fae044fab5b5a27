"""A worker's share of a campaign: claim a family, issue, print, send, say what happened; then the next."""

import datetime as dt
import smtplib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import structlog
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string

from enrolments import guardianship
from enrolments.models import Application, Exemption, Price
from identity.pdf import PdfUnavailable
from payments import campaigns, notice_pdf, notices
from payments.models import Campaign, CampaignItem, Notice
from payments.rules import amounts, wording
from wallets.ledger import ROME

log = structlog.get_logger(__name__)
State = CampaignItem.State
SECOND = 1_000_000_000  # nanoseconds
OPEN = {Notice.State.ISSUED, Notice.State.SENT}
UNFORESEEN = (
    "Errore imprevisto nel preparare l'avviso: chi assiste il portale lo trova nel registro degli eventi."
)
SUBJECT = "Avviso di pagamento della mensa scolastica"


class Stopped(Exception):
    """This child, or this mail, cannot be done; str() is the reason that the office reads."""


class InDoubt(Exception):
    """The mail server fell silent half way: the rows stay "in invio" until a person decides."""


@dataclass
class Letter:
    """One mail: the children of a family whose notices go to the same address."""

    address: str
    items: list[CampaignItem]
    notices: list[Notice]


@dataclass
class Round:
    """What a worker keeps from one family to the next: its line to the mail server, and whether pagoPA answers."""

    now: dt.datetime
    post: BaseEmailBackend
    node_answers: bool = True
    began: int = field(default_factory=time.monotonic_ns)

    def moment(self) -> dt.datetime:
        """A claim is as old as it is, not as the round that takes it: in whole seconds."""
        return self.now + dt.timedelta(seconds=(time.monotonic_ns() - self.began) // SECOND)


def step(*, campaign: Campaign, limit: int, now: dt.datetime) -> int:
    """Do families until `limit` children are taken; returns how many were. Safe at any moment, on any number of workers."""
    round_ = Round(now, get_connection())
    taken = 0
    try:
        while taken < limit and (family := campaigns.claim_family(campaign=campaign, now=round_.moment())):
            taken += len(family)
            _do_family(campaign, family, round_)
    finally:
        _hang_up(round_)
    campaigns.finish_if_done(campaign=campaign, now=round_.moment())
    return taken


def _do_family(campaign: Campaign, family: list[CampaignItem], round_: Round) -> None:
    for letter in _letters(_prepared(family, round_)):
        try:
            _do(letter, round_)
        except Stopped as reason:
            _fail(letter.items, str(reason))
        except InDoubt:
            log.warning("notice_mail_in_doubt", items=[item.pk for item in letter.items])
        except PdfUnavailable as missing:
            _fail(letter.items, str(missing))
            campaigns.pause(campaign=campaign)
            log.error("campaign_paused_without_pdf", campaign=campaign.pk)
        except Exception:  # a family that nobody foresaw stops nobody else
            log.exception("campaign_mail_failed", items=[item.pk for item in letter.items])
            _fail_unless_sending(letter.items)


def _prepared(family: list[CampaignItem], round_: Round) -> Iterable[tuple[CampaignItem, Notice, str]]:
    """Each child's notice and the address it goes to; a child who cannot be done does not keep back the others."""
    for item in family:
        try:
            _refuse_who_has_gone(item, round_.now)
            notice = _issued(item, round_.now)
            if notice.state not in OPEN:
                raise Stopped("L'avviso risulta già pagato o chiuso: nessun invio.")
            _publish(notice, round_)
            yield item, notice, _address(item)
        except Stopped as reason:
            _fail([item], str(reason))
        except Exception:  # a child that nobody foresaw stops nobody else
            log.exception("campaign_item_failed", item=item.pk)
            _fail_unless_sending([item])


def _letters(prepared: Iterable[tuple[CampaignItem, Notice, str]]) -> list[Letter]:
    """Parents who applied with two addresses get two mails; all the others one."""
    letters: dict[str, Letter] = {}
    for item, notice, address in prepared:
        letter = letters.setdefault(address, Letter(address, [], []))
        letter.items.append(item)
        letter.notices.append(notice)
    return list(letters.values())


def _publish(notice: Notice, round_: Round) -> None:
    """The node may be silent: the paper is valid, the outbox tells it later. One silence a round is enough to wait for."""
    if round_.node_answers:
        round_.node_answers = notices.publish(notice=notice, now=round_.now)


def _do(letter: Letter, round_: Round) -> None:
    document = notice_pdf.render(letter.notices)
    if not _begin_sending(letter, round_.moment()):
        return
    _send(letter, document, round_)
    _write_sent(letter, round_.now)


def _issued(item: CampaignItem, now: dt.datetime) -> Notice:
    """The notice of this child: the one there is, or a new one. The amount is fixed here, for good."""
    with transaction.atomic():
        mine = CampaignItem.objects.select_for_update().get(pk=item.pk)
        if mine.notice_id is None:
            mine.notice = notices.issue(
                wallet=item.wallet,
                pupil=item.pupil,
                amount=_price(item) * item.meals,
                subject=wording.notice_subject(
                    pupil_code=item.pupil.code, meals=item.meals, year=item.campaign.year.label
                ),
                due_date=item.campaign.due_date,
                campaign=item.campaign,
                now=now,
            )
            mine.save(update_fields=["notice"])
    item.notice_id = mine.notice_id
    return Notice.objects.select_related("wallet__household__applicant").get(campaign_item=item)


def _refuse_who_has_gone(item: CampaignItem, now: dt.datetime) -> None:
    """Between the preview and the letter a child may have passed to another family."""
    families = guardianship.households_of([item.pupil_id], since=now.astimezone(ROME).date())
    if not families.filter(pk=item.wallet.household_id).exists():
        raise Stopped("L'alunno non è più di questa famiglia: nessun avviso.")


def _price(item: CampaignItem) -> Decimal:
    day = item.campaign.price_day
    if Exemption.objects.on(day).filter(pupil=item.pupil).exists():
        raise Stopped("L'alunno è diventato esente: nessun avviso.")
    price = Price.objects.on(day).filter(pupil=item.pupil, household=item.wallet.household).first()
    if price is None:
        raise Stopped("Manca il prezzo del pasto: controlla la tabella tariffe e la classe, poi riprova.")
    if price.amount <= 0:
        raise Stopped("Il pasto è gratuito: nessun avviso.")
    return price.amount


def _address(item: CampaignItem) -> str:
    application = Application.objects.filter(
        year=item.campaign.year, pupil=item.pupil, household=item.wallet.household
    ).first()
    address = (application.email if application else "") or item.wallet.household.applicant.email
    if not address:
        raise Stopped(
            "La famiglia non ha un indirizzo e-mail: scrivilo nella domanda e riprova, o stampa l'avviso."
        )
    return address


def _claimed(items: list[CampaignItem]) -> set[UUID | None]:
    return {item.claim for item in items}


@transaction.atomic
def _begin_sending(letter: Letter, now: dt.datetime) -> bool:
    """From here on nobody else sends this mail. False: the claim was lost to another worker meanwhile, and nothing is written."""
    mine = CampaignItem.objects.filter(
        pk__in=[item.pk for item in letter.items], state=State.PREPARING, claim__in=_claimed(letter.items)
    )
    whole = mine.update(state=State.SENDING, claimed_at=now) == len(letter.items)
    transaction.set_rollback(not whole)
    return whole


def _send(letter: Letter, document: bytes, round_: Round) -> None:
    many = len(letter.notices) > 1
    body = render_to_string(
        "email/payments/notice.txt",
        {
            "town": notice_pdf.creditor_on_paper(),
            "notices": [(notice.subject, amounts.printed(notice.amount)) for notice in letter.notices],
            "total": amounts.printed(sum((notice.amount for notice in letter.notices), Decimal(0))),
            "due": f"{letter.notices[0].due_date:%d/%m/%Y}",
            "many": many,
        },
    )
    mail = EmailMessage(SUBJECT, body, to=[letter.address], connection=round_.post)
    mail.attach(_file_name(letter.notices), document, "application/pdf")
    try:
        round_.post.open()
        mail.send()
    except (smtplib.SMTPServerDisconnected, TimeoutError) as silence:
        _hang_up(round_)
        raise InDoubt from silence
    except (smtplib.SMTPException, OSError) as problem:
        _hang_up(round_)
        log.warning(
            "notice_mail_refused",
            notices=[notice.pk for notice in letter.notices],
            problem=type(problem).__name__,
        )
        raise Stopped(_said(problem)) from problem


def _file_name(papers: list[Notice]) -> str:
    """By the number of the notice; the family's file by that of the first."""
    return f"avviso-{papers[0].nav}.pdf" if len(papers) == 1 else f"avvisi-{papers[0].nav}.pdf"


def _hang_up(round_: Round) -> None:
    """The line is opened again for the next mail, if there is one."""
    try:
        round_.post.close()
    except (smtplib.SMTPException, OSError):
        log.warning("mail_line_lost")


def _said(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "Il server di posta rifiuta l'indirizzo e-mail della famiglia: correggilo e riprova."
    return "Il server di posta non ha accettato il messaggio: riprova più tardi."


def _write_sent(letter: Letter, now: dt.datetime) -> None:
    keys = [notice.pk for notice in letter.notices]
    with transaction.atomic():
        CampaignItem.objects.filter(
            pk__in=[item.pk for item in letter.items], claim__in=_claimed(letter.items)
        ).update(state=State.SENT, reason="")
        Notice.objects.filter(pk__in=keys).update(sent_at=now, sent_to=letter.address, send_error="")
        Notice.objects.filter(pk__in=keys, state=Notice.State.ISSUED).update(state=Notice.State.SENT)


def _fail_unless_sending(items: list[CampaignItem]) -> None:
    """After "in invio" the mail may have left: those rows wait for a person as they are."""
    mine = CampaignItem.objects.filter(
        pk__in=[item.pk for item in items], claim__in=_claimed(items), state=State.PREPARING
    )
    mine.update(state=State.FAILED, reason=UNFORESEEN)


def _fail(items: list[CampaignItem], reason: str) -> None:
    with transaction.atomic():
        CampaignItem.objects.filter(pk__in=[item.pk for item in items], claim__in=_claimed(items)).update(
            state=State.FAILED, reason=reason[:200]
        )
        Notice.objects.filter(pk__in=[item.notice_id for item in items if item.notice_id]).update(
            send_error=reason[:200]
        )
