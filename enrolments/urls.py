from django.urls import path

from enrolments.views import family, kitchen, office

app_name = "enrolments"
urlpatterns = [
    path("famiglia/diete/<slug:code>/", family.diets_of, name="diets"),
    path("famiglia/diete/richiesta/<uuid:token>/ritira/", family.withdraw, name="diet_withdraw"),
    path("famiglia/consultazioni/", family.who_has_seen, name="seen"),
    path("diete/certificato/<uuid:token>/", office.certificate, name="diet_certificate"),
    path("ufficio/diete/", office.inbox, name="diet_inbox"),
    path("ufficio/diete/<uuid:token>/", office.detail, name="diet_request"),
    path("ufficio/diete/<uuid:token>/accogli/", office.accept, name="diet_accept"),
    path("ufficio/diete/<uuid:token>/respingi/", office.reject, name="diet_reject"),
    path("ufficio/diete/conferme/<uuid:token>/", office.confirm, name="diet_confirm"),
    path("ufficio/diete/scadenze/<int:diet_id>/", office.renew, name="diet_renew"),
    path("cucina/diete/", kitchen.diets, name="kitchen_diets"),
    path("cucina/diete/<uuid:token>/", kitchen.confirm, name="kitchen_confirm"),
]
