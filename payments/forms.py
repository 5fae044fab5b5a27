"""What people write about payments, checked field by field; every refusal names the remedy."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from enrolments.models import Household, Pupil, SchoolYear
from identity.templatetags.pages import day_month, euro
from payments.checkout import MOST_NOTICES
from payments.configuration import creditor
from payments.models import Notice, PaymentRules, Receipt
from payments.rules import identifiers

CENT = Decimal("0.01")
LARGEST = Decimal("99999.99")


class EuroField(forms.DecimalField):
    """ "12,50", "12.50", "1.500,00", "€ 20": what people write for an amount in euro."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "invalid": "Scrivi un importo in euro, per esempio 12,50.",
        "min_value": "Scrivi un importo maggiore di zero.",
        "max_value": "L'importo è troppo grande: controlla la virgola.",
        "max_decimal_places": "Un importo in euro ha al massimo due decimali.",
        "required": "Scrivi l'importo.",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=CENT, max_value=LARGEST, decimal_places=2, **options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = str(value or "").replace("€", "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
        if "," in text:
            text = text.replace(".", "").replace(",", ".")
        if "e" in text.lower():  # "1e3" is a number to Python, not an amount to people
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {
        "invalid": "Scrivi la data come giorno/mese/anno, per esempio 24/11/2026.",
        "required": "Scegli la data.",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"], **options)


class PayForm(forms.Form):
    """Which open notices, how much to top up. The form key makes a form sent twice one payment."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    notices = forms.ModelMultipleChoiceField(
        Notice.objects.none(),
        label="Avvisi da pagare",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": "Uno degli avvisi scelti non è più da pagare: ricarica la pagina.",
            "invalid_pk_value": "Uno degli avvisi scelti non esiste: ricarica la pagina.",
        },
    )
    top_up = EuroField(label="Ricarica libera", required=False)

    def __init__(self, *args: Any, household: Household, rules: PaymentRules, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Notice.objects.payable().for_children().filter(wallet__household=household)
        notices = self.fields["notices"]
        assert isinstance(notices, forms.ModelMultipleChoiceField)  # noqa: S101
        notices.queryset = rows.select_related("pupil").order_by("due_date", "pk")
        notices.label_from_instance = notice_label  # type: ignore[method-assign, assignment]
        notices.help_text = f"Puoi pagarne fino a {MOST_NOTICES} insieme."
        if not self.is_bound and not rows.exists():
            del self.fields["notices"]
        self.fields[
            "top_up"
        ].help_text = (
            f"Da {euro(rules.smallest_top_up)} a {euro(rules.largest_top_up)}. Vale per tutti i figli."
        )
        self.fields["form_key"].error_messages = {
            "invalid": "Il modulo è scaduto: ricarica la pagina.",
            "required": "Il modulo è scaduto: ricarica la pagina.",
        }


def notice_label(notice: Notice) -> str:
    whose = f" per {notice.pupil.first_name}" if notice.pupil else ""
    return f"{euro(notice.amount)}{whose}, scadenza {day_month(notice.due_date)}"


class UploadForm(forms.Form):
    """A receipt paid elsewhere, and what the parent knows about it."""

    file = forms.FileField(
        label="Ricevuta",
        help_text="PDF, JPEG o PNG, al massimo 5 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
        error_messages={
            "required": "Scegli il file della ricevuta.",
            "empty": "Il file è vuoto: scegli la ricevuta e inviala di nuovo.",
            "invalid": "Scegli il file della ricevuta.",
        },
    )
    amount = EuroField(label="Importo pagato", help_text="Senza la commissione.")
    paid_on = DayField(label="Pagato il")
    nav = forms.CharField(
        label="Numero avviso o IUV",
        required=False,
        max_length=35,
        help_text="Se lo trovi sulla ricevuta: 17 o 18 cifre.",
        error_messages={"max_length": "Il numero avviso ha 18 cifre: controlla quello che hai scritto."},
    )
    pupil = forms.ModelChoiceField(
        Pupil.objects.none(),
        label="Per quale figlio",
        required=False,
        empty_label="Per tutta la famiglia",
        error_messages={"invalid_choice": "Scegli uno dei tuoi figli."},
    )

    def __init__(self, *args: Any, household: Household, today: dt.date, **options: Any) -> None:
        super().__init__(*args, **options)
        self._today = today
        _offer_children(self.fields["pupil"], household)

    def clean_paid_on(self) -> dt.date:
        paid_on: dt.date = self.cleaned_data["paid_on"]
        if paid_on > self._today:
            raise ValidationError("La data del pagamento è nel futuro: controllala sulla ricevuta.")
        if paid_on < self._today - dt.timedelta(days=730):
            raise ValidationError(
                "La data del pagamento è di più di due anni fa: controllala sulla ricevuta."
            )
        return paid_on


def _offer_children(field: forms.Field, household: Household) -> None:
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
    field.queryset = Pupil.objects.filter(custodies__household=household).distinct().order_by("birth_date")
    field.label_from_instance = first_name  # type: ignore[method-assign, assignment]


def first_name(pupil: Any) -> str:
    return str(pupil.first_name)


class DecisionForm(forms.Form):
    """What the office reads on the paper before accepting it."""

    receipt_id = forms.CharField(
        label="Identificativo della ricevuta (IUR)",
        required=False,
        max_length=35,
        help_text="Sul documento: IUR, identificativo univoco di riscossione, ID transazione.",
        error_messages={"max_length": "L'identificativo ha al massimo 35 caratteri."},
    )
    nav = forms.CharField(label="Numero avviso", required=False, max_length=24)
    amount = EuroField(label="Importo pagato")
    paid_on = DayField(label="Pagato il")
    pupil = forms.ModelChoiceField(
        Pupil.objects.none(),
        label="Per quale figlio",
        required=False,
        empty_label="Per tutta la famiglia",
        help_text="Conta per l'attestazione delle spese. Vuoto: vale l'alunno dell'avviso, se c'è il numero.",
        error_messages={"invalid_choice": "Scegli un figlio di questa famiglia."},
    )
    is_another_payment = forms.BooleanField(
        label="È un altro pagamento, diverso da quello già accreditato", required=False
    )

    def __init__(self, *args: Any, household: Household, **options: Any) -> None:
        super().__init__(*args, **options)
        _offer_children(self.fields["pupil"], household)

    def clean_nav(self) -> str:
        """Empty, or 18 digits; a number of another body keeps its own rules about check digits."""
        nav = "".join(str(self.cleaned_data["nav"]).split())
        if nav:
            try:
                identifiers.parse(nav)
            except identifiers.WrongNoticeNumber as wrong:
                raise ValidationError(str(wrong)) from wrong
        return nav


class RejectionForm(forms.Form):
    reason = forms.CharField(
        label="Motivo",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Lo legge il genitore: di' che cosa manca e che cosa può fare.",
        error_messages={"required": "Scrivi il motivo: il genitore lo legge e sa che cosa fare."},
    )


class CampaignForm(forms.Form):
    year = forms.ModelChoiceField(
        SchoolYear.objects.none(),
        label="Anno scolastico",
        empty_label=None,
        error_messages={
            "required": "Scegli l'anno scolastico.",
            "invalid_choice": "Scegli l'anno scolastico.",
        },
    )
    name = forms.CharField(
        label="Nome della campagna",
        max_length=80,
        error_messages={"required": "Scrivi il nome della campagna."},
    )
    meals = forms.IntegerField(
        label="Pasti per alunno",
        min_value=1,
        max_value=250,
        error_messages={
            "required": "Scrivi quanti pasti.",
            "invalid": "Scrivi un numero intero di pasti.",
            "min_value": "Almeno un pasto.",
            "max_value": "Al massimo 250 pasti.",
        },
    )
    price_day = DayField(
        label="Prezzi del giorno", help_text="Si usa il prezzo del pasto valido quel giorno."
    )
    due_date = DayField(label="Da pagare entro il")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        year = self.fields["year"]
        assert isinstance(year, forms.ModelChoiceField)  # noqa: S101
        year.queryset = SchoolYear.objects.order_by("-valid_from")


class PostponeForm(forms.Form):
    due_date = DayField(label="Nuova scadenza")


class AttachForm(forms.Form):
    """The family whose money a receipt is, by its public code."""

    is_another_payment = forms.BooleanField(required=False)
    household = forms.CharField(
        label="Codice famiglia",
        max_length=8,
        error_messages={
            "required": "Scrivi il codice della famiglia.",
            "max_length": "Il codice famiglia ha 8 caratteri.",
        },
    )

    def clean_household(self) -> Household:
        code = str(self.cleaned_data["household"]).strip().upper()
        household = Household.objects.filter(code=code).first()
        if household is None:
            raise ValidationError(
                "Nessuna famiglia ha questo codice: controllalo nel pannello, alla voce Famiglie."
            )
        return household


class SetAsideForm(forms.Form):
    """The receipt that has the money already, by its identifier; empty: the one of the same notice."""

    other = forms.CharField(
        required=False,
        max_length=35,
        error_messages={"max_length": "L'identificativo ha al massimo 35 caratteri."},
    )

    def clean_other(self) -> Receipt | None:
        receipt_id = "".join(str(self.cleaned_data["other"]).split())
        if not receipt_id:
            return None
        found = Receipt.objects.with_id(creditor().fiscal_code, receipt_id).first()
        if found is None:
            raise ValidationError(
                "Nessuna ricevuta ha questo identificativo: controllalo nel pannello, alla voce Ricevute."
            )
        return found
