from django.apps import AppConfig

# First of all, while the process is small: where Python may not keep what it compiles, reading the calendars of the library
# takes twenty megabytes for a moment.
from enrolments.rules import national_days  # noqa: F401


class EnrolmentsConfig(AppConfig):
    name = "enrolments"
    verbose_name = "Iscrizioni e tariffe"
    default_auto_field = "django.db.models.AutoField"
