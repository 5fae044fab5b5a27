"""ISEE, residence, exemptions: every opening of an ISEE or an exemption is logged."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.forms import CharField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from enrolments import entitlements
from enrolments.admin.priced import LaidForm, PricedAdmin, SensitiveAdmin, children_of, staff_of, take_over
from enrolments.models import Exemption, IseeDeclaration, Residence
from identity.models import SensitiveKind
from mensa import clock


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": staff_of(request), "now": clock.now()}


@admin.register(IseeDeclaration)
class IseeAdmin(SensitiveAdmin):
    """A new ISEE gets its days from the rules; changing the value of one corrects it from its first day."""

    sensitive_kind = SensitiveKind.ISEE
    form = LaidForm
    list_display = ("household", "applicant", "which", "filed_on", "valid_from", "valid_to", "has_omissions")
    list_filter = ("kind", "has_omissions")
    list_select_related = ("household__applicant",)
    search_fields = ("household__code", "household__applicant__sort_key", "household__applicant__fiscal_code")
    autocomplete_fields = ("household",)
    fields = ("household", "kind", "value", "has_omissions", "protocol", "filed_on")
    ordering = ("-filed_on",)

    def get_fields(self, request: HttpRequest, obj: IseeDeclaration | None = None) -> tuple[str, ...]:
        return ("applicant", *self.fields, "valid_from", "valid_to") if obj else self.fields

    @admin.display(description="richiedente", ordering="household__applicant__sort_key")
    def applicant(self, obj: IseeDeclaration) -> str:
        return str(obj.household.applicant)

    @admin.display(description="tipo", ordering="kind")
    def which(self, obj: IseeDeclaration) -> str:
        return "corrente" if obj.kind == IseeDeclaration.Kind.CURRENT else "ordinario"

    def code_of(self, obj: IseeDeclaration) -> str:
        return obj.household.code

    def pupils_of(self, obj: IseeDeclaration) -> Collection[int] | None:
        return children_of(obj.household)

    def get_readonly_fields(
        self, request: HttpRequest, obj: IseeDeclaration | None = None
    ) -> tuple[str, ...]:
        days = ("valid_from", "valid_to")
        return ("applicant", "household", "kind", "protocol", "filed_on", *days) if obj else ()

    def save_model(self, request: HttpRequest, obj: IseeDeclaration, form: Any, change: bool) -> None:
        if change:
            saved = entitlements.correct_isee(
                declaration=obj, value=obj.value, has_omissions=obj.has_omissions, **_who(request)
            )
        else:
            saved = entitlements.declare_isee(
                household=obj.household,
                value=obj.value,
                filed_on=obj.filed_on,
                protocol=obj.protocol,
                has_omissions=obj.has_omissions,
                kind=obj.kind,
                **_who(request),
            )
        take_over(obj, saved)


@admin.register(Residence)
class ResidenceAdmin(PricedAdmin):
    """A move is a new row from its day; the row before ends by itself."""

    form = LaidForm
    list_display = ("household", "applicant", "resident", "valid_from", "valid_to")
    list_filter = ("resident",)
    list_select_related = ("household__applicant",)
    search_fields = ("household__code", "household__applicant__sort_key", "household__applicant__fiscal_code")
    autocomplete_fields = ("household",)
    fields = ("household", "resident", "valid_from")

    @admin.display(description="richiedente", ordering="household__applicant__sort_key")
    def applicant(self, obj: Residence) -> str:
        return str(obj.household.applicant)

    def pupils_of(self, obj: Residence) -> Collection[int] | None:
        return children_of(obj.household)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Residence, form: Any, change: bool) -> None:
        saved = entitlements.set_residence(
            household=obj.household, resident=obj.resident, from_day=obj.valid_from, **_who(request)
        )
        take_over(obj, saved)


class PupilRowAdmin(SensitiveAdmin):
    """Something about a child; a new row goes over the one in force, a last day ends it."""

    form = LaidForm
    list_select_related = ("pupil",)
    search_fields = ("pupil__sort_key", "pupil__fiscal_code", "pupil__code")
    autocomplete_fields = ("pupil",)
    ordering = ("pupil__sort_key", "valid_from")

    def code_of(self, obj: Any) -> str:
        return str(obj.pupil.code)

    def pupils_of(self, obj: Any) -> Collection[int] | None:
        return [obj.pupil_id]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("pupil", "valid_from") if obj else ()


class ExemptionForm(LaidForm):
    """The reason is asked when a last day is given, or brought forward."""

    ended_because = CharField(
        label="Perché finisce",
        max_length=200,
        required=False,
        help_text="L'atto, o chi lo ha chiesto: resta nella storia. Serve solo se anticipi l'ultimo giorno.",
    )

    def ends(self) -> bool:
        """Whether the exemption is made shorter than it was."""
        before, after = self.initial.get("valid_to"), self.cleaned_data.get("valid_to")
        return bool(self.instance.pk and after and (before is None or after < before))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.ends() and not data.get("ended_because", "").strip():
            self.add_error("ended_because", "Scrivi perché l'esenzione finisce.")
        return data


@admin.register(Exemption)
class ExemptionAdmin(PupilRowAdmin):
    """A last day ends it through its operation, with the reason, which the history of the row shows."""

    sensitive_kind = SensitiveKind.EXEMPTION
    form = ExemptionForm
    list_display = ("pupil", "valid_from", "valid_to")

    def get_fields(self, request: HttpRequest, obj: Exemption | None = None) -> tuple[str, ...]:
        fields = ("pupil", "kind", "act", "valid_from", "valid_to")
        return (*fields, "ended_because") if obj and self.has_change_permission(request, obj) else fields

    def save_model(self, request: HttpRequest, obj: Exemption, form: Any, change: bool) -> None:
        if change:
            self._save_change(request, obj, form)
            return
        saved = entitlements.exempt(
            pupil=obj.pupil,
            kind=obj.kind,
            act=obj.act,
            from_day=obj.valid_from,
            to_day=obj.valid_to,
            **_who(request),
        )
        take_over(obj, saved)

    def _save_change(self, request: HttpRequest, obj: Exemption, form: ExemptionForm) -> None:
        last_day = obj.valid_to if form.ends() else None
        if last_day:
            obj.valid_to = form.initial["valid_to"]
        super().save_model(request, obj, form, True)
        if last_day:
            reason = form.cleaned_data["ended_because"]
            entitlements.end_exemption(exemption=obj, last_day=last_day, reason=reason, **_who(request))

    def response_change(self, request: HttpRequest, obj: Exemption) -> HttpResponse:
        if obj.pk:
            return super().response_change(request, obj)
        self.message_user(request, f"{str(obj).capitalize()}: tolta, non vale in nessun giorno.")
        return redirect("admin:enrolments_exemption_changelist")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the reasons, which may tell of the social services: they are not in the log that the whole panel shows."""
        obj = self.get_object(request, object_id)
        endings = entitlements.endings_of(obj) if isinstance(obj, Exemption) else []
        return super().history_view(request, object_id, {"endings": endings, **(extra_context or {})})
