"""Fare tables with their bands, and the prices that come out of them."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from enrolments import fares
from enrolments.admin.priced import LaidForm, PricedAdmin
from enrolments.admin_access import OFFICE, OfficeInline, ReadOnlyAdmin
from enrolments.models import FareBand, FareTable, Price


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
