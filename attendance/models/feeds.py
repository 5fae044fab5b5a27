"""Calendars to subscribe to, and the file of the regional calendar."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.models import ClassGroup, School, SchoolYear
from identity.encryption import EncryptedTextField


class CalendarFeed(models.Model):
    """An iCalendar address that nobody can guess: of a school, of a class (both without any child) or of a parent (the own
    children's days). Revoked, it answers no more; a new one has another address."""

    #: Shown again to whom it belongs, found by its digest (feeds.digest_of): a copy of the database opens no calendar.
    token = EncryptedTextField("codice dell'indirizzo")
    digest = models.CharField("impronta dell'indirizzo", max_length=64, unique=True)
    school = models.ForeignKey(
        School, models.PROTECT, null=True, blank=True, related_name="feeds", verbose_name="plesso"
    )
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, null=True, blank=True, related_name="feeds", verbose_name="classe"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="calendar_feeds",
        verbose_name="genitore",
    )
    created_at = models.DateTimeField("creato il")
    revoked_at = models.DateTimeField("revocato il", null=True, blank=True)

    class Meta:
        verbose_name = "calendario da sottoscrivere"
        verbose_name_plural = "calendari da sottoscrivere"
        constraints = [
            models.CheckConstraint(
                name="feed_has_one_subject",
                condition=Q(school__isnull=False, class_group__isnull=True, owner__isnull=True)
                | Q(school__isnull=True, class_group__isnull=False, owner__isnull=True)
                | Q(school__isnull=True, class_group__isnull=True, owner__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["school"], name="one_feed_per_school", condition=Q(revoked_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["class_group"], name="one_feed_per_class", condition=Q(revoked_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["owner"], name="one_feed_per_parent", condition=Q(revoked_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return str(self.school or self.class_group or self.owner)


class CalendarImport(models.Model):
    """A file of the regional calendar as it was uploaded: checked first, applied once. The same file again is this row."""

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="calendar_imports", verbose_name="anno scolastico"
    )
    name = models.CharField("nome del file", max_length=120)
    digest = models.CharField("impronta", max_length=64)
    content = models.TextField("contenuto")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )
    uploaded_at = models.DateTimeField("caricato il")
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="applicato da",
    )
    applied_at = models.DateTimeField("applicato il", null=True, blank=True)
    written = models.PositiveIntegerField("righe scritte", default=0)

    class Meta:
        verbose_name = "calendario caricato"
        verbose_name_plural = "calendari caricati"
        constraints = [
            models.UniqueConstraint(fields=["year", "digest"], name="one_calendar_import_per_file_and_year")
        ]

    def __str__(self) -> str:
        return self.name
