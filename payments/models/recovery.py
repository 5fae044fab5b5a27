"""What has been asked of Biz-Events: it answers ten questions an hour, and a question is not asked for ever."""

from __future__ import annotations

from django.db import models


class RecoveryCall(models.Model):
    """One question for one missing receipt. Written before it is asked, so that a process that dies has asked."""

    class Outcome(models.TextChoices):
        ASKED = "asked", "chiesta"
        FOUND = "found", "arrivata"
        UNKNOWN = "unknown", "non trovata"
        SILENT = "silent", "nessuna risposta"

    asked_at = models.DateTimeField("chiesta il", db_index=True)
    iur = models.CharField("identificativo ricevuta", max_length=35, db_index=True)
    iuv = models.CharField("IUV", max_length=35, blank=True)
    outcome = models.CharField("esito", max_length=7, choices=Outcome.choices, default=Outcome.ASKED)

    class Meta:
        verbose_name = "ricevuta richiesta a pagoPA"
        verbose_name_plural = "ricevute richieste a pagoPA"

    def __str__(self) -> str:
        return f"richiesta di {self.iur}"
