"""Pages under /accesso/: ours in the namespace `identity`, allauth's for the staff under the names that allauth looks up."""

from allauth.account.views import login as staff_login
from django.urls import include, path, register_converter

from identity import views
from identity.spid.service import Scheme


class SchemeConverter:
    """`spid` or `cie` in an address."""

    regex = "spid|cie"

    def to_python(self, value: str) -> Scheme:
        return Scheme(value)

    def to_url(self, value: Scheme | str) -> str:
        return str(value)


register_converter(SchemeConverter, "scheme")

pages = [
    path("", views.login, name="login"),
    path("sconosciuto/", views.unknown, name="unknown"),
    path("informazioni/", views.help_page, name="help"),
    path("spid/stato/", views.spid_state, name="spid_state"),
    path("esci/", views.logout, name="logout"),
    path("personale/", staff_login, name="staff_login"),
    path("secondo-fattore/", views.second_factor_page, name="second_factor"),
    path("<scheme:scheme>/entra/<slug:code>/", views.start, name="start"),
    path("<scheme:scheme>/acs/", views.acs, name="acs"),
    path("<scheme:scheme>/acs/fine/", views.acs_finish, name="acs_finish"),
    path("<scheme:scheme>/uscita/", views.slo, name="slo"),
    path("<scheme:scheme>/metadata/", views.metadata, name="metadata"),
]

urlpatterns = [
    path("personale/", include("identity.staff_urls")),
    path("", include((pages, "identity"))),
]
