"""The office's lists of payments: to look at and to search. What changes them are operations, on their own pages."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from enrolments.admin_access import OFFICE, OfficeAdmin, ReadOnlyAdmin, has_role
from identity.models import User
from mensa import clock
from payments import notices
from payments.errors import PaymentRefused
from payments.forms import PostponeForm
from payments.models import (
    Campaign,
    CheckoutAttempt,
    IoMessage,
    Notice,
    PaymentRules,
    Receipt,
    ReconciliationCase,
    RecoveryCall,
    SettlementReport,
    TreasuryCredit,
    UploadedReceipt,
)


@admin.register(PaymentRules)
class PaymentRulesAdmin(OfficeAdmin):
    list_display = ("act", "valid_from", "valid_to", "smallest_top_up", "notice_meals", "payable_after_due")


class AtTheNode(admin.SimpleListFilter):
    """What pagoPA knows of a notice, and what it said no to."""

    title = "pagoPA"
    parameter_name = "nodo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("rifiutati", "non accettati"), ("attesa", "da comunicare"), ("pubblicati", "comunicati")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        owed = Q(published_at__isnull=True, state__in=[Notice.State.ISSUED, Notice.State.SENT])
        chosen = {
            "rifiutati": ~Q(node_error=""),
            "attesa": owed,
            "pubblicati": Q(published_at__isnull=False),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = (
        "nav",
        "wallet",
        "pupil",
        "amount",
        "state",
        "node_error",
        "due_date",
        "issued_at",
        "paid_at",
    )
    list_filter = ("state", AtTheNode, "campaign")
    list_select_related = ("wallet__household", "pupil")
    search_fields = ("=nav", "wallet__household__code", "pupil__code", "pupil__sort_key")
    ordering = ("-pk",)
    actions = ("cancel_chosen", "postpone_chosen")

    @admin.action(description="Annulla gli avvisi scelti (quelli pagati restano pagati)")
    def cancel_chosen(self, request: HttpRequest, rows: QuerySet[Notice]) -> None:
        """Withdrawn from the node by the next sweep; whoever pays meanwhile is credited all the same."""
        if not has_role(request, OFFICE):
            raise PermissionDenied
        cancelled = sum(notices.cancel(notice=notice) for notice in rows)
        self.message_user(request, f"Avvisi annullati: {cancelled}.")

    @admin.action(description="Sposta la scadenza degli avvisi scelti")
    def postpone_chosen(self, request: HttpRequest, rows: QuerySet[Notice]) -> TemplateResponse | None:
        """The node hears of it within two minutes; the paper that the families have still shows the old date."""
        if not has_role(request, OFFICE):
            raise PermissionDenied
        form = PostponeForm(request.POST if "apply" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Sposta la scadenza",
                "opts": self.model._meta,
                "rows": rows,
                "form": form,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/postpone_notices.html", context)
        try:
            changed = notices.postpone(
                notices=rows,
                due_date=form.cleaned_data["due_date"],
                by=cast(User, request.user),
                now=clock.now(),
            )
        except PaymentRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, f"Avvisi con la nuova scadenza: {changed}.")
        return None


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


@admin.register(IoMessage)
class IoMessageAdmin(ReadOnlyAdmin):
    list_display = ("event", "guardian", "state", "planned_at", "sent_at", "attempts")
    list_filter = ("state", "event")
    list_select_related = ("guardian",)
    search_fields = ("guardian__sort_key", "=guardian__fiscal_code")
    exclude = ("cause",)
    ordering = ("-pk",)


@admin.register(RecoveryCall)
class RecoveryCallAdmin(ReadOnlyAdmin):
    list_display = ("asked_at", "iur", "iuv", "outcome")
    list_filter = ("outcome",)
    search_fields = ("=iur", "=iuv")
    ordering = ("-pk",)


@admin.register(SettlementReport)
class SettlementReportAdmin(ReadOnlyAdmin):
    list_display = ("fdr", "psp_name", "revision", "regulation_date", "payments", "total", "channel")
    list_filter = ("channel",)
    search_fields = ("=fdr", "=lines__iur", "=lines__iuv")
    exclude = ("raw",)
    ordering = ("-pk",)


@admin.register(TreasuryCredit)
class TreasuryCreditAdmin(ReadOnlyAdmin):
    list_display = ("number", "year", "operation", "booked_on", "amount", "iuf", "source")
    list_filter = ("source", "operation")
    search_fields = ("=number", "=iuf", "=iuv")
    ordering = ("-pk",)


@admin.register(ReconciliationCase)
class ReconciliationCaseAdmin(ReadOnlyAdmin):
    list_display = ("key", "label", "day", "amount", "opened_at", "solved_at", "closed_at", "closed_by")
    list_filter = ("label",)
    list_select_related = ("closed_by",)
    search_fields = ("=key",)
    ordering = ("-pk",)
