from django.apps import AppConfig


class EnrolmentsConfig(AppConfig):
    name = "enrolments"
    verbose_name = "Iscrizioni e tariffe"
    default_auto_field = "django.db.models.AutoField"
