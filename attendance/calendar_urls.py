"""The addresses of the calendar: what the school declares, months, feeds, the regional file, next year's draft."""

from django.urls import path

from attendance.views import school_days

urlpatterns = [
    path("scuola/giornate/", school_days.school_days_page, name="school_days"),
    path("scuola/giornate/<int:pk>/annulla/", school_days.school_day_undo, name="school_day_undo"),
]
