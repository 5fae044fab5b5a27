"""What the books leave behind each day: the fingerprint of the movements, its copies to the auditors, the checks."""

from django.conf import settings
from django.db import models
from django.utils.timezone import localtime

from enrolments.models import Owed


class DailyDigest(models.Model):
    """The fingerprint of a day's movements chained to the day before: tampering by whoever owns the database shows."""

    day = models.DateField("giorno", unique=True)
    movements = models.PositiveIntegerField("movimenti")
    total = models.DecimalField("totale", max_digits=14, decimal_places=2)
    previous = models.CharField("impronta precedente", max_length=64, blank=True)
    digest = models.CharField("impronta", max_length=64)
    made_at = models.DateTimeField("calcolata il")

    class Meta:
        verbose_name = "impronta del giorno"
        verbose_name_plural = "impronte del giorno"

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class DigestCopy(Owed):
    """The digest of a day owed to an auditor by mail: outside this house nobody rewrites it."""

    digest = models.ForeignKey(DailyDigest, models.PROTECT, related_name="copies", verbose_name="impronta")
    auditor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="revisore"
    )
    sent_at = models.DateTimeField("spedita il", null=True, blank=True)

    class Meta:
        verbose_name = "copia dell'impronta"
        verbose_name_plural = "copie dell'impronta"
        constraints = [
            models.UniqueConstraint(fields=["digest", "auditor"], name="one_copy_per_digest_and_auditor")
        ]

    def __str__(self) -> str:
        return f"{self.digest} {self.auditor}"


class BooksCheck(models.Model):
    """One round of the checks of the books, with what did not tally: kept, so that the office reads the last and since when."""

    checked_at = models.DateTimeField("controllati il")
    checks = models.PositiveSmallIntegerField("controlli")
    findings = models.JSONField("ciò che non torna", default=list)

    class Meta:
        verbose_name = "controllo dei conti"
        verbose_name_plural = "controlli dei conti"

    def __str__(self) -> str:
        return f"{localtime(self.checked_at):%d/%m/%Y %H:%M}"
