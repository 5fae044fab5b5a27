from django.urls import path

from attendance.views import family, kitchen, office, school

app_name = "attendance"
urlpatterns = [
    path("presenze/<slug:code>/", family.absences_of, name="absences"),
    path("presenze/<slug:code>/assente/", family.mark, name="mark"),
    path("presenze/<slug:code>/annulla/", family.undo, name="undo"),
    path("scuola/", school.school, name="school"),
    path("scuola/<int:class_id>/<str:day>/", school.register, name="register"),
    path("cucina/", kitchen.sheet, name="kitchen"),
    path("ufficio/chiusure/", office.closures_list, name="closures"),
    path("ufficio/chiusure/nuova/", office.closure_new, name="closure_new"),
    path("ufficio/chiusure/<int:pk>/revoca/", office.closure_revoke, name="closure_revoke"),
    path("ufficio/presenze/", office.pupils, name="pupils"),
    path("ufficio/presenze/<slug:code>/", office.correct, name="correct"),
    path("ufficio/notti/", office.nights_list, name="nights"),
]
