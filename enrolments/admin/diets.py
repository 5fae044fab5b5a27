"""Diets in the panel, for the office alone: every opening of a reason is logged. Requests have a page of their own, where they are weighed."""

from typing import Any

from django.contrib import admin
from django.forms import ModelChoiceField
from django.http import HttpRequest

from enrolments import diet_holds, entitlements
from enrolments.admin.entitlements import PupilRowAdmin
from enrolments.admin.priced import staff_of, take_over
from enrolments.admin_access import OFFICE, OFFICE_AND_AUDITOR, OfficeAdmin, ReadOnlyAdmin
from enrolments.diet_readers import READS_REASONS
from enrolments.models import Diet, DietConfirmation, DietHold, Dietician, DietRules
from identity.models import Role, SensitiveKind, User
from mensa import clock


@admin.register(Diet)
class DietAdmin(PupilRowAdmin):
    """A severe diet and a certificate put days on hold by themselves; both are said when the diet is written."""

    visible_to = READS_REASONS
    sensitive_kind = SensitiveKind.DIET
    list_display = ("pupil", "code", "valid_from", "valid_to", "certificate_until")
    list_filter = ("code",)
    fields = ("pupil", "code", "reason", "severe", "valid_from", "valid_to", "certificate_until")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "code", "severe", "certificate_until") if obj else fixed

    def save_model(self, request: HttpRequest, obj: Diet, form: Any, change: bool) -> None:
        now = clock.now()
        if change:
            super().save_model(request, obj, form, change)
            diet_holds.follow(diet=obj, today=now.date())
            diet_holds.tidy(today=now.date(), now=now)
            return
        saved = entitlements.assign_diet(
            pupil=obj.pupil,
            code=obj.code,
            reason=obj.reason,
            from_day=obj.valid_from,
            to_day=obj.valid_to,
            severe=obj.severe,
            certificate_until=obj.certificate_until,
            by=staff_of(request),
            now=now,
        )
        take_over(obj, saved)


@admin.register(DietRules)
class DietRulesAdmin(OfficeAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("act", "valid_from", "valid_to", "light_meal_days", "when_expired", "reminder_days")
    ordering = ("-valid_from",)


@admin.register(Dietician)
class DieticianAdmin(OfficeAdmin):
    """Who may confirm severe diets: users of the office only."""

    visible_to = OFFICE_AND_AUDITOR
    removable_by = OFFICE
    list_display = ("user", "qualification")
    list_select_related = ("user",)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:  # type: ignore[type-arg]
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(role=Role.OFFICE, is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(DietConfirmation)
class DietConfirmationAdmin(ReadOnlyAdmin):
    """Who has confirmed a severe diet, and when."""

    visible_to = READS_REASONS
    list_display = ("pupil", "code", "first_day", "dietician_at", "kitchen_at", "released_at", "dropped_at")
    list_select_related = ("pupil",)
    search_fields = ("pupil__sort_key", "pupil__code")
    ordering = ("-first_day",)


@admin.register(DietHold)
class DietHoldAdmin(ReadOnlyAdmin):
    """Days without a meal and without a debit: they follow from the diets, nobody writes them."""

    visible_to = READS_REASONS
    list_display = ("pupil", "cause", "valid_from", "valid_to")
    list_filter = ("cause",)
    list_select_related = ("pupil",)
    search_fields = ("pupil__sort_key", "pupil__code")
    ordering = ("-valid_from",)
