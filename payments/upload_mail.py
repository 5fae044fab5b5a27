"""What the parent hears about an uploaded receipt. The decision stands also when the mail cannot leave."""

import smtplib

import structlog
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from enrolments.models import Guardian
from payments.models import UploadedReceipt
from payments.notice_pdf import creditor_on_paper

log = structlog.get_logger(__name__)
SUBJECT = "La ricevuta che hai inviato alla mensa"


def tell(upload: UploadedReceipt) -> bool:
    """To whoever sent it, else to the applicant; no address: the page says it anyway."""
    sender = Guardian.objects.of_user(upload.uploaded_by).first()
    address = (sender.email if sender else "") or upload.household.applicant.email
    if not address:
        return False
    body = render_to_string("email/payments/upload.txt", {"upload": upload, "town": creditor_on_paper()})
    try:
        EmailMessage(SUBJECT, body, to=[address]).send()
    except (smtplib.SMTPException, OSError) as problem:
        log.warning("upload_mail_refused", upload=upload.pk, problem=type(problem).__name__)
        return False
    return True
