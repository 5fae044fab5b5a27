"""The kitchen in the panel: the rules are edited, sealed sheets, mails and deliveries are only read."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from attendance.models import (
    DeliveredPortions,
    KitchenRules,
    KitchenSheet,
    SheetAcknowledgement,
    SheetMessage,
)
from enrolments.admin_access import MONEY, OFFICE_AND_AUDITOR, OfficeAdmin, ReadOnlyAdmin, has_role
from enrolments.diet_readers import READS_CODES


@admin.register(KitchenRules)
class KitchenRulesAdmin(OfficeAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("act", "valid_from", "valid_to", "acknowledge_within_minutes", "variations_until")


@admin.register(KitchenSheet)
class KitchenSheetAdmin(ReadOnlyAdmin):
    """Sealed: neither the panel nor the database changes them. The content says which class eats which diet."""

    visible_to = MONEY
    list_display = ("label", "kind", "day", "school", "sealed_at", "digest", "paper")
    list_filter = ("kind", "school", "year")
    list_select_related = ("school", "year")
    date_hierarchy = "day"
    ordering = ("-day", "-number")

    def get_exclude(self, request: HttpRequest, obj: KitchenSheet | None = None) -> tuple[str, ...]:
        return () if has_role(request, READS_CODES) else ("content",)

    @admin.display(description="numero")
    def label(self, obj: KitchenSheet) -> str:
        return obj.label

    @admin.display(description="carta")
    def paper(self, obj: KitchenSheet) -> SafeString:
        return format_html('<a href="{}">PDF</a>', reverse("attendance:kitchen_pdf", args=[obj.pk]))


@admin.register(SheetAcknowledgement)
class SheetAcknowledgementAdmin(ReadOnlyAdmin):
    visible_to = MONEY
    list_display = ("sheet", "acknowledged_at", "who")
    list_select_related = ("sheet__year", "user", "caterer")
    date_hierarchy = "acknowledged_at"
    ordering = ("-acknowledged_at",)

    @admin.display(description="chi ha visto")
    def who(self, obj: SheetAcknowledgement) -> str:
        return obj.who


@admin.register(SheetMessage)
class SheetMessageAdmin(ReadOnlyAdmin):
    """Which mails have left, and why one has not."""

    visible_to = OFFICE_AND_AUDITOR
    list_display = ("sheet", "kind", "caterer", "tries", "sent_at", "error")
    list_filter = ("kind", ("sent_at", admin.EmptyFieldListFilter))
    list_select_related = ("sheet__year", "caterer")
    ordering = ("-pk",)


@admin.register(DeliveredPortions)
class DeliveredPortionsAdmin(ReadOnlyAdmin):
    visible_to = MONEY
    list_display = ("day", "school", "portions", "note", "user", "caterer", "entered_at")
    list_filter = ("school",)
    list_select_related = ("school", "user", "caterer")
    date_hierarchy = "day"
    ordering = ("-day", "school__name")
