from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Pagamenti pagoPA"
    default_auto_field = "django.db.models.AutoField"
