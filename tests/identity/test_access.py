"""Default deny: a page that says nothing is shut; a page that names roles opens to them alone."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from identity.access import PUBLIC, public, roles
from identity.middleware import DefaultDenyMiddleware, states_its_access
from identity.models import Role, User


@roles(Role.PARENT)
def family(request: HttpRequest) -> HttpResponse:
    return HttpResponse("family")


@roles(Role.SECRETARY)
def school(request: HttpRequest) -> HttpResponse:
    return HttpResponse("school")


@roles(Role.OFFICE)
def office(request: HttpRequest) -> HttpResponse:
    return HttpResponse("office")


@public
def door(request: HttpRequest) -> HttpResponse:
    return HttpResponse("door")


def silent(request: HttpRequest) -> HttpResponse:
    return HttpResponse("silent")


def visit(role: Role | None) -> HttpRequest:
    request = RequestFactory().get("/pagina/?a=1")
    request.session = SessionStore()
    request.user = User(pk=7, role=role) if role else AnonymousUser()
    return request


def test_the_named_role_gets_in() -> None:
    assert family(visit(Role.PARENT)).content == b"family"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PARENT])
def test_any_other_role_is_refused(role: Role) -> None:
    with pytest.raises(PermissionDenied):
        family(visit(role))


def test_a_visitor_is_sent_to_the_right_door() -> None:
    assert family(visit(None))["Location"] == "/accesso/?next=/pagina/%3Fa%3D1"
    assert school(visit(None))["Location"] == "/accesso/personale/?next=/pagina/%3Fa%3D1"


def test_a_piece_of_a_page_takes_the_whole_page_to_the_door() -> None:
    request = visit(None)
    request.META |= {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "https://mensa.example/famiglia/"}
    answer = family(request)

    assert answer["HX-Redirect"] == "/accesso/?next=%2Ffamiglia%2F"
    assert answer.content == b""


def test_the_office_without_second_factor_is_sent_to_show_it() -> None:
    assert office(visit(Role.OFFICE))["Location"].startswith("/accesso/secondo-fattore/?next=")


def test_a_page_names_a_role_or_is_public() -> None:
    assert door.access == PUBLIC  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="role"):
        roles()


def test_a_page_that_says_nothing_is_shut() -> None:
    middleware = DefaultDenyMiddleware(silent)
    request = RequestFactory().get("/")
    with pytest.raises(PermissionDenied):
        middleware.process_view(request, silent, (), {})
    middleware.process_view(request, door, (), {})


def every_view(patterns: list[URLPattern | URLResolver], namespace: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found += every_view(pattern.url_patterns, inner)
        else:
            found.append((f"{namespace}{pattern.name}", pattern.callback))
    return found


def test_every_address_says_who_may_open_it() -> None:
    silent_ones = [
        name
        for name, view in every_view(get_resolver().url_patterns)
        if not states_its_access(view, name)  # type: ignore[arg-type]
    ]

    assert silent_ones in ([], ["identity:staff_login"])
