"""What parents, the office and the kitchen write about diets. Each error names the field and the remedy."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from enrolments.models import DietRequest
from enrolments.rules import diets as rule


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={
            "required": f"Scegli il giorno: «{label}».",
            "invalid": f"«{label}» non è una data: scrivila come 24/11/2026.",
        },
        **options,
    )


class RequestForm(forms.Form):
    """Four steps on one page: what, why, the certificate, from when; the last box is the information on privacy."""

    kind = forms.ChoiceField(
        label="Perché serve una dieta",
        choices=DietRequest.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli per quale motivo.", "invalid_choice": "Scegli uno dei motivi."},
    )
    reason = forms.CharField(
        label="Che cosa non deve mangiare, e tutto quello che è utile sapere",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Lo legge solo l'ufficio mensa: scuola e cucina vedono un codice.",
        error_messages={
            "required": "Scrivi che cosa serve.",
            "max_length": "Il testo è troppo lungo: al massimo 2.000 caratteri.",
        },
    )
    certificate = forms.FileField(
        label="Certificato del medico",
        required=False,
        help_text="Serve per i motivi di salute. PDF, JPEG o PNG, al massimo 5 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
        error_messages={"empty": "Il file è vuoto: scegli il certificato e invialo di nuovo."},
    )
    certificate_until = day_field(
        "Il certificato vale fino al", required=False, help_text="Vuoto se non c'è una scadenza."
    )
    first_day = day_field("Dal giorno")
    last_day = day_field("Al giorno", required=False, help_text="Vuoto: finché serve.")
    agreed = forms.BooleanField(
        label="Ho letto come sono trattati questi dati",
        error_messages={"required": "Leggi come trattiamo questi dati e metti la spunta."},
    )


class AcceptForm(forms.Form):
    """The kitchen's code and the days. The codes already in use are offered, a new one may be written."""

    code = forms.CharField(
        label="Codice per la cucina",
        max_length=12,
        help_text="Lettere, un trattino e un numero, per esempio D-03: niente che dica il perché.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "codici"}),
        error_messages={"required": "Scrivi il codice che la cucina conosce."},
    )
    first_day = day_field("Dal giorno")
    last_day = day_field("Al giorno", required=False, help_text="Vuoto: fino a nuovo atto.")
    certificate_until = day_field(
        "Il certificato vale fino al", required=False, help_text="Vuoto se non scade."
    )
    severe = forms.BooleanField(
        label="Allergia grave: il pasto resta sospeso finché dietista e cucina non confermano", required=False
    )

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).strip().upper()
        if not rule.NEUTRAL_CODE.fullmatch(code):
            raise ValidationError("Scrivi lettere, un trattino e un numero, per esempio D-03.")
        return code


class RejectForm(forms.Form):
    reason = forms.CharField(
        label="Motivo",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Lo legge la famiglia, nel portale: di' che cosa manca e che cosa può fare.",
        error_messages={"required": "Scrivi il motivo: la famiglia lo legge e sa che cosa fare."},
    )


class RenewForm(forms.Form):
    certificate_until = day_field("Il nuovo certificato vale fino al")
    from_day = day_field("Servire di nuovo dal giorno")


class ReadyForm(forms.Form):
    """From when the kitchen is ready; tomorrow, unless it says otherwise."""

    ready_from = day_field("Pronti dal giorno")

    def __init__(self, *args: Any, today: dt.date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["ready_from"].initial = today + dt.timedelta(days=1)
