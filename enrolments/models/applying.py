"""Enrolments and the files of applications they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap, with_deletions
from enrolments.models.families import Household, Pupil
from enrolments.models.schools import ClassGroup, SchoolYear

if TYPE_CHECKING:
    pass


@pghistory.track(*with_deletions())
class Enrolment(Dated):
    """A pupil in a class. A change of class ends one row the day before the next begins."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="enrolments", verbose_name="alunno")
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, related_name="enrolments", verbose_name="classe"
    )

    objects = DatedQuerySet["Enrolment"].as_manager()

    class Meta:
        verbose_name = "iscrizione"
        verbose_name_plural = "iscrizioni"
        constraints = [
            never_overlap("enrolments_never_overlap", "pupil"),
            ends_after_it_begins("enrolment_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} in {self.class_group}"


class ApplicationBatch(models.Model):
    """A file of applications the office has loaded: checked first (dry run), then applied; the same file again changes nothing."""

    class State(models.TextChoices):
        CHECKED = "checked", "controllato"
        APPLIED = "applied", "applicato"
        DISCARDED = "discarded", "scartato"

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="application_batches", verbose_name="anno scolastico"
    )
    file_name = models.CharField("file", max_length=120)
    file_digest = models.CharField(max_length=64)
    rows = models.JSONField(default=list, help_text="Le righe lette, già normalizzate.")
    report = models.JSONField(default=dict, help_text="Errori, avvisi e differenze riga per riga.")
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.CHECKED)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )
    uploaded_at = models.DateTimeField("caricato il")
    applied_at = models.DateTimeField("applicato il", null=True, blank=True)

    class Meta:
        verbose_name = "elenco di domande"
        verbose_name_plural = "elenchi di domande"
        constraints = [
            models.CheckConstraint(
                name="applied_batch_says_when",
                condition=Q(state="applied", applied_at__isnull=False)
                | ~Q(state="applied") & Q(applied_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class Application(models.Model):
    """The application (domanda) of a family for a child and a school year."""

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="applications", verbose_name="anno scolastico"
    )
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="applications", verbose_name="alunno")
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="applications", verbose_name="famiglia"
    )
    protocol = models.CharField("protocollo", max_length=40, blank=True)
    email = models.EmailField("e-mail indicata", blank=True, help_text="Qui vanno gli avvisi di pagamento.")
    batch = models.ForeignKey(
        ApplicationBatch, models.PROTECT, related_name="applications", null=True, blank=True
    )

    class Meta:
        verbose_name = "domanda"
        verbose_name_plural = "domande"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "pupil", "household"], name="one_application_per_pupil_household_and_year"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.year}"
