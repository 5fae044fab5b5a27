from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "attendance"
    verbose_name = "Presenze e pasti"
    default_auto_field = "django.db.models.AutoField"
