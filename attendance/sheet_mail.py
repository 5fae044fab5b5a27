"""The mails that sheets owe: each sheet to its caterer, and one alarm to the office for a sheet that nobody has seen.

What fails is said on the row and tried again while the day lasts. Sheets sealed together leave in one mail.
"""

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from attendance import acknowledging, caterer_links, sealing, sheet_pdf
from attendance.models import Caterer, KitchenSheet, SheetMessage
from attendance.rules import cutoff, portions
from enrolments import mailing, outbox, rounds
from enrolments.models import HelpDesk
from enrolments.outbox import Envelope, Fate, Outcome, Sender
from identity.models import Role, User
from identity.pdf import PdfUnavailable

log = structlog.get_logger(__name__)
NO_ADDRESS = "Nessun indirizzo e-mail a cui scrivere."
SEEN = "Non serve più: il foglio è stato visto."
NOT_WRITTEN = "Il messaggio non si è potuto comporre: avvisa il gestore per telefono."


#: An alarm that came too late to leave: who cooks has seen the sheet meanwhile.
_SILENCED = Q(kind=SheetMessage.Kind.ALARM, sheet__acknowledgement__isnull=False)


def owe(*, now: dt.datetime) -> None:
    """Write down what today's sheets still owe; repeating it adds nothing. A caterer with an address since a minute is owed too."""
    day = now.astimezone(cutoff.ROME).date()
    sheets = list(KitchenSheet.objects.filter(day=day).order_by("number"))
    if not sheets:
        return
    known: set[tuple[int, int | None]] = set(
        SheetMessage.objects.filter(sheet__day=day).values_list("sheet_id", "caterer_id")
    )
    rounds.each(
        Caterer.objects.filter(active=True).exclude(email="").order_by("pk"),
        lambda caterer: _owe_to(caterer, [sheet for sheet in sheets if (sheet.pk, caterer.pk) not in known]),
        said="kitchen.mail_not_owed",
    )
    alarms = [
        SheetMessage(sheet=sheet, kind=SheetMessage.Kind.ALARM)
        for sheet in acknowledging.overdue(now=now)
        if (sheet.pk, None) not in known
    ]
    SheetMessage.objects.bulk_create(alarms, ignore_conflicts=True)
    silenced = SheetMessage.objects.filter(_SILENCED, sheet__day=day, sent_at__isnull=True)
    silenced.exclude(error=SEEN).update(error=SEEN)


def _owe_to(caterer: Caterer, sheets: list[KitchenSheet]) -> None:
    if not sheets:
        return
    schools = {school.pk for school in caterer_links.schools_of(caterer)}
    rows = [
        SheetMessage(sheet=sheet, kind=SheetMessage.Kind.SHEET, caterer=caterer)
        for sheet in sheets
        if sheet.school_id in schools
    ]
    SheetMessage.objects.bulk_create(rows, ignore_conflicts=True)


def send_owed(*, now: dt.datetime) -> int:
    """Send what today owes; returns how many mails left."""
    return outbox.carry(SENDER, now=now).left


def _owed(now: dt.datetime) -> QuerySet[SheetMessage]:
    rows = SheetMessage.objects.filter(sheet__day=now.astimezone(cutoff.ROME).date(), sent_at__isnull=True)
    return rows.exclude(_SILENCED).order_by("caterer_id", "sheet__number")


def _compose(rows: list[SheetMessage], now: dt.datetime) -> Iterable[Envelope[SheetMessage]]:
    """One mail for each caterer, and one for the office. Nobody to write to: the row says so, and is looked at again."""
    for caterer, group in groupby(rows, key=lambda row: row.caterer):
        own = list(group)
        sheets = [row.sheet for row in own]
        yield Envelope(own, _to_caterer(caterer, sheets) if caterer else _to_office(sheets, now))


def _mark(row: SheetMessage, fate: Fate, now: dt.datetime) -> dict[str, Any]:
    if fate.outcome is Outcome.SENT:
        return {"sent_at": now, "error": ""}
    if fate.outcome is Outcome.NOT_NEEDED:  # the alarm of a sheet that was seen is not even owed
        return {"error": NO_ADDRESS}
    unwritten = fate.outcome is Outcome.UNWRITTEN
    return {"error": NOT_WRITTEN if unwritten else f"La posta non è partita: {fate.problem}."}


SENDER: Sender[SheetMessage] = Sender(
    name="kitchen",
    owed=_owed,
    compose=_compose,
    mark=_mark,
    patience=dt.timedelta(minutes=5),
    parcel="caterer_id",
    related=("caterer", "sheet__school", "sheet__year"),
)


def _to_caterer(caterer: Caterer, sheets: list[KitchenSheet]) -> list[EmailMessage]:
    if not caterer.email:
        return []
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
    return [message]


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
        log.warning("kitchen.no_pdf")
    except Exception:  # whatever befalls the paper, the caterer hears of the sheet
        log.exception("kitchen.pdf_failed")


def _to_office(sheets: list[KitchenSheet], now: dt.datetime) -> list[EmailMessage]:
    """To the office's own address and, without one, to whoever works there."""
    desk = HelpDesk.objects.first()
    to = [desk.email] if desk and desk.email else _office_addresses()
    day = sheets[0].day
    subject = f"Mensa scolastica: foglio della cucina del {day:%d/%m/%Y} non ancora visto"
    body = render_to_string(
        "email/attendance/kitchen_alarm.txt",
        {
            "sheets": sheets,
            "day": day,
            "now": now,
            "caterers": Caterer.objects.filter(active=True).order_by("name"),
            "url": settings.BASE_URL + reverse("attendance:kitchen"),
        },
    )
    return mailing.to_each(subject=subject, body=body, addresses=to)


def _office_addresses() -> list[str]:
    rows = User.objects.filter(role=Role.OFFICE, is_active=True).exclude(email="")
    return list(rows.order_by("pk").values_list("email", flat=True))
