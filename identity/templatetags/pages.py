"""How the pages write money, days and hours in Italian, and the small pieces every template uses.

In every template without {% load %} (settings.TEMPLATES). Filters: euro, signed_euro, signed, day, short_day, day_month, whatsapp, kind; tags:
icon, progress, widget. For an hour Django's own |time is right: "08:40", wall time of Rome.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms, template
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

ROME = ZoneInfo("Europe/Rome")
WEEKDAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")
MONTHS = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
)
MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"


def _italian_number(amount: Decimal) -> str:
    """1234.5 becomes 1.234,50: the point groups thousands, the comma begins the cents."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _local_day(value: date | datetime) -> date:
    """The day on the wall calendar of Rome: an aware moment is moved there first."""
    if isinstance(value, datetime):
        return value.astimezone(ROME).date() if value.tzinfo else value.date()
    return value


@register.filter
def euro(amount: Decimal | int | None) -> str:
    """12.5 -> "12,50 €"; a debt carries a true minus sign; nothing is a dash."""
    if amount is None or amount == "":
        return "–"
    value = Decimal(amount)
    return f"{MINUS if value < 0 else ''}{_italian_number(abs(value))}{NBSP}€"


@register.filter
def signed_euro(amount: Decimal | int | None) -> str:
    """A movement: "+12,50 €" or "−5,00 €"."""
    if amount is None or amount == "":
        return "–"
    return f"{'+' if Decimal(amount) > 0 else ''}{euro(amount)}"


@register.filter
def signed(number: int | None) -> str:
    """A change of portions: "+3", "−2" with a true minus sign, "0"."""
    if number is None:
        return "–"
    return f"+{number}" if number > 0 else f"{MINUS}{-number}" if number < 0 else "0"


@register.filter
def day(value: date | datetime | None) -> str:
    """ "martedì 24 novembre 2026"."""
    if not value:
        return "–"
    local = _local_day(value)
    return f"{WEEKDAYS[local.weekday()]} {day_month(local)} {local.year}"


@register.filter
def day_month(value: date | datetime | None) -> str:
    """ "24 novembre"; the first of the month is "1º", as Italian writes it."""
    if not value:
        return "–"
    local = _local_day(value)
    return f"{'1º' if local.day == 1 else local.day} {MONTHS[local.month - 1]}"


@register.filter
def short_day(value: date | datetime | None) -> str:
    """ "mar 24 nov"."""
    if not value:
        return "–"
    local = _local_day(value)
    return f"{WEEKDAYS[local.weekday()][:3]} {local.day} {MONTHS[local.month - 1][:3]}"


@register.filter
def whatsapp(number: str) -> str:
    """The address that opens a chat; an Italian number wants its prefix: https://wa.me/393791972960."""
    digits = "".join(char for char in number if char.isdigit())
    return f"https://wa.me/{digits if len(digits) > 10 else '39' + digits}"


@register.simple_tag
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """An icon of static/mensa/icons.svg: decoration for the eye only, unless `label` says what it means."""
    href = f"{static('mensa/icons.svg')}#it-{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"></use></svg>', extra, label, href
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', extra, href
    )


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str, failed: int = 0) -> dict[str, Any]:
    """A long job of the office: a native <progress>, the numbers in words and, if any, how many went wrong."""
    return {
        "done": done,
        "total": total,
        "label": label,
        "failed": failed,
        "left": max(total - done - failed, 0),
    }


WIDGET_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.RadioSelect, "choices"),
    (forms.CheckboxInput, "check"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


@register.filter
def kind(field: BoundField) -> str:
    """How the field is laid out: check (box before its words), choices (a group) or an input under its label."""
    return next(name for widget, name in WIDGET_CLASSES if isinstance(field.field.widget, widget))


@register.simple_tag
def widget(field: BoundField) -> SafeString:
    """The control of a field, with the class the style sheet knows; a class set by the form stays."""
    css = f"{kind(field)} {field.field.widget.attrs.get('class', '')}".strip()
    if field.errors:
        css += " is-invalid"
    return field.as_widget(attrs={"class": css})
