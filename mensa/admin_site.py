"""The office's admin panel: the stock Django admin, in Italian, behind staff role and second factor."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class MensaAdminSite(admin.AdminSite):
    site_title = site_header = "Mensa scolastica"
    index_title = "Ufficio"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        from identity.admin_access import has_admin_access

        return has_admin_access(request)


class MensaAdminConfig(AdminConfig):
    default_site = "mensa.admin_site.MensaAdminSite"
