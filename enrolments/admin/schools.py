"""Help desk, school years, schools and classes."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from enrolments import pricing, years
from enrolments.admin.priced import staff_of, take_over
from enrolments.admin_access import MONEY, NOBODY, OFFICE, OFFICE_AND_AUDITOR, OfficeAdmin, OfficeInline
from enrolments.models import ClassGroup, EnrolmentRules, HelpDesk, School, SchoolStaff, SchoolYear
from identity.models import Role, User
from mensa import clock


@admin.register(HelpDesk)
class HelpDeskAdmin(OfficeAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("office", "opening_hours", "phone", "whatsapp", "email")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not HelpDesk.objects.exists()

    def save_model(self, request: HttpRequest, obj: HelpDesk, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(SchoolYear)
class SchoolYearAdmin(OfficeAdmin):
    """Years are opened and closed by the change of year, which moves the pupils up."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("label", "valid_from", "valid_to", "state")
    readonly_fields = ("state",)
    search_fields = ("label",)

    def save_model(self, request: HttpRequest, obj: SchoolYear, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        saved = years.create_year(
            label=obj.label,
            valid_from=obj.valid_from,
            valid_to=obj.valid_to,
            applications=(obj.applications_from, obj.applications_until),
            by=staff_of(request),
            now=clock.now(),
        )
        take_over(obj, saved)


class StaffInline(OfficeInline):
    model = SchoolStaff
    select_related = ("user", "school")
    visible_to = OFFICE
    removable_by = OFFICE

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only those whose work is in a school."""
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(role__in=(Role.SECRETARY, Role.KITCHEN)).order_by(
                "username"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(School)
class SchoolAdmin(OfficeAdmin):
    list_display = ("name", "code", "level", "city")
    list_filter = ("level", "city")
    search_fields = ("name", "code")
    inlines = (StaffInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: School | None = None) -> tuple[str, ...]:
        """Another level means other fares for children already enrolled: that is another school."""
        return ("level", "is_demo") if obj else ("is_demo",)

    def get_inline_instances(self, request: HttpRequest, obj: School | None = None) -> list[Any]:
        return super().get_inline_instances(request, obj) if obj else []


@admin.register(ClassGroup)
class ClassGroupAdmin(OfficeAdmin):
    list_display = ("label", "school", "year")
    list_filter = ("year", "school")
    list_select_related = ("school", "year")
    search_fields = ("school__name", "school__code", "section")
    ordering = ("-year__valid_from", "school__name", "grade", "section")

    def option_label(self, obj: ClassGroup) -> str:
        return f"{obj.label}, {obj.school}, {obj.year}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClassGroup]:
        return super().get_queryset(request).select_related("school", "year")

    def get_readonly_fields(self, request: HttpRequest, obj: ClassGroup | None = None) -> tuple[str, ...]:
        return ("school", "year") if obj else ()

    @admin.display(description="classe", ordering="grade")
    def label(self, obj: ClassGroup) -> str:
        return obj.label


@admin.register(EnrolmentRules)
class EnrolmentRulesAdmin(OfficeAdmin):
    """The rules about ISEE decide prices: saving them recomputes all of them."""

    visible_to = MONEY
    removable_by = NOBODY
    list_display = ("act", "valid_from", "valid_to", "isee_grace_day", "isee_grace_month")

    def save_model(self, request: HttpRequest, obj: EnrolmentRules, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        pricing.refresh()
