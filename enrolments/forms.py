"""Forms of the office for the list of applications and the school year."""

from django import forms
from django.core.files.uploadedfile import UploadedFile

from enrolments import sheets
from enrolments.models import SchoolYear


class YearChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: SchoolYear) -> str:
        return f"{obj.label} ({obj.get_state_display()})"


class ImportForm(forms.Form):
    """The file and the school year it is for; what is inside is judged by `applications.check`."""

    year = YearChoice(
        label="Anno scolastico",
        queryset=SchoolYear.objects.none(),
        empty_label=None,
        error_messages={"required": "Scegli l'anno scolastico delle domande."},
    )
    file = forms.FileField(
        label="Elenco delle domande",
        help_text=f"CSV o XLSX, al più {sheets.MAX_BYTES // 1024 // 1024} MB e {sheets.MAX_ROWS} righe. "
        "La prima riga porta i titoli delle colonne.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
        error_messages={
            "required": "Scegli il file con l'elenco delle domande.",
            "invalid": "Il file non è arrivato: sceglilo di nuovo.",
            "missing": "Il file non è arrivato: sceglilo di nuovo.",
            "empty": "Il file è vuoto: scegli l'elenco delle domande.",
            "max_length": "Il nome del file è troppo lungo: accorcialo.",
        },
        max_length=120,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        years = SchoolYear.objects.exclude(state=SchoolYear.State.CLOSED).order_by("-valid_from")
        self.fields["year"].queryset = years  # type: ignore[attr-defined]
        current = years.filter(state=SchoolYear.State.OPEN).first()
        self.fields["year"].initial = current

    def clean_file(self) -> UploadedFile:  # type: ignore[type-arg]
        """Size and name here, so that the answer stands beside the field; the content is read by the operation."""
        file: UploadedFile = self.cleaned_data["file"]  # type: ignore[type-arg]
        if (file.size or 0) > sheets.MAX_BYTES:
            raise forms.ValidationError(
                f"Il file è troppo grande: al più {sheets.MAX_BYTES // 1024 // 1024} MB."
            )
        if not (file.name or "").lower().endswith(sheets.ENDINGS):
            raise forms.ValidationError(
                "Il file deve essere CSV o XLSX: nel foglio di calcolo scegli «Salva con nome»."
            )
        return file


class CloseYearForm(forms.Form):
    """Closing a year asks for its label, so that nobody closes one by mistake."""

    label = forms.CharField(
        label="Scrivi l'anno che chiudi",
        max_length=7,
        help_text="Per esempio 2026/27.",
        error_messages={"required": "Scrivi l'anno scolastico che chiudi, per esempio 2026/27."},
    )

    def __init__(self, *args: object, year: SchoolYear, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.year = year

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"].strip()
        if label != self.year.label:
            raise forms.ValidationError(f"L'anno da chiudere è {self.year.label}: scrivilo uguale.")
        return label
