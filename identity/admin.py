"""The office's panel: people who sign in, identity providers, the register of logins, identities to link, views of sensitive data."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import codicefiscale

from identity import audit
from identity.encryption import fingerprints
from identity.models import (
    EidasPerson,
    IdentityProvider,
    Role,
    SamlExchange,
    SamlExchangeQuerySet,
    SensitiveKind,
    SensitiveView,
    User,
)
from mensa import clock

OFFICE_AND_AUDITOR = frozenset({Role.OFFICE, Role.AUDITOR})

if Group in admin.site._registry:
    admin.site.unregister(Group)  # what a person may do is one role, not a bag of permissions


class LookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that come from operations: the office and the auditor look, nobody changes."""

    list_per_page = 50

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(self.model._meta.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _has_role(request, OFFICE_AND_AUDITOR)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _has_role(request, OFFICE_AND_AUDITOR)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def _has_role(request: HttpRequest, allowed: frozenset[Role]) -> bool:
    user = request.user
    return isinstance(user, User) and (user.role in allowed or user.is_superuser)


@admin.register(User)
class UserAdmin(LookAdmin):
    """The office may suspend an access and correct an address; roles and passwords are given with `create_staff`."""

    list_display = ("username", "last_name", "first_name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "last_name", "first_name")
    ordering = ("last_name", "first_name", "username")
    fields = (
        "username",
        "role",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "last_login",
        "date_joined",
    )
    readonly_fields = ("username", "role", "last_login", "date_joined")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody suspends themselves by mistake."""
        return _has_role(request, frozenset({Role.OFFICE})) and (obj is None or obj.pk != request.user.pk)


@admin.register(IdentityProvider)
class IdentityProviderAdmin(LookAdmin):
    list_display = ("name", "kind", "active", "certificates_end", "last_refresh")
    list_filter = ("kind", "active")
    exclude = ("certificates",)


@admin.register(SamlExchange)
class SamlExchangeAdmin(LookAdmin):
    """On request of the judiciary: who, when, with which provider. Searched by fiscal code only, and every search is logged."""

    list_display = ("requested_at", "provider", "outcome", "answered_at", "reason")
    list_filter = ("outcome", "provider")
    list_select_related = ("provider",)
    date_hierarchy = "requested_at"
    ordering = ("-requested_at",)
    search_fields = ("subject_print",)
    search_help_text = "Codice fiscale per intero. La ricerca resta scritta nel registro delle consultazioni."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SamlExchange], search_term: str
    ) -> tuple[QuerySet[SamlExchange], bool]:
        code = search_term.strip().upper()
        if not code:
            return queryset, False
        self._log(request, f"ricerca {fingerprints(code)[0][:16]}")
        return cast(SamlExchangeQuerySet, queryset).of_person(code), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.has_view_permission(request):
            self._log(request, f"accesso {object_id}")
        return super().change_view(request, object_id, form_url, extra_context)

    def _log(self, request: HttpRequest, subject: str) -> None:
        if isinstance(request.user, User):
            audit.record_view(
                user=request.user, kind=SensitiveKind.REGISTER, subject=subject[:80], now=clock.now()
            )


class LinkForm(ModelForm):  # type: ignore[type-arg]
    """A code typed wrong would open another family: it must be one, and of somebody born on the day the identity declares."""

    def clean_fiscal_code(self) -> str | None:
        code = "".join((self.cleaned_data["fiscal_code"] or "").split()).upper()
        if not code:
            return None
        try:
            born = codicefiscale.get_birth_date(codicefiscale.validate(code), minyear=1920)
        except StdnumError:
            raise ValidationError(
                "Il codice fiscale non è valido: controllalo sulla tessera sanitaria."
            ) from None
        declared = self.instance.birth_date[:10]
        if declared and declared != born.isoformat():
            raise ValidationError(
                "Questo codice fiscale è di una persona nata un altro giorno: controllalo sul documento."
            )
        return code


@admin.register(EidasPerson)
class EidasPersonAdmin(LookAdmin):
    """The office writes the fiscal code once it has seen a document of the person."""

    form = LinkForm
    list_display = ("id", "last_name", "first_name", "first_seen", "fiscal_code")
    search_fields = ("last_name", "first_name")
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "spid_code",
        "first_name",
        "last_name",
        "birth_date",
        "first_seen",
    )

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _has_role(request, frozenset({Role.OFFICE}))


@admin.register(SensitiveView)
class SensitiveViewAdmin(LookAdmin):
    list_display = ("at", "user", "kind", "subject")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("subject", "user__username")
    date_hierarchy = "at"
    ordering = ("-at",)
