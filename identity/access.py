"""Who may open a page. Every view says it with one of these two decorators; the middleware refuses a view that says nothing."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from identity import second_factor
from identity.models import Role

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

#: The value of `view.access` on a page that anybody may open.
PUBLIC: frozenset[Role] = frozenset()


def roles(
    *allowed: Role, readers: tuple[Role, ...] = (), before_second_factor: bool = False
) -> Callable[[View], View]:
    """Only these roles: an anonymous visitor goes to the login page, another role gets 403, and a role that works with
    everybody's data (office, accounts, auditor) must have shown a second factor in this session. `readers` look and send
    nothing: GET only. `before_second_factor` is for the page that asks for it."""
    if not allowed:
        raise ValueError("name at least one role, or use @public")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: object, **kwargs: object) -> HttpResponseBase:
            welcome = {*allowed, *readers} if request.method in {"GET", "HEAD"} else {*allowed}
            return refusal(request, frozenset(welcome), before_second_factor) or view(
                request, *args, **kwargs
            )

        guarded.access = frozenset({*allowed, *readers})  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def public(view: View) -> View:
    """Anybody may open this page."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def refusal(
    request: HttpRequest, allowed: frozenset[Role], before_second_factor: bool = False
) -> HttpResponseBase | None:
    """What keeps this visitor out: a redirect to sign in or to the second factor, a 403, or None when the door is open."""
    if not request.user.is_authenticated:
        return _sent_to(request, _login_url(allowed))
    user = request.user
    if user.role not in allowed:
        raise PermissionDenied("Questa pagina non è per il tuo ruolo.")
    if not before_second_factor and second_factor.is_missing(request, user):
        return _sent_to(request, reverse("identity:second_factor"))
    return None


def _sent_to(request: HttpRequest, door: str) -> HttpResponseBase:
    """To the door and back. A piece of a page asked by htmx takes the whole page there, or the door would open inside it."""
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path(), door)
    page = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
    return HttpResponse(headers={"HX-Redirect": f"{door}?{urlencode({'next': page})}"})


def _login_url(allowed: frozenset[Role]) -> str:
    return reverse("identity:login" if Role.PARENT in allowed else "identity:staff_login")
