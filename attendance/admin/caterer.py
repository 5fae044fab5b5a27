"""The caterer's contact: closures and the kitchen's sheet are sent there."""

from django.contrib import admin

from attendance.models import Caterer
from enrolments.admin_access import OFFICE_AND_AUDITOR, OfficeAdmin


@admin.register(Caterer)
class CatererAdmin(OfficeAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("name", "email", "phone", "active", "served")
    filter_horizontal = ("schools",)
    ordering = ("name",)

    @admin.display(description="plessi serviti")
    def served(self, obj: Caterer) -> str:
        return ", ".join(sorted(school.name for school in obj.schools.all())) or "tutti"
