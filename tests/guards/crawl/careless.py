"""A portal written by somebody careless: the crawl must find each of these. Only the control of the test uses this urlconf."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from enrolments.models import Diet, IseeDeclaration, Pupil
from identity.access import public, roles
from identity.models import Role
from wallets.models import Wallet


@roles(Role.KITCHEN, Role.SECRETARY)
def plates(request: HttpRequest) -> HttpResponse:
    """The diet with its reason."""
    return HttpResponse(" ".join(diet.reason for diet in Diet.objects.all()))


@roles(Role.KITCHEN, Role.SECRETARY)
def debts(request: HttpRequest) -> HttpResponse:
    """What a family owes, where the roll is called."""
    return HttpResponse(f"Devono {-Wallet.objects.order_by('balance')[0].balance} EUR")


@roles(Role.AUDITOR)
def menus(request: HttpRequest) -> HttpResponse:
    """Which diets are served, to who checks the money."""
    return HttpResponse(" ".join(diet.code for diet in Diet.objects.all()))


@roles(Role.PARENT)
def any_child(request: HttpRequest, code: str) -> HttpResponse:
    """Whatever child is asked for."""
    return HttpResponse(f"Assenze di {Pupil.objects.get(code=code).first_name}")


@roles(Role.OFFICE, Role.ACCOUNTS)
def unlogged(request: HttpRequest) -> HttpResponse:
    """An ISEE and a diagnosis, and nobody writes it down."""
    return HttpResponse(
        f"{IseeDeclaration.objects.get().value} {Diet.objects.earliest('pk').reason} {Diet.objects.latest('pk').reason}"
    )


@public
def everybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(pupil.fiscal_code for pupil in Pupil.objects.all()))


@roles(Role.OFFICE)
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("una pagina rotta")


def unguarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("aperto")


unguarded.access = frozenset({Role.OFFICE})  # type: ignore[attr-defined]  # it says so and asks nobody

careless = [
    path("piatti/", plates, name="plates"),
    path("menu/", menus, name="menus"),
    path("debiti/", debts, name="debts"),
    path("bambino/<slug:code>/", any_child, name="any_child"),
    path("senza-traccia/", unlogged, name="unlogged"),
    path("tutti/", everybody, name="everybody"),
    path("rotta/", broken, name="broken"),
    path("aperta/", unguarded, name="unguarded"),
    path("dimenticata/<int:pk>/", unguarded, name="forgotten"),
]
urlpatterns = [path("", include((careless, "careless"))), path("", include("mensa.urls"))]
