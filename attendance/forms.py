"""What people type: days, a roll-call, a closure, a correction. Each error names the field and the remedy."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django import forms

from attendance.corrections import NOTE_LENGTH
from attendance.models import AbsencePattern, Closure
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


class PatternForm(forms.Form):
    """A weekday said once, until a day: one of those on which the class eats."""

    weekday = forms.TypedChoiceField(
        label="Ogni",
        coerce=int,
        error_messages={
            "required": "Scegli il giorno della settimana.",
            "invalid_choice": "In quel giorno la classe non mangia mai: scegline un altro.",
        },
    )
    until = day_field("Fino al giorno")

    def __init__(self, *args: Any, weekdays: Collection[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["weekday"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(day, name) for day, name in AbsencePattern.WEEKDAYS if day in weekdays]
        if never := [name for day, name in AbsencePattern.WEEKDAYS if day not in weekdays]:
            field.help_text = f"La classe non mangia di {', '.join(never)}."


class DisputeForm(forms.Form):
    words = forms.CharField(
        label="Che cosa non torna",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Bastano poche parole. Non scrivere notizie sulla salute.",
        error_messages={"required": "Scrivi che cosa non torna: l'ufficio parte da lì."},
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Codice della ricevuta",
        max_length=20,
        help_text="Dodici caratteri, per esempio B7KD-9XMR-4HTQ.",
        error_messages={"required": "Scrivi il codice stampato sulla ricevuta."},
    )


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
    tell = forms.BooleanField(
        label="Avvisa per e-mail le famiglie e il gestore",
        required=False,
        initial=True,
        help_text="Ogni famiglia legge solo dei propri figli.",
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
