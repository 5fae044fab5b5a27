"""The addresses of the calendar: what the school declares, months, feeds, the regional file, next year's draft."""

from django.urls import path

from attendance.views import calendars, feed, months, school_days

urlpatterns = [
    path("scuola/giornate/", school_days.school_days_page, name="school_days"),
    path("scuola/giornate/<int:pk>/annulla/", school_days.school_day_undo, name="school_day_undo"),
    path("scuola/calendario/", months.school_calendar, name="school_calendar"),
    path("ufficio/calendario/", months.office_calendar, name="office_calendar"),
    path("ufficio/calendario/carica/", calendars.imports, name="calendar_imports"),
    path("ufficio/calendario/carica/esempio.csv", calendars.example, name="calendar_example"),
    path("ufficio/calendario/carica/<int:pk>/", calendars.checked, name="calendar_import"),
    path("ufficio/calendario/anno-prossimo/", calendars.draft, name="calendar_draft"),
    path("presenze/<slug:code>/calendario/", months.child_calendar, name="child_calendar"),
    path("presenze/<slug:code>/calendario/indirizzo/", months.own_feed, name="own_feed"),
    path("calendario/<slug:token>.ics", feed.feed, name="feed"),
    path("calendario/<slug:key>/indirizzo/", months.feed_open, name="feed_open"),
    path("calendario/<slug:key>/revoca/", months.feed_revoke, name="feed_revoke"),
]
