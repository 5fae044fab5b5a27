"""The kitchen: severe diets to say yes to. A code, a portion, a class and a day; no name and no reason."""

import uuid
from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enrolments import diet_holds
from enrolments.diet_forms import ReadyForm
from enrolments.errors import Refused
from enrolments.models import ClassGroup, DietConfirmation, Enrolment
from identity.access import roles
from identity.models import Role, User
from mensa import clock


@dataclass(frozen=True)
class Line:
    confirmation: DietConfirmation
    group: ClassGroup
    form: ReadyForm

    @property
    def portion(self) -> str:
        """How much goes on the plate is said by the kind of school."""
        return str(self.group.school.get_level_display())


@roles(Role.KITCHEN)
@never_cache
@require_safe
def diets(request: HttpRequest) -> HttpResponse:
    rows = list(
        DietConfirmation.objects.waiting().of_kitchen(cast(User, request.user)).order_by("first_day", "pk")
    )
    return render(request, "enrolments/kitchen_diets.html", {"lines": _lines(rows)})


def _lines(rows: list[DietConfirmation]) -> list[Line]:
    """Each with the class the child is in, or will be in on its first day."""
    today = clock.today()
    places: dict[int, ClassGroup] = {}
    enrolments = Enrolment.objects.overlapping(today, today.replace(year=today.year + 1, day=1))
    for row in (
        enrolments.filter(pupil__in=[one.pupil_id for one in rows])
        .select_related("class_group__school")
        .order_by("-valid_from")
    ):
        places[row.pupil_id] = row.class_group
    return [
        Line(one, places[one.pupil_id], ReadyForm(today=today, auto_id=f"id_{one.pk}_%s"))
        for one in rows
        if one.pupil_id in places
    ]


@roles(Role.KITCHEN)
@require_POST
def confirm(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(DietConfirmation.objects.of_kitchen(cast(User, request.user)), token=token)
    now = clock.now()
    form = ReadyForm(request.POST, today=now.date())
    if not form.is_valid():
        messages.error(request, "Scegli da quale giorno la cucina è pronta.")
        return redirect("enrolments:kitchen_diets")
    try:
        done = diet_holds.confirm_as_kitchen(
            confirmation=mine,
            ready_from=form.cleaned_data["ready_from"],
            by=cast(User, request.user),
            now=now,
            today=now.date(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, "Confermata." if done.released_at else "Confermata: manca ancora la dietista."
        )
    return redirect("enrolments:kitchen_diets")
