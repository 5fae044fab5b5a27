from django.apps import AppConfig
from django.core import checks


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Pagamenti pagoPA"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        from payments.checks import real_mode_is_complete

        checks.register(real_mode_is_complete, "payments")
