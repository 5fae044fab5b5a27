"""What the accounts office writes on the reconciliation's pages."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from payments.forms import DayField, EuroField
from payments.models import ReconciliationCase
from payments.rules.dates import is_credible

EARLIEST = dt.date(2000, 1, 1)
LONGEST_PERIOD = dt.timedelta(days=366)
DEFAULT_PERIOD = dt.timedelta(days=29)


class PeriodForm(forms.Form):
    """The days of the picture and of the export; nothing written: the last thirty."""

    dal = DayField(label="Dal")
    al = DayField(label="Al")

    def __init__(self, data: Any, *, today: dt.date) -> None:
        wanted = {"dal": data.get("dal") or today - DEFAULT_PERIOD, "al": data.get("al") or today}
        super().__init__(wanted)
        self._today = today

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("dal"), data.get("al")
        if first and last and first > last:
            raise ValidationError("Il primo giorno viene dopo l'ultimo: scambiali.")
        if first and last and last - first > LONGEST_PERIOD:
            raise ValidationError("Al più un anno per volta.")
        if first and last and not (first >= EARLIEST and last <= self._today + LONGEST_PERIOD):
            raise ValidationError(f"Scegli un periodo dal {EARLIEST:%d/%m/%Y} in poi.")
        return data

    def days(self) -> tuple[dt.date, dt.date]:
        """Of a period that cannot be read, the default one."""
        if self.is_valid():
            return self.cleaned_data["dal"], self.cleaned_data["al"]
        return self._today - DEFAULT_PERIOD, self._today


class FileForm(forms.Form):
    """One file; what it is, its content says."""

    file = forms.FileField(
        label="File",
        help_text="Flusso di rendicontazione (XML), giornale di cassa OPI (XML) oppure elenco degli accrediti (CSV o XLSX).",
        error_messages={
            "required": "Scegli il file da caricare.",
            "empty": "Il file è vuoto: scegline un altro.",
        },
    )
    revision = forms.IntegerField(
        label="Revisione del flusso",
        required=False,
        min_value=1,
        max_value=99,
        help_text="Solo se la banca ha ripubblicato un flusso già caricato: 2, 3…",
        error_messages={"invalid": "La revisione è un numero: 1, 2, 3…"},
    )


class CreditForm(forms.Form):
    """A credit typed from the treasurer's paper."""

    number = forms.CharField(
        label="Numero del sospeso",
        max_length=20,
        error_messages={"required": "Scrivi il numero del sospeso di entrata."},
    )
    booked_on = DayField(label="Data del movimento")
    amount = EuroField(label="Importo")
    reference = forms.CharField(
        label="Causale",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Copiala intera: il flusso viene letto da qui.",
        error_messages={"required": "Scrivi la causale del bonifico."},
    )

    def clean_booked_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["booked_on"]
        if not is_credible(day):
            raise ValidationError("Controlla l'anno della data.")
        return day


class MatchForm(forms.Form):
    fdr = forms.CharField(
        label="Flusso",
        max_length=35,
        error_messages={"required": "Scegli il flusso che questo accredito paga."},
    )


class CaseFilterForm(forms.Form):
    """Which cases: of one kind or all, open or ended."""

    tipo = forms.ChoiceField(
        label="Tipo", required=False, choices=[("", "Tutti"), *ReconciliationCase.LABELS]
    )
    stato = forms.ChoiceField(
        label="Stato", required=False, choices=[("", "Da sistemare"), ("chiusi", "Chiusi e risolti")]
    )
