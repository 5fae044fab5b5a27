"""The sheet on paper: its number, its counts, its fingerprint and a code that opens the page where it is verified."""

from collections.abc import Iterable

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from attendance import sheet_page
from attendance.models import KitchenSheet
from identity import pdf

STYLE = "attendance/kitchen_pdf.css"


def render(sheets: Iterable[KitchenSheet], *, diets: bool = True) -> bytes:
    """All in one file, each on a page of its own. ``diets``: False for who may not know which class eats which."""
    pages = [_page(sheet, diets) for sheet in sheets]
    context = {"pages": pages, "diets": diets, "town": settings.TOWN_NAME, "title": "Foglio della cucina"}
    return pdf.render(render_to_string("pdf/kitchen.html", context), style=STYLE)


def verify_url(sheet: KitchenSheet) -> str:
    return str(settings.BASE_URL) + reverse("attendance:verify_sheet", args=[sheet.digest])


def qr_image(text: str) -> str:
    """A vector image as a data: address."""
    import segno  # by whoever draws: a worker of the night draws nothing

    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(border=0, xmldecl=False, svgns=True, omitsize=True))


def _page(sheet: KitchenSheet, diets: bool) -> dict[str, object]:
    """A variation shows what changes and what the portions are after it."""
    url = verify_url(sheet)
    sealed = [sheet]
    if sheet.sequence:
        rows = KitchenSheet.objects.filter(day=sheet.day, school=sheet.school, sequence__lte=sheet.sequence)
        sealed = list(rows.select_related("year", "school").order_by("sequence"))
    return {"sheet": sheet, "page": sheet_page.of(sealed, diets=diets), "url": url, "qr": qr_image(url)}
