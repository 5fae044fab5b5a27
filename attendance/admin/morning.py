"""The school's morning, to read: passages, meals beyond the enrolled, letters. Each comes from a page of its own."""

from django.contrib import admin

from attendance.models import EverybodyPresent, ExtraMeal, Letter, Passage
from enrolments.admin_access import OFFICE_AND_AUDITOR, ReadOnlyAdmin


@admin.register(Passage)
class PassageAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("day", "pupil", "class_group", "kind", "hour", "sent_home", "recorded_by", "undone_at")
    list_filter = ("kind", "sent_home", "class_group__school")
    list_select_related = ("pupil", "class_group", "recorded_by")
    search_fields = ("pupil__last_name", "pupil__first_name", "pupil__code")
    date_hierarchy = "day"
    ordering = ("-day", "hour")


@admin.register(ExtraMeal)
class ExtraMealAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("day", "school", "class_group", "kind", "count", "declared_by", "settled_at")
    list_filter = ("kind", "school", ("settled_at", admin.EmptyFieldListFilter))
    list_select_related = ("school", "class_group", "declared_by")
    date_hierarchy = "day"
    ordering = ("-day", "school__name")


@admin.register(EverybodyPresent)
class EverybodyPresentAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("day", "school", "pupils", "said_by", "said_at")
    list_filter = ("school",)
    list_select_related = ("school", "said_by")
    date_hierarchy = "day"
    ordering = ("-day",)


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """Who was written to, when, and whether the mail has left."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = (
        "written_at",
        "kind",
        "day",
        "school",
        "pupil",
        "guardian",
        "user",
        "state",
        "tries",
        "closed_at",
    )
    list_filter = ("kind", "state", "school")
    list_select_related = ("school", "pupil", "guardian", "user")
    search_fields = ("guardian__last_name", "pupil__last_name", "pupil__code")
    date_hierarchy = "day"
    ordering = ("-written_at",)
