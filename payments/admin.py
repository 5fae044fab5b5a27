"""The office's lists of payments: to look at and to search. What changes them are operations, on their own pages."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from enrolments.admin_access import OFFICE, OfficeAdmin, ReadOnlyAdmin, has_role
from payments import notices
from payments.models import Campaign, CheckoutAttempt, Notice, PaymentRules, Receipt, UploadedReceipt


@admin.register(PaymentRules)
class PaymentRulesAdmin(OfficeAdmin):
    list_display = ("act", "valid_from", "valid_to", "smallest_top_up", "notice_meals", "payable_after_due")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("nav", "wallet", "pupil", "amount", "state", "due_date", "issued_at", "paid_at")
    list_filter = ("state", "campaign")
    list_select_related = ("wallet__household", "pupil")
    search_fields = ("=nav", "wallet__household__code", "pupil__code", "pupil__sort_key")
    ordering = ("-pk",)
    actions = ("cancel_chosen",)

    @admin.action(description="Annulla gli avvisi scelti (quelli pagati restano pagati)")
    def cancel_chosen(self, request: HttpRequest, rows: QuerySet[Notice]) -> None:
        """Withdrawn from the node by the next sweep; whoever pays meanwhile is credited all the same."""
        if not has_role(request, OFFICE):
            raise PermissionDenied
        cancelled = sum(notices.cancel(notice=notice) for notice in rows)
        self.message_user(request, f"Avvisi annullati: {cancelled}.")


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("name", "year", "meals", "state", "created_at", "finished_at")
    ordering = ("-pk",)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("receipt_id", "nav", "amount", "state", "channel", "paid_at", "deliveries", "flag")
    list_filter = ("state", "channel")
    search_fields = ("=receipt_id", "=nav")
    ordering = ("-pk",)


@admin.register(UploadedReceipt)
class UploadedReceiptAdmin(ReadOnlyAdmin):
    list_display = ("household", "declared_amount", "declared_paid_on", "state", "uploaded_at", "decided_at")
    list_filter = ("state",)
    list_select_related = ("household",)
    search_fields = ("household__code",)
    exclude = ("file", "preview")
    ordering = ("-pk",)


@admin.register(CheckoutAttempt)
class CheckoutAttemptAdmin(ReadOnlyAdmin):
    list_display = ("token", "household", "state", "started_at")
    list_filter = ("state",)
    list_select_related = ("household",)
    search_fields = ("household__code",)
    ordering = ("-pk",)
