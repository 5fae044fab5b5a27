"""What parents have said and can prove, to read. A dispute is answered on its own page, with its evidence beside it."""

from django.contrib import admin

from attendance.admin.days import PUPIL
from attendance.models import AbsencePattern, AbsenceReceipt, Dispute
from enrolments.admin_access import OFFICE_AND_AUDITOR, ReadOnlyAdmin


@admin.register(AbsenceReceipt)
class AbsenceReceiptAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("__str__", "day", "pupil", "word", "spoken_by", "spoken_at")
    list_filter = ("word", "year")
    list_select_related = ("pupil", "spoken_by")
    search_fields = (*PUPIL, "code")
    date_hierarchy = "day"
    ordering = ("-year", "-number")


@admin.register(AbsencePattern)
class AbsencePatternAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("pupil", "weekday", "valid_from", "valid_to", "said_by", "ended_at")
    list_filter = ("weekday", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("pupil", "said_by")
    search_fields = PUPIL
    ordering = ("-said_at",)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("__str__", "pupil", "amount", "state", "answer_by", "decided_by")
    list_filter = ("state",)
    list_select_related = ("pupil", "decided_by")
    search_fields = PUPIL
    date_hierarchy = "day"
    ordering = ("-opened_at",)
