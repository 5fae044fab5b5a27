"""The office's admin panel: the stock Django admin, in Italian, behind staff role and second factor."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

#: What the office opens every day comes first.
ORDER = ("enrolments", "attendance", "payments", "wallets", "identity")


class Options(AutocompleteJsonView):
    """The rows to choose from, told apart: two classes 1A, two children of one name."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "option_label", str)
        return {**super().serialize_result(obj, to_field_name), "text": label(obj)}


class MensaAdminSite(admin.AdminSite):
    site_title = site_header = "Mensa scolastica"
    index_title = "Ufficio"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        from identity.admin_access import has_admin_access

        return has_admin_access(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The panel opens on the state of the books."""
        from mensa import books

        return super().index(request, {**(extra_context or {}), "books": books.last()})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: (*ORDER, app["app_label"]).index(app["app_label"]))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, Options.as_view(admin_site=self)(request))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One door for the staff, with the second factor: the admin's own form never asks for it."""
        from django.contrib.auth.views import redirect_to_login

        wanted = request.GET.get("next") or reverse("admin:index")
        door = "identity:second_factor" if request.user.is_authenticated else "identity:staff_login"
        return redirect_to_login(wanted, reverse(door))


class MensaAdminConfig(SimpleAdminConfig):
    """The panel is gathered by the addresses that serve it (mensa/urls.py): a worker of the night never loads it."""

    default_site = "mensa.admin_site.MensaAdminSite"
