"""What happened day by day, to read: nobody edits it here. Corrections have a page of their own, with a reason."""

from django.contrib import admin

from attendance.models import Absence, ClassRegister, PricingFailure, ServiceDay
from enrolments.admin_access import MONEY, OFFICE_AND_AUDITOR, ReadOnlyAdmin

PUPIL = ("pupil__last_name", "pupil__first_name", "pupil__code")


@admin.register(Absence)
class AbsenceAdmin(ReadOnlyAdmin):
    """One row per child, day and source, as it stands; below, every word said before it."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("day", "pupil", "source", "absent", "in_time", "marked_by", "marked_at")
    list_filter = ("source", "absent", "in_time")
    list_select_related = ("pupil", "marked_by")
    search_fields = PUPIL
    date_hierarchy = "day"
    ordering = ("-day", "pupil__sort_key")
    readonly_fields = ("history",)

    @admin.display(description="storia")
    def history(self, obj: Absence) -> str:
        rows = obj.events.order_by("pgh_id").select_related("marked_by")  # type: ignore[attr-defined]
        return "; ".join(
            f"{row.marked_at:%d/%m/%Y %H:%M} {row.marked_by}: {'assente' if row.absent else 'presente'}"
            for row in rows
        )


@admin.register(ClassRegister)
class ClassRegisterAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("day", "class_group", "confirmed_by", "confirmed_at")
    list_filter = ("class_group__school",)
    list_select_related = ("class_group__school", "confirmed_by")
    date_hierarchy = "day"
    ordering = ("-day", "class_group")


@admin.register(ServiceDay)
class ServiceDayAdmin(ReadOnlyAdmin):
    visible_to = MONEY
    list_display = ("day", "state", "due_count", "due_total", "posted_count", "posted_total", "failed_count")
    list_filter = ("state",)
    date_hierarchy = "day"
    ordering = ("-day",)


@admin.register(PricingFailure)
class PricingFailureAdmin(ReadOnlyAdmin):
    visible_to = MONEY
    list_display = ("day", "pupil", "reason", "found_at", "solved_at")
    list_filter = (("solved_at", admin.EmptyFieldListFilter),)
    list_select_related = ("pupil",)
    search_fields = PUPIL
    ordering = ("-day",)
