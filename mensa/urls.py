"""Every address of the portal; each app states its own."""

from django.contrib import admin
from django.urls import include, path

handler400 = "mensa.errors.bad_request"

admin.autodiscover()

urlpatterns = [
    path("", include("mensa.page_urls")),
    path("gestione/", admin.site.urls),
    path("accesso/", include("identity.urls")),
    path("", include("enrolments.urls")),
    path("", include("wallets.urls")),
    path("", include("attendance.urls")),
    path("", include("payments.urls")),
]
