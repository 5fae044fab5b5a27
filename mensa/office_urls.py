"""Pages of the office that compose more than one app, under /ufficio/ in the namespace `mensa`."""

from django.urls import path

from mensa import books_views, intake_views, years_views

urlpatterns = [
    path("domande/", intake_views.lists, name="intake"),
    path("domande/<int:batch_id>/", intake_views.batch, name="intake_batch"),
    path("domande/<int:batch_id>/applica/", intake_views.apply, name="intake_apply"),
    path("domande/<int:batch_id>/scarta/", intake_views.discard, name="intake_discard"),
    path("domande/<int:batch_id>/escluse/", intake_views.excluded, name="intake_excluded"),
    path("anno/", years_views.change, name="years"),
    path("conti/", books_views.page, name="books"),
    path("conti/controlla/", books_views.check, name="books_check"),
]
