"""Default deny: a page that does not say who may open it is refused."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

#: Pages that are not ours and guard themselves: the admin asks its own login, allauth's account and MFA pages ask theirs.
GUARDED_ELSEWHERE = ("django.contrib.admin.", "mensa.admin", "import_export.")
STATIC_VIEWS = ("django.contrib.staticfiles.views.", "django.views.static.")
ALLAUTH_VIEWS = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_reauthenticate_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
    }
)


class DefaultDenyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> None:
        match = request.resolver_match
        if states_its_access(view, match.view_name if match else ""):
            return
        raise PermissionDenied("Questa pagina non dichiara chi può aprirla.")


def states_its_access(view: Callable[..., object], name: str) -> bool:
    """Also the question that the test over every URL asks."""
    if hasattr(view, "access") or name in ALLAUTH_VIEWS or name.startswith("admin:"):
        return True
    module = getattr(view, "__module__", "")
    return f"{module}.".startswith(GUARDED_ELSEWHERE) or module.startswith(STATIC_VIEWS)
