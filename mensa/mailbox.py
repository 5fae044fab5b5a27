"""The mailbox page of the demo: what the portal would have mailed. It does not exist outside the demo."""

from datetime import datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from identity.access import public
from mensa import demo_mail

PER_PAGE = 25


@public
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    _demo_only()
    wanted = request.GET.get("a", "").strip().lower()
    ids = demo_mail.newest_ids()
    if wanted:
        ids = [mail.id for mail in demo_mail.read_all(ids) if wanted in mail.to.lower()]
    page = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    mails = demo_mail.read_all(page.object_list)
    rows = [(mail, datetime.fromisoformat(mail.sent_at)) for mail in mails]
    context = {"rows": rows, "page": page, "wanted": wanted, "app_io": f"{settings.SIMULATORS_URL}/node/io"}
    return render(request, "mensa/mailbox.html", context)


@public
@require_safe
def message(request: HttpRequest, message_id: str) -> HttpResponse:
    _demo_only()
    mail = _mail(message_id)
    sent_at = datetime.fromisoformat(mail.sent_at)
    return render(request, "mensa/mail.html", {"mail": mail, "sent_at": sent_at})


@public
@require_safe
def attachment(request: HttpRequest, message_id: str, number: int) -> FileResponse:
    _demo_only()
    mail = _mail(message_id)
    if number >= len(mail.attachments):
        raise Http404
    item = mail.attachments[number]
    data = demo_mail.attachment_path(message_id, number).open("rb")
    return FileResponse(data, content_type=item.mime, filename=item.name)


def _mail(message_id: str) -> demo_mail.Mail:
    try:
        mail = demo_mail.read(message_id)
    except FileNotFoundError:
        mail = None
    if mail is None:
        raise Http404
    return mail


def _demo_only() -> None:
    if not settings.DEMO:
        raise Http404
