"""What was said of a child on a day, and the roll-call of a class."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models

from enrolments.models import ClassGroup, Pupil


@pghistory.track()
class Absence(models.Model):
    """What one source says of a child on a day: the parent's notice, the school's roll-call, the office's correction.

    One row per (day, child, source); ``absent`` may go back and forth, the history keeps every change. The verdict of the
    day comes from the rules, never from one row alone.
    """

    class Source(models.TextChoices):
        PARENT = "parent", "genitore"
        SCHOOL = "school", "scuola"
        OFFICE = "office", "ufficio"

    day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="absences", db_index=False, verbose_name="alunno"
    )
    source = models.CharField("chi lo dice", max_length=6, choices=Source.choices)
    absent = models.BooleanField("assente", default=True)
    in_time = models.BooleanField("in tempo", default=True)
    note = models.CharField("nota", max_length=200, blank=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="segnato da"
    )
    marked_at = models.DateTimeField("segnato il")

    class Meta:
        verbose_name = "assenza"
        verbose_name_plural = "assenze"
        constraints = [
            models.UniqueConstraint(fields=["day", "pupil", "source"], name="one_word_per_source_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}"


class ClassRegister(models.Model):
    """The roll-call of a class: confirmed means that who is not marked absent was seen present.

    ``form_key`` and ``form_turn``: which page wrote it last and how many times that page had changed its list; a page that
    was cut off may send again without being taken for a colleague.
    """

    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, related_name="registers", verbose_name="classe"
    )
    day = models.DateField("giorno")
    confirmed_at = models.DateTimeField("confermato il")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="confermato da"
    )

    form_key = models.CharField(max_length=36, blank=True, default="", db_default="", editable=False)
    form_turn = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = "appello"
        verbose_name_plural = "appelli"
        constraints = [
            models.UniqueConstraint(fields=["day", "class_group"], name="one_register_per_class_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.class_group} {self.day:%d/%m/%Y}"
