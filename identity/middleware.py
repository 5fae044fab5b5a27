"""Default deny: a page that does not say who may open it is refused."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from identity.staff_urls import STAFF_PAGES

#: Pages that are not ours and guard themselves: the admin asks `has_admin_access`, static files are for everybody.
GUARDED_ELSEWHERE = ("django.contrib.staticfiles.views", "django.views.static")


class DefaultDenyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., object], args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if not states_its_access(view, match.view_name if match else ""):
            raise PermissionDenied("Questa pagina non dichiara chi può aprirla.")


def states_its_access(view: Callable[..., object], name: str) -> bool:
    """Also the question that the test over every URL asks. `name` is the URL's, with its namespace."""
    if hasattr(view, "access") or name in STAFF_PAGES or name.startswith("admin:"):
        return True
    return getattr(view, "__module__", "") in GUARDED_ELSEWHERE
