"""Who may enter the admin panel."""

from django.http import HttpRequest

from identity import second_factor
from identity.models import PANEL_ROLES, User


def has_admin_access(request: HttpRequest) -> bool:
    """An active member of the office, of the accounts or an auditor, with the second factor shown in this session."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return False
    return (user.role in PANEL_ROLES or user.is_superuser) and second_factor.is_shown(request, user)
