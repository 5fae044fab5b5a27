"""What the school types: a roll-call from a page that may have been cut off, a passage, the staff's meals, a file."""

import datetime as dt
from typing import Any

from django import forms

from attendance.extras import MOST
from attendance.forms import RegisterForm
from attendance.models import Passage


class RollForm(RegisterForm):
    """The roll-call with the page's own key and turn, and the answer to "really nobody absent?"."""

    key = forms.CharField(required=False, max_length=36)
    turn = forms.IntegerField(required=False, min_value=0, max_value=100_000)
    sure = forms.BooleanField(required=False)


class PassageForm(forms.Form):
    """A child of the class, what happened, when."""

    pupil = forms.TypedChoiceField(
        label="Alunno", coerce=int, error_messages={"required": "Scegli l'alunno."}
    )
    kind = forms.ChoiceField(
        label="Che cosa succede",
        choices=[
            (Passage.Kind.LATE_ENTRY, "Entra più tardi e mangia"),
            (Passage.Kind.EARLY_EXIT, "Esce prima di pranzo"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli se entra più tardi o esce prima."},
    )
    hour = forms.TimeField(
        label="Ora",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"required": "Scrivi l'ora.", "invalid": "L'ora si scrive come 10:30."},
    )
    sent_home = forms.BooleanField(
        label="Lo rimanda a casa la scuola",
        required=False,
        help_text="Solo per chi esce. Non scrivere il motivo.",
    )

    def __init__(self, *args: Any, pupils: list[tuple[int, str]], now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["pupil"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", "Scegli"), *pupils]
        self.fields["hour"].initial = now.strftime("%H:%M")


class ExtrasForm(forms.Form):
    """The meals of the staff and of who is not enrolled, for one class."""

    staff = forms.IntegerField(label="Docenti", min_value=0, max_value=MOST, required=False)
    support = forms.IntegerField(label="Sostegno", min_value=0, max_value=MOST, required=False)
    unenrolled = forms.IntegerField(label="Alunni non iscritti", min_value=0, max_value=MOST, required=False)
    note = forms.CharField(label="Nome e cognome di chi non è iscritto", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    def counts(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] or 0 for name in ("staff", "support", "unenrolled")}


class AbsenceListForm(forms.Form):
    file = forms.FileField(
        label="Elenco delle assenze di oggi",
        help_text="CSV o XLSX, dal registro elettronico. Non serve il codice fiscale: meglio se non c'è.",
        error_messages={"required": "Scegli il file.", "empty": "Il file è vuoto: scegli l'elenco di oggi."},
    )
