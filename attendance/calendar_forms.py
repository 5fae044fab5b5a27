"""What people type about the calendar: a school's strike or trip, the file of the regional calendar."""

import datetime as dt
from itertools import groupby
from typing import Any

from django import forms

from attendance.forms import day_field
from attendance.models import Closure
from attendance.school_days import REASONS, Asked
from enrolments.models import ClassGroup, School
from identity.models import User


class SchoolDayForm(forms.Form):
    """Strike, assembly or trip of some classes of the secretary's own schools."""

    reason = forms.ChoiceField(
        label="Che cosa succede",
        choices=[(one.value, one.label.capitalize()) for one in REASONS],
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli se è uno sciopero, un'assemblea o un'uscita."},
    )
    first_day = day_field("Dal giorno")
    last_day = day_field("Al giorno", required=False, help_text="Vuoto: solo il primo giorno.")
    classes = forms.TypedMultipleChoiceField(
        label="Classi",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Solo quelle che quel giorno non mangiano a scuola. Se l'assemblea è dopo pranzo la mensa c'è: non dichiararla.",
        error_messages={
            "required": "Scegli almeno una classe.",
            "invalid_choice": "L'elenco delle classi è cambiato: ricarica la pagina.",
        },
    )
    meal = forms.ChoiceField(
        label="Che cosa si mangia",
        choices=[
            (Closure.Meal.NONE, "Niente: nessun pasto, nessun addebito"),
            (Closure.Meal.PACKED, "Pranzo al sacco preparato dalla mensa, anche per chi ha una dieta"),
        ],
        widget=forms.RadioSelect,
        initial=Closure.Meal.NONE,
    )
    note = forms.CharField(
        label="Nota",
        max_length=120,
        required=False,
        help_text="Per esempio «uscita a Matera». La leggono anche le famiglie.",
    )

    def __init__(self, *args: Any, user: User, day: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ClassGroup.objects.filter(
            school__in=School.objects.of_staff(user), year__valid_from__lte=day, year__valid_to__gte=day
        ).select_related("school")
        self._groups = {
            group.pk: group for group in rows.order_by("school__name", "school_id", "grade", "section")
        }
        field = self.fields["classes"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (school.name, [(group.pk, group.label) for group in groups])
            for school, groups in groupby(self._groups.values(), key=lambda group: group.school)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("first_day") and not data.get("last_day"):
            data["last_day"] = data["first_day"]
        if data.get("first_day") and data["last_day"] < data["first_day"]:
            self.add_error("last_day", "L'ultimo giorno viene prima del primo: controlla le due date.")
        return data

    def asked(self) -> Asked:
        data = self.cleaned_data
        return Asked(
            classes=tuple(self._groups[pk] for pk in data["classes"]),
            first_day=data["first_day"],
            last_day=data["last_day"],
            reason=data["reason"],
            meal=data["meal"],
            note=data["note"],
        )
