"""A worker's share of a campaign: claim a child, issue, print, send, say what happened; then the next."""

import datetime as dt
import smtplib
from decimal import Decimal

import structlog
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from enrolments.models import Application, Exemption, Price
from identity.pdf import PdfUnavailable
from payments import campaigns, notice_pdf, notices
from payments.models import Campaign, CampaignItem, Notice
from payments.rules import amounts, wording

log = structlog.get_logger(__name__)
State = CampaignItem.State
UNFORESEEN = (
    "Errore imprevisto nel preparare l'avviso: chi assiste il portale lo trova nel registro degli eventi."
)
SUBJECT = "Avviso di pagamento della mensa scolastica"


class Stopped(Exception):
    """This child cannot be done; str() is the reason that the office reads."""


class InDoubt(Exception):
    """The mail server fell silent half way: the row stays "in invio" until a person decides."""


def step(*, campaign: Campaign, limit: int, now: dt.datetime) -> int:
    """Do up to `limit` children; returns how many were taken. Safe at any moment, on any number of workers."""
    taken = 0
    while taken < limit and (item := campaigns.claim_next(campaign=campaign, now=now)):
        taken += 1
        try:
            _do(item, now)
        except Stopped as reason:
            _fail(item, str(reason))
        except InDoubt:
            log.warning("notice_mail_in_doubt", item=item.pk)
        except PdfUnavailable as missing:
            _fail(item, str(missing))
            campaigns.pause(campaign=campaign)
            log.error("campaign_paused_without_pdf", campaign=campaign.pk)
        except Exception:  # a child that nobody foresaw stops nobody else
            log.exception("campaign_item_failed", item=item.pk)
            _fail_unless_sending(item)
    campaigns.finish_if_done(campaign=campaign, now=now)
    return taken


def _do(item: CampaignItem, now: dt.datetime) -> None:
    notice = _issued(item, now)
    notices.publish(
        notice=notice, now=now
    )  # the node may be silent: the sweep publishes later, the paper is valid
    address = _address(item)
    document = notice_pdf.render([notice])
    if not _begin_sending(item, now):
        return
    _send(notice, address, document)
    _write_sent(item, notice, address, now)


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


def _begin_sending(item: CampaignItem, now: dt.datetime) -> bool:
    """From here on nobody else sends this mail. False: the claim was lost to another worker meanwhile."""
    mine = CampaignItem.objects.filter(pk=item.pk, state=State.PREPARING, claim=item.claim)
    return mine.update(state=State.SENDING, claimed_at=now) == 1


def _send(notice: Notice, address: str, document: bytes) -> None:
    body = render_to_string(
        "email/payments/notice.txt",
        {
            "town": notice_pdf.creditor_on_paper(),
            "amount": amounts.printed(notice.amount),
            "due": f"{notice.due_date:%d/%m/%Y}",
            "subject": notice.subject,
        },
    )
    mail = EmailMessage(SUBJECT, body, to=[address])
    mail.attach(f"avviso-{notice.nav}.pdf", document, "application/pdf")
    try:
        mail.send()
    except (smtplib.SMTPServerDisconnected, TimeoutError) as silence:
        raise InDoubt from silence
    except (smtplib.SMTPException, OSError) as problem:
        log.warning("notice_mail_refused", notice=notice.pk, problem=type(problem).__name__)
        raise Stopped(_said(problem)) from problem


def _said(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "Il server di posta rifiuta l'indirizzo e-mail della famiglia: correggilo e riprova."
    return "Il server di posta non ha accettato il messaggio: riprova più tardi."


def _write_sent(item: CampaignItem, notice: Notice, address: str, now: dt.datetime) -> None:
    with transaction.atomic():
        CampaignItem.objects.filter(pk=item.pk, claim=item.claim).update(state=State.SENT, reason="")
        sent = {"sent_at": now, "sent_to": address, "send_error": ""}
        Notice.objects.filter(pk=notice.pk).update(**sent)
        Notice.objects.filter(pk=notice.pk, state=Notice.State.ISSUED).update(state=Notice.State.SENT)


def _fail_unless_sending(item: CampaignItem) -> None:
    """After "in invio" the mail may have left: that row waits for a person as it is."""
    mine = CampaignItem.objects.filter(pk=item.pk, claim=item.claim, state=State.PREPARING)
    mine.update(state=State.FAILED, reason=UNFORESEEN)


def _fail(item: CampaignItem, reason: str) -> None:
    with transaction.atomic():
        CampaignItem.objects.filter(pk=item.pk, claim=item.claim).update(
            state=State.FAILED, reason=reason[:200]
        )
        if item.notice_id:
            Notice.objects.filter(pk=item.notice_id).update(send_error=reason[:200])
