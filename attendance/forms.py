"""What people type: days, a roll-call, a closure, a correction. Each error names the field and the remedy."""

import datetime as dt
from typing import Any

from django import forms

from attendance.corrections import NOTE_LENGTH
from attendance.models import Closure
from enrolments.models import ClassGroup, School


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


def day_field(label: str, **kwargs: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=DayInput(),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={
            "required": f"Scegli il giorno: «{label}».",
            "invalid": f"«{label}» non è una data: scrivila come 24/11/2026.",
        },
        **kwargs,
    )


class DaysForm(forms.Form):
    """A day, or the first and the last of a range."""

    first = day_field("Dal giorno")
    last = day_field("Al giorno", required=False, help_text="Vuoto: solo il primo giorno.")

    def range(self) -> tuple[dt.date, dt.date]:
        first = self.cleaned_data["first"]
        return first, self.cleaned_data["last"] or first


class RegisterForm(forms.Form):
    """The ids of the pupils who are absent, and the version of the register the page was made from."""

    absent = forms.TypedMultipleChoiceField(coerce=int, required=False)
    seen = forms.CharField(required=False, max_length=40)

    def __init__(self, *args: Any, pupil_ids: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["absent"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(pk, pk) for pk in pupil_ids]
        field.error_messages["invalid_choice"] = "L'elenco è cambiato: ricarica la pagina e riprova."


class ClassChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.school.name} – {obj.label} ({obj.year})"


class ClosureForm(forms.Form):
    school = forms.ModelChoiceField(
        School.objects.all(), label="Scuola", required=False, empty_label="Tutte le scuole"
    )
    class_group = ClassChoice(
        ClassGroup.objects.none(),
        label="Classe",
        required=False,
        empty_label="Tutte le classi della scuola",
        help_text="Per una gita: scegli la classe.",
    )
    first_day = day_field("Dal giorno")
    last_day = day_field("Al giorno", required=False, help_text="Vuoto: solo il primo giorno.")
    reason = forms.ChoiceField(label="Motivo", choices=Closure.Reason.choices)
    meal = forms.ChoiceField(
        label="Che cosa si mangia",
        choices=Closure.Meal.choices,
        widget=forms.RadioSelect,
        initial=Closure.Meal.NONE,
        help_text="Il pranzo al sacco si prepara e si paga come un pasto.",
    )
    act = forms.CharField(
        label="Atto o nota", max_length=160, required=False, help_text="Lo leggeranno anche le famiglie."
    )

    def __init__(self, *args: Any, day: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = ClassGroup.objects.filter(year__valid_to__gte=day).select_related("school", "year")
        schools, groups = self.fields["school"], self.fields["class_group"]
        assert isinstance(schools, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        assert isinstance(groups, forms.ModelChoiceField)  # noqa: S101
        schools.queryset = School.objects.order_by("name")
        groups.queryset = classes.order_by("school__name", "year__valid_from", "grade", "section")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("class_group"):
            data["school"] = None
        if data.get("first_day") and not data.get("last_day"):
            data["last_day"] = data["first_day"]
        return data


class CorrectionForm(forms.Form):
    day = day_field("Giorno del pasto")
    absent = forms.TypedChoiceField(
        label="Che cosa è successo",
        choices=[
            ("1", "Era assente: il pasto non va addebitato"),
            ("0", "Era presente: il pasto va addebitato"),
        ],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli se era assente o presente."},
    )
    reason = forms.CharField(
        label="Motivo",
        max_length=NOTE_LENGTH,
        help_text="Lo leggerà anche la famiglia, accanto allo storno.",
        error_messages={"required": "Scrivi il motivo della correzione: lo leggerà anche la famiglia."},
    )
