"""The mails that sheets owe: each sheet to its caterer, and one alarm to the office for a sheet that nobody has seen.

A row says that a mail is owed; whoever claims it sends it, outside any transaction; what fails is said on the row and tried again
while the day lasts. Sheets sealed together leave in one mail.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse

from attendance import acknowledging, caterer_links, sealing, sheet_pdf
from attendance.models import Caterer, KitchenSheet, SheetMessage
from attendance.rules import cutoff, portions
from enrolments.models import HelpDesk
from identity.models import Role, User
from identity.pdf import PdfUnavailable

logger = logging.getLogger(__name__)
#: A claim older than this belongs to a worker that is no more, or to a mail that failed: try again.
PATIENCE = dt.timedelta(minutes=5)
NO_ADDRESS = "Nessun indirizzo e-mail a cui scrivere."
NOT_WRITTEN = "Il messaggio non si è potuto comporre: avvisa il gestore per telefono."


def owe(*, now: dt.datetime) -> None:
    """Write down what today's sheets still owe; repeating it adds nothing. A caterer with an address since a minute is owed too."""
    day = now.astimezone(cutoff.ROME).date()
    sheets = list(KitchenSheet.objects.filter(day=day).order_by("number"))
    if not sheets:
        return
    known: set[tuple[int, int | None]] = set(
        SheetMessage.objects.filter(sheet__day=day).values_list("sheet_id", "caterer_id")
    )
    rows = [
        SheetMessage(sheet=sheet, kind=SheetMessage.Kind.SHEET, caterer=caterer)
        for caterer in Caterer.objects.filter(active=True).exclude(email="").order_by("pk")
        for schools in [{school.pk for school in caterer_links.schools_of(caterer)}]
        for sheet in sheets
        if sheet.school_id in schools and (sheet.pk, caterer.pk) not in known
    ]
    rows += [
        SheetMessage(sheet=sheet, kind=SheetMessage.Kind.ALARM)
        for sheet in acknowledging.overdue(now=now)
        if (sheet.pk, None) not in known
    ]
    SheetMessage.objects.bulk_create(rows, ignore_conflicts=True)


def send_owed(*, now: dt.datetime) -> int:
    """Send what today owes; returns how many mails left."""
    by_receiver: dict[Caterer | None, list[SheetMessage]] = defaultdict(list)
    for row in _claim(now):
        by_receiver[row.caterer].append(row)
    return sum(_send(caterer, rows, now) for caterer, rows in by_receiver.items())


@transaction.atomic
def _claim(now: dt.datetime) -> list[SheetMessage]:
    """The rows that nobody else is sending, marked as ours."""
    day = now.astimezone(cutoff.ROME).date()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - PATIENCE) | Q(claimed_at__gt=now)
    owed = SheetMessage.objects.filter(free, sheet__day=day, sent_at__isnull=True)
    keys = list(owed.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    SheetMessage.objects.filter(pk__in=keys).update(claimed_at=now, tries=F("tries") + 1)
    related = ("caterer", "sheet__school", "sheet__year")
    return list(SheetMessage.objects.filter(pk__in=keys).select_related(*related).order_by("sheet__number"))


def _send(caterer: Caterer | None, rows: list[SheetMessage], now: dt.datetime) -> int:
    sheets = [row.sheet for row in rows]
    mine = SheetMessage.objects.filter(pk__in=[row.pk for row in rows])
    try:
        message = _to_caterer(caterer, sheets) if caterer else _to_office(sheets, now)
    except Exception:  # a sheet that nobody foresaw keeps no other caterer waiting
        logger.exception("kitchen.mail_not_written", extra={"sheets": len(rows)})
        mine.update(error=NOT_WRITTEN)
        return 0
    if not message.to:
        mine.update(error=NO_ADDRESS)
        return 0
    try:
        message.send()
    except (OSError, SMTPException) as error:
        logger.warning("kitchen.mail_not_sent", extra={"sheets": len(rows)})
        mine.update(error=f"La posta non è partita: {type(error).__name__}.")
        return 0
    mine.update(sent_at=now, error="")
    return 1


def _to_caterer(caterer: Caterer, sheets: list[KitchenSheet]) -> EmailMessage:
    day = sheets[0].day
    varied = all(sheet.sequence for sheet in sheets)
    what = "variazione al foglio" if varied else "foglio"
    message = EmailMessage(
        f"Mensa scolastica: {what} della cucina del {day:%d/%m/%Y}",
        render_to_string(
            "email/attendance/kitchen_sheet.txt",
            {
                "day": day,
                "town": settings.TOWN_NAME,
                "sheets": [_line(sheet) for sheet in sheets],
                "url": caterer_links.address(caterer, day),
                "help_desk": HelpDesk.objects.first() or HelpDesk(),
            },
        ),
        settings.DEFAULT_FROM_EMAIL,
        [caterer.email],
    )
    _attach(message, sheets, day)
    return message


def _line(sheet: KitchenSheet) -> dict[str, object]:
    """What the mail says of a sheet: its portions, or what changes."""
    counted = sealing.read(sheet)
    return {
        "sheet": sheet,
        "pupils": portions.of_pupils(counted),
        "beyond": portions.beyond(counted),
        "total": sheet.facts.get("total"),
    }


def _attach(message: EmailMessage, sheets: Iterable[KitchenSheet], day: dt.date) -> None:
    """The same sheets on paper; where PDFs cannot be made the page of the link says everything."""
    try:
        message.attach(f"foglio-cucina-{day:%Y-%m-%d}.pdf", sheet_pdf.render(sheets), "application/pdf")
    except PdfUnavailable:
        logger.warning("kitchen.no_pdf")
    except Exception:  # whatever befalls the paper, the caterer hears of the sheet
        logger.exception("kitchen.pdf_failed")


def _to_office(sheets: list[KitchenSheet], now: dt.datetime) -> EmailMessage:
    """To the office's own address and, without one, to whoever works there."""
    desk = HelpDesk.objects.first()
    to = [desk.email] if desk and desk.email else _office_addresses()
    day = sheets[0].day
    return EmailMessage(
        f"Mensa scolastica: foglio della cucina del {day:%d/%m/%Y} non ancora visto",
        render_to_string(
            "email/attendance/kitchen_alarm.txt",
            {
                "sheets": sheets,
                "day": day,
                "now": now,
                "caterers": Caterer.objects.filter(active=True).order_by("name"),
                "url": settings.BASE_URL + reverse("attendance:kitchen"),
            },
        ),
        settings.DEFAULT_FROM_EMAIL,
        to,
    )


def _office_addresses() -> list[str]:
    rows = User.objects.filter(role=Role.OFFICE, is_active=True).exclude(email="")
    return list(rows.order_by("pk").values_list("email", flat=True))
