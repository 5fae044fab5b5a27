from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "attendance"
    verbose_name = "Presenze e pasti"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        """The statement of a wallet says what attendance knows of each charge."""
        from attendance import statement_remarks
        from wallets import remarks

        remarks.register(statement_remarks.tell)
