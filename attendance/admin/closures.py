"""What was told of the closures, the calendars to subscribe to and those uploaded, to read. The pages of the calendar act on them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from attendance.models import CalendarFeed, CalendarImport, ClosureMail
from enrolments.admin_access import OFFICE_AND_AUDITOR, ReadOnlyAdmin


@admin.register(ClosureMail)
class ClosureMailAdmin(ReadOnlyAdmin):
    """Who was told of which closure and when; what did not leave is sent again from the page of the closure."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("notice", "guardian", "caterer", "state", "tries", "sent_at")
    list_filter = ("state", "notice__event")
    list_select_related = ("notice", "guardian", "caterer")
    search_fields = ("guardian__last_name", "guardian__first_name", "caterer__name")
    ordering = ("-notice", "pk")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Which calendars are subscribed to, never their addresses: those are keys."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("school", "class_group", "owner", "created_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("school", "class_group", "owner")
    ordering = ("-created_at",)
    exclude = ("token", "digest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarFeed]:
        """Without the key of an address nothing else of its row is lost."""
        return super().get_queryset(request).defer("token")


@admin.register(CalendarImport)
class CalendarImportAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("name", "year", "uploaded_by", "uploaded_at", "applied_by", "applied_at", "written")
    list_filter = ("year",)
    list_select_related = ("year", "uploaded_by", "applied_by")
    ordering = ("-uploaded_at",)
    exclude = ("content",)
