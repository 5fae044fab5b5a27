"""What the kitchen, the caterer and the office write or ask about the sheets."""

from typing import Any

from django import forms

from attendance.models.kitchen import MOST_PORTIONS


class DeliveryForm(forms.Form):
    """One number for a school; a line of its own in a list of schools."""

    school = forms.IntegerField(widget=forms.HiddenInput)
    portions = forms.IntegerField(
        label="Porzioni consegnate",
        min_value=0,
        max_value=MOST_PORTIONS,
        error_messages={
            "required": "Scrivi quante porzioni sono state consegnate.",
            "invalid": "Scrivi un numero intero.",
            "min_value": "Il numero non può essere negativo.",
            "max_value": f"Più di {MOST_PORTIONS} porzioni per un plesso: controlla il numero.",
        },
    )
    note = forms.CharField(label="Nota", max_length=200, required=False)


class SeenForm(forms.Form):
    """Which sheets were on the page when the button was pressed: one sealed meanwhile has not been seen."""

    name = forms.CharField(label="Chi conferma", max_length=80, required=False)

    def sheets(self) -> list[int]:
        asked: Any = self.data
        return [int(value) for value in asked.getlist("foglio") if value.isdecimal() and len(value) < 10][
            :500
        ]
