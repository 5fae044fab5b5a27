"""Fare tables with their bands, and the prices that come out of them."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse

from enrolments import fares
from enrolments.admin.priced import LaidForm, PricedAdmin, staff_of
from enrolments.admin_access import OFFICE, OFFICE_AND_AUDITOR, OfficeInline, ReadOnlyAdmin, has_role
from enrolments.models import FareBand, FareTable, Price
from identity import audit
from identity.models import SensitiveKind
from mensa import clock


class BandFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The bands together: one top band, nothing twice, no price below zero."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        try:
            fares.refuse_bad_bands([(row["letter"], row["isee_up_to"], row["price"]) for row in kept])
        except fares.FaresRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


class BandInline(OfficeInline):
    model = FareBand
    formset = BandFormSet
    extra = 0
    min_num = 1
    removable_by = OFFICE
    ordering = ("isee_up_to",)


@admin.register(FareTable)
class FareTableAdmin(PricedAdmin):
    """A new table ends the one in force the day before it begins."""

    form = LaidForm
    list_display = ("level", "valid_from", "valid_to", "act", "second_child_discount", "later_child_discount")
    list_filter = ("level",)
    search_fields = ("act",)
    fields = ("level", "act", "valid_from", "valid_to", "second_child_discount", "later_child_discount")
    ordering = ("level", "-valid_from")
    inlines = (BandInline,)

    def pupils_of(self, obj: FareTable) -> Collection[int] | None:
        return None

    def get_readonly_fields(self, request: HttpRequest, obj: FareTable | None = None) -> tuple[str, ...]:
        return ("level", "valid_from") if obj else ()

    def save_model(self, request: HttpRequest, obj: FareTable, form: Any, change: bool) -> None:
        if not change:
            fares.make_room(obj)
        super().save_model(request, obj, form, change)


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """What each child pays and from when, as the rule has computed it."""

    list_display = ("pupil", "household", "amount", "valid_from", "valid_to")
    list_select_related = ("pupil", "household")
    search_fields = ("pupil__sort_key", "pupil__code", "household__code")
    ordering = ("pupil__sort_key", "valid_from")
    fields = ("pupil", "household", "amount", "valid_from", "valid_to")

    def get_fields(self, request: HttpRequest, obj: Price | None = None) -> tuple[str, ...]:
        """The reasons tell the ISEE and the exemption: the accounts read the price alone."""
        return (*self.fields, "why") if has_role(request, OFFICE_AND_AUDITOR) else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Price | None = None) -> tuple[str, ...]:
        return ("why",)

    @admin.display(description="perché")
    def why(self, obj: Price) -> str:
        facts = obj.explanation.facts
        return " ".join(
            [*facts.get("sentences", ()), f"Conto: {facts['formula']}." if "formula" in facts else ""]
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Reading the reasons is reading the ISEE: it is written down."""
        price = self.get_object(request, object_id)
        if price is not None and has_role(request, OFFICE_AND_AUDITOR):
            who, code = staff_of(request), price.household.code
            audit.record_view(user=who, kind=SensitiveKind.ISEE, subject=code, now=clock.now())
        return super().change_view(request, object_id, form_url, extra_context)
