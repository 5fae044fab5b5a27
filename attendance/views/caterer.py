"""Pages that need no sign-in: the caterer's page of a day behind its own address, and the verification of a sheet by its fingerprint.

Both show counts only, both are limited per address of the caller.
"""

import datetime as dt
from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from attendance import acknowledging, caterer_links, kitchen_day, sheet_page
from attendance.kitchen_forms import DeliveryForm, SeenForm
from attendance.models import Caterer, KitchenSheet
from attendance.rules import portions
from attendance.views.kitchen import pdf_response, seen_words, write_delivery
from identity import rate
from identity.access import public
from mensa import clock

#: Requests a minute from one address: a kitchen behind one connection, not a search for addresses.
LIMIT = 60
#: A page of a caterer on the day of its address.
CatererView = Callable[[HttpRequest, Caterer, dt.date, str], HttpResponse]


def for_the_caterer(view: CatererView) -> Callable[[HttpRequest, str], HttpResponse]:
    """The address says who and which day. Out stay too many requests (429), an address of nobody (404), a day that is over
    (410)."""

    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        if not rate.within(request, action="kitchen", limit=LIMIT):
            return _too_many(request)
        try:
            caterer, day = caterer_links.read(token, today=clock.today())
        except caterer_links.NotOurs as stranger:
            raise Http404 from stranger
        except caterer_links.Expired:
            return _unlisted(render(request, "attendance/caterer_expired.html", status=410))
        return view(request, caterer, day, token)

    return opened


@public
@never_cache
@require_safe
@for_the_caterer
def page(request: HttpRequest, caterer: Caterer, day: dt.date, token: str) -> HttpResponse:
    """Today's sheets of the caterer's schools, the button, the delivered portions."""
    return _show(request, caterer, day, token)


@public
@never_cache
@require_POST
@for_the_caterer
def acknowledge(request: HttpRequest, caterer: Caterer, day: dt.date, token: str) -> HttpResponse:
    """ "Ho preso visione": only by this button; a mail reader that opens links in advance changes nothing."""
    form = SeenForm(request.POST)
    rows = KitchenSheet.objects.filter(
        pk__in=form.sheets(), school__in=caterer_links.schools_of(caterer), day=day
    )
    name = form.cleaned_data["name"] if form.is_valid() else ""
    new = acknowledging.acknowledge(sheets=rows, caterer=caterer, name=name, now=clock.now())
    messages.success(request, seen_words(new))
    return redirect("attendance:caterer", token)


@public
@never_cache
@require_POST
@for_the_caterer
def delivered(request: HttpRequest, caterer: Caterer, day: dt.date, token: str) -> HttpResponse:
    form = DeliveryForm(request.POST)
    if write_delivery(request, form, caterer_links.schools_of(caterer), day, caterer=caterer):
        return redirect("attendance:caterer", token)
    return _show(request, caterer, day, token, failed=form)


@public
@never_cache
@require_safe
@for_the_caterer
def paper(request: HttpRequest, caterer: Caterer, day: dt.date, token: str) -> HttpResponse:
    """All of today's sheets in one PDF."""
    rows = KitchenSheet.objects.filter(day=day, school__in=caterer_links.schools_of(caterer))
    sheets = list(rows.select_related("school", "year").order_by("number"))
    if not sheets:
        raise Http404
    return pdf_response(request, sheets, diets=True)


@public
@never_cache
@require_safe
def verify(request: HttpRequest, digest: str) -> HttpResponse:
    """Is the paper in my hand what was sealed? Number, school, day, totals, and whether the fingerprint still holds."""
    if not rate.within(request, action="kitchen", limit=LIMIT):
        return _too_many(request)
    sheet = get_object_or_404(
        KitchenSheet.objects.select_related("school", "year", "base__year"), digest=digest
    )
    held = portions.fingerprint(sheet.previous, sheet.number, sheet.content) == sheet.digest
    later = KitchenSheet.objects.filter(day=sheet.day, school=sheet.school, sequence__gt=sheet.sequence)
    context = {
        "sheet": sheet,
        "page": sheet_page.of([sheet], diets=False),
        "held": held,
        "later": later.order_by("sequence").select_related("year"),
    }
    return _unlisted(render(request, "attendance/verify_sheet.html", context))


def _show(
    request: HttpRequest, caterer: Caterer, day: dt.date, token: str, failed: DeliveryForm | None = None
) -> HttpResponse:
    schools = caterer_links.schools_of(caterer)
    found = kitchen_day.of(day=day, schools=schools, now=clock.now(), diets=True)
    context = {"caterer": caterer, "day": found, "token": token, "failed": failed}
    status = 422 if failed else 200
    return _unlisted(render(request, "attendance/caterer.html", context, status=status))


def _too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
