"""Who may do what in the office's panel (domain.md, section 8): the office edits, accounts and auditor look.

Every admin of the project derives from `OfficeAdmin` (or `ReadOnlyAdmin`) and its inlines from `OfficeInline`, and says with
`editable_by` and `visible_to` what differs. Whoever is not listed does not see the model at all.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from enrolments.errors import Refused
from identity.models import Role, User

OFFICE = frozenset({Role.OFFICE})
ACCOUNTS = frozenset({Role.ACCOUNTS})
MONEY = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})
OFFICE_AND_AUDITOR = frozenset({Role.OFFICE, Role.AUDITOR})
NOBODY: frozenset[Role] = frozenset()


class AmountField(forms.DecimalField):
    """ "12,50", "12.50" and "4.500,00": beside a comma the dots only part the thousands."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(".", "") if isinstance(value, str) and "," in value else value)


#: Amounts are typed as people write them; an address without a scheme is https.
FIELDS: "Mapping[type[models.Field[Any, Any]], Mapping[str, Any]]" = {
    models.DecimalField: {"localize": True, "form_class": AmountField},
    models.URLField: {"assume_scheme": "https"},
}


class RoleTable:
    """The permission methods of a ModelAdmin or an inline, answered from the role of the user.

    `editable_by` may add and change; `removable_by` may delete (nobody, unless said: most rows are history).
    """

    editable_by: frozenset[Role] = OFFICE
    visible_to: frozenset[Role] = MONEY
    removable_by: frozenset[Role] = NOBODY

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request, self.visible_to | self.editable_by)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return has_role(request, self.visible_to | self.editable_by)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return has_role(request, self.editable_by)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return has_role(request, self.editable_by)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return has_role(request, self.removable_by)


class OfficeAdmin(RoleTable, admin.ModelAdmin):  # type: ignore[type-arg]
    """A list the office edits. An operation that refuses what was asked becomes an error of the form, with everything that was
    typed still in it; nothing is written."""

    formfield_overrides = FIELDS
    list_per_page = 50

    def option_label(self, obj: Any) -> str:
        """How a row reads where it is chosen among others."""
        return str(obj)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> "forms.ModelChoiceField[Any] | None":
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return labelled(field, self.admin_site)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(self.model._meta.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            reason = str(refusal)
        except IntegrityError as error:
            reason = self._sentence(error)
        request.refusal = reason  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change=change, **kwargs)
        reason = getattr(request, "refusal", "")
        return _refused(form, reason) if reason else form

    def _sentence(self, error: IntegrityError) -> str:
        """What the database refused, in the words of the constraint."""
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        for constraint in self.model._meta.constraints:
            if constraint.name == name and constraint.violation_error_message:
                return str(constraint.violation_error_message)
        return "Questi dati non stanno insieme a quelli già scritti: controlla le date e i valori. Niente è cambiato."


def _refused(form: "type[forms.ModelForm[Any]]", reason: str) -> "type[forms.ModelForm[Any]]":
    """The same form, which the operation has already refused."""

    class RefusedForm(form):  # type: ignore[misc, valid-type]
        def clean(self) -> None:
            super().clean()
            raise forms.ValidationError(reason)

    return RefusedForm


def labelled(
    field: "forms.ModelChoiceField[Any] | None", site: admin.AdminSite
) -> "forms.ModelChoiceField[Any] | None":
    """The field of a form, with its rows named as the list they come from names them."""
    chosen = site._registry.get(field.queryset.model) if field and field.queryset is not None else None
    if field and isinstance(chosen, OfficeAdmin):
        field.label_from_instance = chosen.option_label  # type: ignore[method-assign]
    return field


class ReadOnlyAdmin(OfficeAdmin):
    """A list that nobody edits here: rows come from operations."""

    editable_by = NOBODY


class OfficeInline(RoleTable, admin.TabularInline):  # type: ignore[type-arg]
    """``select_related``: what the words of a row need, fetched with the rows."""

    formfield_overrides = FIELDS
    extra = 0
    select_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.select_related) if self.select_related else rows


def has_role(request: HttpRequest, allowed: frozenset[Role]) -> bool:
    """A superuser of the panel counts as office."""
    user = request.user
    if not isinstance(user, User):
        return False
    return user.role in allowed or (user.is_superuser and Role.OFFICE in allowed)
