from django.apps import AppConfig


class MensaConfig(AppConfig):
    name = "mensa"
    verbose_name = "Mensa scolastica"

    def ready(self) -> None:
        """Every process may hand out a task and make a PDF: it needs the Celery application and the C libraries."""
        from mensa import celery  # noqa: F401
        from mensa.local import pango

        pango.preload()
