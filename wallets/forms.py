"""Forms of the wallets' pages: every error says what to mend."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from enrolments.models import Pupil
from wallets.models import Refund, Wallet, WalletRules, low_credit_defaults
from wallets.rules import iban as bank

UP, DOWN = "accredito", "addebito"


class IbanField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="IBAN",
            max_length=50,
            help_text="27 caratteri per un conto italiano. Gli spazi non contano.",
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"required": "Scrivi l'IBAN del conto."},
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        try:
            return bank.clean(text) if text else ""
        except bank.BadIban as error:
            raise forms.ValidationError(str(error)) from None


class ThresholdsField(forms.CharField):
    """Meals left at which a family is told, as people write them: "5, 2, 0, -3"."""

    MOST = 100

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Avvisi di credito basso (pasti rimasti)",
            required=False,
            initial=low_credit_defaults,
            help_text="Numeri separati da virgole, per esempio 5, 2, 0, -3: un avviso per ciascuno. Vuoto: nessun avviso.",
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(one) for one in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        text = str(super().clean(value) or "")
        try:
            numbers = {int(one) for one in text.split(",") if one.strip()}
        except ValueError:
            raise forms.ValidationError("Scrivi numeri interi separati da virgole: 5, 2, 0, -3.") from None
        if any(abs(one) > self.MOST for one in numbers):
            raise forms.ValidationError("I pasti rimasti vanno da -100 a 100.")
        return sorted(numbers, reverse=True)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


class WalletRulesForm(forms.ModelForm):  # type: ignore[type-arg]
    low_credit_meals = ThresholdsField()

    class Meta:
        model = WalletRules
        fields = (
            "act",
            "valid_from",
            "valid_to",
            "low_credit_meals",
            "tolerance_meals",
            "smallest_refund",
            "refund_within_days",
        )


class AccountForm(forms.Form):
    """Where the family wants its credit back: an account of the applicant."""

    iban = IbanField()
    is_mine = forms.BooleanField(
        label="Il conto è intestato, o cointestato, a chi ha presentato la domanda.",
        error_messages={
            "required": "Il bonifico può andare solo su un conto di chi ha presentato la domanda."
        },
    )


class PrepareForm(forms.Form):
    """The office starts a refund: the way, and for a small credit the wallet that receives it."""

    method = forms.ChoiceField(label="Come restituire il credito", choices=Refund.Method.choices)
    to_wallet = forms.ModelChoiceField(
        label="Borsellino del fratello", queryset=Wallet.objects.none(), required=False, empty_label="nessuno"
    )
    iban = IbanField(required=False)

    def __init__(self, *args: Any, siblings: list[Wallet] | tuple[Wallet, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if siblings:
            field: Any = self.fields["to_wallet"]
            field.queryset = Wallet.objects.filter(pk__in=[wallet.pk for wallet in siblings])
        else:
            del self.fields["to_wallet"]
        self.fields[
            "iban"
        ].help_text = "Lascialo vuoto: la famiglia lo indica dalla sua pagina, e riceve un'e-mail."


class PaidForm(forms.Form):
    paid_on = forms.DateField(
        label="Pagato il", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class ReasonForm(forms.Form):
    """Why: it is kept, and the family reads it."""

    reason = forms.CharField(
        label="Motivo",
        max_length=200,
        min_length=5,
        help_text="Lo legge anche la famiglia: niente nomi di altri, niente dati sulla salute.",
        error_messages={"min_length": "Scrivi il motivo con qualche parola in più."},
    )


class AdjustForm(ReasonForm):
    """A correction by hand: shown once more before it is written."""

    direction = forms.ChoiceField(
        label="Che cosa fare",
        choices=[(UP, "accreditare al borsellino"), (DOWN, "addebitare al borsellino")],
        widget=forms.RadioSelect,
    )
    amount = forms.DecimalField(
        label="Importo in euro",
        min_value=Decimal("0.01"),
        max_value=Decimal("5000.00"),
        decimal_places=2,
        localize=True,
        help_text="Per esempio 3,40.",
        error_messages={
            "invalid": "Scrivi l'importo in euro con la virgola, per esempio 3,40.",
            "max_decimal_places": "Un importo in euro ha al massimo due decimali.",
            "min_value": "L'importo deve essere maggiore di zero.",
            "max_value": "Al massimo 5.000 euro per volta: controlla l'importo.",
        },
    )
    pupil = forms.ModelChoiceField(
        label="Per quale figlio",
        queryset=Pupil.objects.none(),
        required=False,
        empty_label="per la famiglia",
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    field_order = ["direction", "amount", "pupil", "reason", "key"]

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["pupil"]
        field.queryset = Pupil.objects.filter(custodies__household=wallet.household_id).distinct()

    def signed_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"].quantize(Decimal("0.01"))
        return amount if self.cleaned_data["direction"] == UP else -amount


class DayForm(forms.Form):
    giorno = forms.DateField(
        label="Giorno", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
