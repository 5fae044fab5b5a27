"""Wallets and movements in the office's panel: to look at. Corrections have pages of their own, with reason and confirmation."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from enrolments.admin_access import OfficeAdmin, ReadOnlyAdmin
from identity.templatetags.pages import euro, signed_euro
from wallets.forms import WalletRulesForm
from wallets.models import DailyDigest, DigestCopy, Entry, LowCreditAlert, Wallet, WalletRules


class CreditFilter(admin.SimpleListFilter):
    title = "saldo"
    parameter_name = "saldo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("debito", "sotto zero"), ("zero", "a zero"), ("credito", "sopra zero")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        limits = {"debito": {"balance__lt": 0}, "zero": {"balance": 0}, "credito": {"balance__gt": 0}}
        return queryset.filter(**limits.get(self.value() or "", {}))


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ["code", "applicant", "money", "statement"]
    list_filter = [CreditFilter]
    search_fields = ["household__code", "household__applicant__sort_key", "household__applicant__fiscal_code"]
    list_select_related = ["household__applicant"]
    ordering = ["household__applicant__sort_key"]
    fields = ["household", "applicant", "money", "statement", "opened_at"]
    readonly_fields = ["applicant", "money", "statement"]

    @admin.display(description="famiglia", ordering="household__code")
    def code(self, wallet: Wallet) -> str:
        return wallet.household.code

    @admin.display(description="richiedente", ordering="household__applicant__sort_key")
    def applicant(self, wallet: Wallet) -> str:
        return str(wallet.household.applicant)

    @admin.display(description="saldo", ordering="balance")
    def money(self, wallet: Wallet) -> str:
        return euro(wallet.balance)

    @admin.display(description="movimenti")
    def statement(self, wallet: Wallet) -> SafeString:
        address = reverse("wallets:statement", args=[wallet.household.code])
        return format_html('<a href="{}">estratto conto</a>', address)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["recorded_at", "code", "kind", "money", "reason", "recorded_by", "undo"]
    list_filter = ["kind", "recorded_at"]
    search_fields = ["wallet__household__code", "cause"]
    list_select_related = ["wallet__household", "recorded_by", "reversed_by"]
    date_hierarchy = "recorded_at"
    exclude = ["details"]

    @admin.display(description="famiglia", ordering="wallet__household__code")
    def code(self, entry: Entry) -> str:
        return entry.wallet.household.code

    @admin.display(description="importo", ordering="amount")
    def money(self, entry: Entry) -> str:
        return signed_euro(entry.amount)

    @admin.display(description="storno")
    def undo(self, entry: Entry) -> SafeString | str:
        """The way to reverse it, unless it is a reversal or has one."""
        if entry.kind == Entry.Kind.REVERSAL:
            return "è uno storno"
        if hasattr(entry, "reversed_by"):
            return "già stornato"
        return format_html('<a href="{}">storna</a>', reverse("wallets:reverse", args=[entry.pk]))


@admin.register(LowCreditAlert)
class LowCreditAlertAdmin(ReadOnlyAdmin):
    list_display = ["code", "applicant", "threshold", "crossed_at", "sent_at", "reset_at"]
    list_filter = ["threshold"]
    list_select_related = ["wallet__household__applicant"]
    search_fields = ["wallet__household__code", "wallet__household__applicant__sort_key"]

    @admin.display(description="famiglia", ordering="wallet__household__code")
    def code(self, alert: LowCreditAlert) -> str:
        return alert.wallet.household.code

    @admin.display(description="richiedente", ordering="wallet__household__applicant__sort_key")
    def applicant(self, alert: LowCreditAlert) -> str:
        return str(alert.wallet.household.applicant)


@admin.register(DailyDigest)
class DailyDigestAdmin(ReadOnlyAdmin):
    list_display = ["day", "movements", "total", "digest"]


@admin.register(DigestCopy)
class DigestCopyAdmin(ReadOnlyAdmin):
    """Which auditor has got which digest."""

    list_display = ["digest", "auditor", "sent_at", "tries"]
    list_filter = [("sent_at", admin.EmptyFieldListFilter)]
    list_select_related = ["digest", "auditor"]


@admin.register(WalletRules)
class WalletRulesAdmin(OfficeAdmin):
    form = WalletRulesForm
    fields = WalletRulesForm.Meta.fields
    list_display = [
        "act",
        "valid_from",
        "valid_to",
        "tolerance_meals",
        "smallest_refund",
        "refund_within_days",
    ]
