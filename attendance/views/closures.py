"""The office's closures: the effect first, then the decision; who was told; undoing, with its effect first."""

import datetime as dt
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import closure_notices, closures, tasks
from attendance.forms import ClosureForm
from attendance.models import Caterer, Closure, ClosureMail, ClosureNotice
from enrolments.errors import Refused
from identity.access import roles
from identity.models import Role, User
from mensa import clock

PAGE = 20
PEOPLE = ("school", "class_group__school", "declared_by", "revoked_by")


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def closures_list(request: HttpRequest) -> HttpResponse:
    rows = Closure.objects.select_related(*PEOPLE).order_by("-first_day", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "attendance/closures.html",
        {"page": page, "rows": [(row, closures.scope_words(row)) for row in page]},
    )


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def closure_new(request: HttpRequest) -> HttpResponse:
    """Two steps on one page: first the effect, then the confirmation."""
    now = clock.now()
    form = ClosureForm(request.POST or None, day=now.date(), initial=_asked_day(request))
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("step") == "declare":
                return _declare(request, form, now)
            context |= _effect(form, now)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    status = 422 if request.method == "POST" and form.errors else 200
    return render(request, "attendance/closure_new.html", context, status=status)


def _asked_day(request: HttpRequest) -> dict[str, str]:
    """The day that was tapped on the calendar."""
    return {name: request.GET[key] for key, name in (("giorno", "first_day"),) if key in request.GET}


def _effect(form: ClosureForm, now: dt.datetime) -> dict[str, Any]:
    asked = {name: form.cleaned_data[name] for name in ("school", "class_group", "first_day", "last_day")}
    shown = Closure(**asked, reason=form.cleaned_data["reason"], meal=form.cleaned_data["meal"])
    group = form.cleaned_data["class_group"]
    school = group.school if group else form.cleaned_data["school"]
    caterers = Caterer.objects.serving([school.pk]) if school else Caterer.objects.filter(active=True)
    return {
        "preview": closures.preview(**asked, meal=form.cleaned_data["meal"], now=now),
        "asked": shown,
        "scope": closures.scope_words(shown),
        "caterers": list(caterers.order_by("name")),
    }


def _declare(request: HttpRequest, form: ClosureForm, now: dt.datetime) -> HttpResponse:
    closure = closures.declare(**form.cleaned_data, by=cast(User, request.user), now=now)
    tasks.nudge()
    tasks.tell_of_closures_soon()
    messages.success(
        request, f"Chiusura dichiarata: {closures.scope_words(closure)}. Le famiglie non devono fare niente."
    )
    return redirect("attendance:closure", closure.pk)


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def closure_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was decided, by whom, who was told and when."""
    closure = _closure(pk)
    return render(request, "attendance/closure.html", _detail(closure))


@roles(Role.OFFICE, Role.AUDITOR)
@never_cache
@require_safe
def closure_told(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves while the messages leave."""
    return render(request, "attendance/closure_told.html", _detail(_closure(pk)))


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def closure_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoing shows first what it will charge; the same button twice undoes once."""
    closure, now = _closure(pk), clock.now()
    if request.method == "POST":
        return _revoke(request, closure, now)
    context = {"closure": closure, "scope": closures.scope_words(closure)}
    if closure.revoked_at is None:
        context["preview"] = closures.preview_revocation(closures=[closure], now=now)
        context["told"] = closure_notices.told(closure)
    return render(request, "attendance/closure_revoke.html", context)


def _revoke(request: HttpRequest, closure: Closure, now: dt.datetime) -> HttpResponse:
    try:
        closures.revoke(closure=closure, by=cast(User, request.user), now=now)
        tasks.nudge()
        tasks.tell_of_closures_soon()
        messages.success(request, "Chiusura revocata: in quei giorni vale di nuovo il calendario.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("attendance:closure", closure.pk)


@roles(Role.OFFICE)
@require_POST
def closure_tell(request: HttpRequest, pk: int) -> HttpResponse:
    """Announce a closure that was declared in silence; or send again what did not leave."""
    closure = _closure(pk)
    notice = closures.tell(closures=[closure], by=cast(User, request.user), now=clock.now())
    again = 0 if notice else _try_again(closure)
    tasks.tell_of_closures_soon()
    if notice:
        messages.success(request, "Avviso in partenza: qui sotto vedi a che punto è.")
    elif again:
        messages.success(request, f"E-mail rimesse in partenza: {again}.")
    else:
        messages.info(request, "Non c'è niente da rispedire: completa prima gli indirizzi mancanti.")
    return redirect("attendance:closure", closure.pk)


def _try_again(closure: Closure) -> int:
    notices = ClosureNotice.objects.filter(announcements__closure=closure)
    return sum(closure_notices.try_again(notice=notice) for notice in notices)


def _closure(pk: int) -> Closure:
    return get_object_or_404(Closure.objects.select_related(*PEOPLE), pk=pk)


def _detail(closure: Closure) -> dict[str, Any]:
    told = closure_notices.told(closure)
    return {
        "closure": closure,
        "scope": closures.scope_words(closure),
        "told": told,
        "busy": any(one.busy for one in told),
        "by_hand": _by_hand(told),
    }


def _by_hand(told: list[closure_notices.Told]) -> list[ClosureMail]:
    """Who has to be told by a person; the first hundred are enough for a page."""
    return [mail for one in told for mail in closure_notices.to_reach_otherwise(one.notice)[:100]]
