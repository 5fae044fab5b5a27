"""The pages that show more than one app, and those of the portal itself."""

from django.urls import include, path

from mensa import mailbox, views
from mensa.demo import clock_views

app_name = "mensa"

urlpatterns = [
    path("", views.home, name="home"),
    path("aiuto/", views.help_page, name="help"),
    path("privacy/", views.privacy, name="privacy"),
    path("accessibilita/", views.accessibility, name="accessibility"),
    path("salute/", views.health, name="health"),
    path("famiglia/", views.family, name="family"),
    path("ufficio/", views.office, name="office"),
    path("ufficio/", include("mensa.office_urls")),
    path("demo/orologio/", clock_views.move_clock, name="demo_clock"),
    path("posta/", mailbox.mailbox, name="mailbox"),
    path("posta/<slug:message_id>/", mailbox.message, name="mail"),
    path("posta/<slug:message_id>/<int:number>/", mailbox.attachment, name="mail_attachment"),
]
