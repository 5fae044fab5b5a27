from django.apps import AppConfig


class MensaConfig(AppConfig):
    name = "mensa"
    verbose_name = "Mensa scolastica"

    def ready(self) -> None:
        """Every process that may hand out a task needs the Celery application."""
        from mensa import celery  # noqa: F401
