from django.urls import path

from attendance.views import closures, disputes, family, kitchen, light_meals, office, receipts, school

app_name = "attendance"
urlpatterns = [
    path("presenze/<slug:code>/", family.absences_of, name="absences"),
    path("presenze/<slug:code>/assente/", family.mark, name="mark"),
    path("presenze/<slug:code>/annulla/", family.undo, name="undo"),
    path("presenze/<slug:code>/ogni/", family.say_pattern, name="pattern"),
    path("presenze/<slug:code>/ogni/<int:pk>/fine/", family.end_pattern, name="pattern_end"),
    path("presenze/<slug:code>/ricevute/", receipts.receipts, name="receipts"),
    path("presenze/<slug:code>/ricevute/<slug:receipt_code>/", receipts.receipt, name="receipt"),
    path("presenze/<slug:code>/in-bianco/", light_meals.light_meals_of, name="light_meals"),
    path("ricevuta/", receipts.verify, name="verify_code"),
    path("ricevuta/<slug:receipt_code>/", receipts.verify, name="verify"),
    path("contestazioni/<slug:code>/<str:day>/", disputes.dispute, name="dispute"),
    path("contestazioni/<slug:code>/<int:pk>/ritira/", disputes.withdraw, name="dispute_withdraw"),
    path("ufficio/contestazioni/", disputes.queue, name="disputes"),
    path("ufficio/contestazioni/<int:pk>/", disputes.decide, name="dispute_decide"),
    path("scuola/", school.school, name="school"),
    path("scuola/<int:class_id>/<str:day>/", school.register, name="register"),
    path("cucina/", kitchen.sheet, name="kitchen"),
    path("ufficio/chiusure/", closures.closures_list, name="closures"),
    path("ufficio/chiusure/nuova/", closures.closure_new, name="closure_new"),
    path("ufficio/chiusure/<int:pk>/", closures.closure_detail, name="closure"),
    path("ufficio/chiusure/<int:pk>/avviso/", closures.closure_told, name="closure_told"),
    path("ufficio/chiusure/<int:pk>/avvisa/", closures.closure_tell, name="closure_tell"),
    path("ufficio/chiusure/<int:pk>/revoca/", closures.closure_revoke, name="closure_revoke"),
    path("ufficio/presenze/", office.pupils, name="pupils"),
    path("ufficio/presenze/<slug:code>/", office.correct, name="correct"),
    path("ufficio/notti/", office.nights_list, name="nights"),
]
