"""The calendar: hours, canteen dates, weekdays of the classes, phases, patrons, suspensions, closures.

Whatever is changed here, the triggers note the days already decided that it concerns and the night weighs them again.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from attendance import closures, tasks
from attendance.models import (
    AttendanceRules,
    CanteenPeriod,
    ClassWeekdays,
    Closure,
    PatronDay,
    SchoolPhase,
    Suspension,
)
from enrolments.admin_access import OFFICE, OFFICE_AND_AUDITOR, OfficeAdmin, ReadOnlyAdmin
from identity.models import User


class CalendarAdmin(OfficeAdmin):
    """A dated row of the calendar: the office may also take away what it has typed by mistake."""

    visible_to = OFFICE_AND_AUDITOR
    removable_by = OFFICE

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tasks.nudge()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        tasks.nudge()


@admin.register(AttendanceRules)
class AttendanceRulesAdmin(OfficeAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("act", "valid_from", "valid_to", "parent_cutoff", "register_deadline", "night_at")


@admin.register(CanteenPeriod)
class CanteenPeriodAdmin(CalendarAdmin):
    list_display = ("school", "year", "valid_from", "valid_to")
    list_filter = ("year", "school")
    list_select_related = ("school", "year")
    ordering = ("-valid_from", "school__name")


@admin.register(ClassWeekdays)
class ClassWeekdaysAdmin(CalendarAdmin):
    list_display = ("class_group", "school", "days", "valid_from", "valid_to")
    list_filter = ("class_group__year", "class_group__school")
    list_select_related = ("class_group__school", "class_group__year")
    autocomplete_fields = ("class_group",)
    ordering = ("class_group__school__name", "class_group__grade", "class_group__section", "valid_from")

    @admin.display(description="plesso")
    def school(self, obj: ClassWeekdays) -> str:
        return str(obj.class_group.school)

    @admin.display(description="giorni")
    def days(self, obj: ClassWeekdays) -> str:
        eats = (obj.monday, obj.tuesday, obj.wednesday, obj.thursday, obj.friday)
        return " ".join(
            name for name, yes in zip(("lun", "mar", "mer", "gio", "ven"), eats, strict=True) if yes
        )


@admin.register(SchoolPhase)
class SchoolPhaseAdmin(CalendarAdmin):
    list_display = ("school", "phase", "valid_from", "valid_to")
    list_select_related = ("school",)
    ordering = ("school__name", "-valid_from")


@admin.register(PatronDay)
class PatronDayAdmin(CalendarAdmin):
    list_display = ("city", "name", "month", "day", "weekday", "nth")


@admin.register(Suspension)
class SuspensionAdmin(CalendarAdmin):
    """Decided by a person, with an act: the office's user signs it."""

    list_display = ("pupil", "valid_from", "valid_to", "act", "decided_by")
    list_select_related = ("pupil", "decided_by")
    search_fields = ("pupil__last_name", "pupil__first_name", "pupil__code")
    autocomplete_fields = ("pupil",)
    exclude = ("decided_by",)
    ordering = ("-valid_from",)

    def save_model(self, request: HttpRequest, obj: Suspension, form: Any, change: bool) -> None:
        if not change and isinstance(request.user, User):
            obj.decided_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(Closure)
class ClosureAdmin(ReadOnlyAdmin):
    """To read and to search: a closure is declared and revoked on its own page, after its effect has been seen."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("first_day", "last_day", "scope", "reason", "meal", "act", "revoked_at", "open_page")
    list_filter = ("reason", "meal", "school")
    list_select_related = ("school", "class_group__school")
    date_hierarchy = "first_day"
    ordering = ("-first_day",)

    @admin.display(description="chi")
    def scope(self, obj: Closure) -> str:
        return closures.scope_words(obj)

    @admin.display(description="pagina")
    def open_page(self, obj: Closure) -> SafeString:
        return format_html('<a href="{}">Apri</a>', reverse("attendance:closure", args=[obj.pk]))
