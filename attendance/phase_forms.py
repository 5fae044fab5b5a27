"""A change of phase and a decision on a conflict, as the office types them."""

from django import forms

from attendance.corrections import NOTE_LENGTH
from attendance.forms import day_field
from attendance.models import SchoolPhase
from enrolments.models import School


class PhaseForm(forms.Form):
    school = forms.ModelChoiceField(
        School.objects.order_by("name"),
        label="Scuola",
        empty_label="Scegli",
        error_messages={"required": "Scegli la scuola."},
    )
    phase = forms.ChoiceField(
        label="Chi segna le assenze",
        choices=SchoolPhase.Phase.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli la fase."},
    )
    from_day = day_field("Da quale giorno", help_text="Da domani in poi.")
    act = forms.CharField(label="Atto o nota", max_length=160, required=False)


class DecisionForm(forms.Form):
    """One click: the button says who is right; a reason may be added."""

    absent = forms.TypedChoiceField(
        choices=[("1", "assente"), ("0", "presente")], coerce=lambda value: value == "1"
    )
    reason = forms.CharField(label="Motivo (facoltativo)", max_length=NOTE_LENGTH - 30, required=False)
