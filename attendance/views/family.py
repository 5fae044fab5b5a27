"""A parent and the absences of a child."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from attendance import (
    absence_receipts,
    absences,
    child_days,
    month,
    patterns,
    phases,
    verdicts,
)
from attendance import hours as adopted
from attendance.absences import Marked
from attendance.forms import DaysForm, PatternForm
from attendance.models import AbsencePattern
from enrolments.errors import Refused
from enrolments.models import Enrolment, Pupil
from identity.access import roles
from identity.models import Role, User
from mensa import clock

Act = Callable[..., Marked]


@roles(Role.PARENT)
@never_cache
@require_safe
def absences_of(request: HttpRequest, code: str) -> HttpResponse:
    pupil = _own_pupil(request, code)
    return render(request, "attendance/absences.html", _page(pupil, clock.now(), _month(request)))


@roles(Role.PARENT)
@require_POST
def mark(request: HttpRequest, code: str) -> HttpResponse:
    return _act(request, code, absences.mark, absences.marked_sentence)


@roles(Role.PARENT)
@require_POST
def undo(request: HttpRequest, code: str) -> HttpResponse:
    return _act(request, code, absences.withdraw, absences.withdrawn_sentence)


@roles(Role.PARENT)
@require_POST
def say_pattern(request: HttpRequest, code: str) -> HttpResponse:
    """A weekday said once, from today on."""
    pupil, now = _own_pupil(request, code), clock.now()
    form = PatternForm(request.POST, weekdays=patterns.weekdays_of(pupil, now.date()))
    if not form.is_valid():
        page = _page(pupil, now, _month(request), pattern_form=form)
        return render(request, "attendance/absences.html", page, status=422)
    weekday, last = form.cleaned_data["weekday"], form.cleaned_data["until"]
    try:
        said, done = patterns.say(
            pupil=pupil,
            weekday=weekday,
            first=now.date(),
            last=last,
            by=cast(User, request.user),
            now=now,
        )
        messages.success(request, f"Segnato: {said}. {absences.marked_sentence(done)}")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return _answer(request, pupil, now)


@roles(Role.PARENT)
@require_POST
def end_pattern(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    pupil, now = _own_pupil(request, code), clock.now()
    pattern = get_object_or_404(AbsencePattern.objects.select_related("pupil"), pk=pk, pupil=pupil)
    done = patterns.end(pattern=pattern, by=cast(User, request.user), now=now)
    if done is None:
        messages.info(request, "Questa assenza ricorrente era già finita.")
    elif done.changed:
        messages.success(request, f"Finita: {pattern}. {absences.withdrawn_sentence(done)}")
    else:
        messages.success(request, f"Finita: {pattern}. I giorni già passati restano come sono.")
    return _answer(request, pupil, now)


def _act(request: HttpRequest, code: str, act: Act, sentence: Callable[[Marked], str]) -> HttpResponse:
    """One day (`day`, the buttons) or a range (`first`, `last`): the operation decides, the page says what happened."""
    pupil, now = _own_pupil(request, code), clock.now()
    form, look = DaysForm(_days_asked(request)), None
    if form.is_valid():
        try:
            days = absences.days_between(*form.range())
            look = _look(request, pupil, days, now)
            done = act(pupil=pupil, days=days, by=cast(User, request.user), now=now, look=look, tell=True)
            messages.success(request, sentence(done))
        except Refused as refusal:
            messages.error(request, str(refusal))
    elif "day" in request.POST:
        messages.error(request, "Scegli il giorno dal calendario.")
    else:
        page = _page(pupil, now, _month(request), form=form)
        return render(request, "attendance/absences.html", page, status=422)
    return _answer(request, pupil, now, look)


def _look(
    request: HttpRequest, pupil: Pupil, days: Iterable[dt.date], now: dt.datetime
) -> verdicts.Look | None:
    """For a tap on the card: the facts of its week and of the day asked, read once for the decision and for the answer."""
    if not request.POST.get("scheda"):
        return None
    return verdicts.Look([pupil.pk], {*days, *child_days.week(now.date())})


def _answer(
    request: HttpRequest, pupil: Pupil, now: dt.datetime, look: verdicts.Look | None = None
) -> HttpResponse:
    """Without script a redirect; with it the piece of the page where the tap was: the child's card, or the absences."""
    if getattr(request, "htmx", False):
        if card := _card(request, pupil, now, look):
            return card
        return render(request, "attendance/absences_body.html", _page(pupil, now, _month(request)))
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return redirect(target)
    return redirect(f"{reverse('attendance:absences', args=[pupil.code])}?mese={_month(request):%Y-%m}")


def _card(
    request: HttpRequest, pupil: Pupil, now: dt.datetime, look: verdicts.Look | None
) -> HttpResponse | None:
    household, user = request.POST.get("scheda", ""), cast(User, request.user)
    if look:
        look.listen_again()
    child = household and child_days.card(pupil=pupil, household=household, user=user, now=now, look=look)
    return render(request, "attendance/child.html", {"child": child}) if child else None


def _days_asked(request: HttpRequest) -> dict[str, Any]:
    if "day" in request.POST:
        return {"first": request.POST["day"]}
    return {"first": request.POST.get("first"), "last": request.POST.get("last")}


def _own_pupil(request: HttpRequest, code: str) -> Pupil:
    return get_object_or_404(Pupil.objects.of_parent(cast(User, request.user)), code=code)


def _month(request: HttpRequest) -> dt.date:
    """?mese=2026-11; anything else is the month of today."""
    asked = request.POST.get("mese") or request.GET.get("mese") or ""
    try:
        first = dt.datetime.strptime(asked, "%Y-%m").replace(tzinfo=clock.ROME).date()
    except ValueError:
        return clock.today().replace(day=1)
    return first if abs((first - clock.today()).days) < 800 else clock.today().replace(day=1)


def _page(
    pupil: Pupil,
    now: dt.datetime,
    first: dt.date,
    form: DaysForm | None = None,
    pattern_form: PatternForm | None = None,
) -> dict[str, Any]:
    today = now.date()
    enrolment = Enrolment.objects.on(today).filter(pupil=pupil).select_related("class_group__school").first()
    shown, ahead = month.look(pupil=pupil, first=first, now=now)
    return {
        "pupil": pupil,
        "standing": phases.of_school(enrolment.class_group.school, today) if enrolment else None,
        "enrolment": enrolment,
        "hours": adopted.on(today),
        "month": shown,
        "next_days": ahead,
        "announced": list(_with_undo(pupil, now)),
        "history": month.history(pupil=pupil, today=today),
        "patterns": list(patterns.of_pupil(pupil, today)),
        "form": form or DaysForm(),
        "pattern_form": pattern_form or PatternForm(weekdays=patterns.weekdays_of(pupil, today)),
        "today": today,
    }


def _with_undo(pupil: Pupil, now: dt.datetime) -> Iterable[dict[str, Any]]:
    """Announced absences, each with its receipt and whether it can still be taken back."""
    rows = month.announced(pupil=pupil, today=now.date())
    days = [row.day for row in rows]
    hours = adopted.on_days(days)
    receipts = absence_receipts.last_of(pupil_ids=[pupil.pk], days=days)
    for row in rows:
        can_undo = row.in_time and absences.in_time(row.day, hours[row.day], now)
        yield {"row": row, "can_undo": can_undo, "receipt": receipts.get((pupil.pk, row.day))}
