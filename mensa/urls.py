"""Every address of the portal; each app states its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("gestione/", admin.site.urls),
    path("accesso/", include("identity.urls")),
    path("", include("enrolments.urls")),
    path("", include("wallets.urls")),
    path("", include("attendance.urls")),
    path("", include("payments.urls")),
]
