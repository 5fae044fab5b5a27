"""What people type about the calendar: a school's strike or trip, the file of the regional calendar."""

import datetime as dt
from itertools import groupby
from typing import Any

from django import forms

from attendance.forms import day_field
from attendance.models import Closure
from attendance.school_days import REASONS, Asked
from attendance.year_draft import Chosen, Proposal
from enrolments.models import ClassGroup, School, SchoolYear
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
    classes = forms.MultipleChoiceField(
        label="Classi",
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
        self._groups = list(rows.order_by("school__name", "school_id", "grade", "section"))
        field = self.fields["classes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (
                school.name,
                [(f"s{school.pk}", "Tutta la scuola"), *((f"c{group.pk}", group.label) for group in groups)],
            )
            for school, groups in groupby(self._groups, key=lambda group: group.school)
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
            classes=tuple(
                group
                for group in self._groups
                if {f"s{group.school_id}", f"c{group.pk}"} & set(data["classes"])
            ),
            first_day=data["first_day"],
            last_day=data["last_day"],
            reason=data["reason"],
            meal=data["meal"],
            note=data["note"],
        )


class CalendarFileForm(forms.Form):
    """The file of the regional calendar and its year; what is inside is judged by `regional.report`."""

    year = forms.ModelChoiceField(
        SchoolYear.objects.none(),
        label="Anno scolastico",
        empty_label=None,
        error_messages={"required": "Scegli l'anno scolastico del calendario."},
    )
    file = forms.FileField(
        label="Calendario",
        help_text="CSV o XLSX. Colonne: voce (chiusura o mensa), dal, al, descrizione, per, atto.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
        error_messages={
            "required": "Scegli il file del calendario.",
            "empty": "Il file è vuoto: scegli il calendario.",
            "invalid": "Il file non è arrivato: sceglilo di nuovo.",
        },
        max_length=120,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["year"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        rows = SchoolYear.objects.exclude(state=SchoolYear.State.CLOSED)
        field.queryset = rows.order_by("-valid_from")


class ProposalForm(forms.Form):
    """One row of next year's draft: taken or left, with dates that may be changed."""

    take = forms.BooleanField(label="Prendi", required=False, initial=True)
    first = day_field("Dal")
    last = day_field("Al")

    def __init__(self, data: Any, *, proposal: Proposal) -> None:
        self.proposal = proposal
        super().__init__(data, prefix=proposal.key, initial={"first": proposal.first, "last": proposal.last})

    def chosen(self) -> Chosen | None:
        data = self.cleaned_data
        return Chosen(self.proposal.key, data["first"], data["last"]) if data["take"] else None
