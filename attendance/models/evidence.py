"""What a parent has said and can prove: the receipt of each word, and the weekdays said once for many weeks."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, never_overlap
from enrolments.models import Pupil


class PatternQuerySet(DatedQuerySet["AbsencePattern"]):
    def living(self) -> PatternQuerySet:
        """Those that no parent has ended."""
        return self.filter(ended_at__isnull=True)


@pghistory.track()
class AbsencePattern(Dated):
    """ "Every Wednesday until ...": said once by a parent, turned into words for each service day of the range.

    A day that becomes a service day later gets its word too, unless a parent has spoken of that day. Ending it takes back
    the words it made that are still open.
    """

    WEEKDAYS = [(0, "lunedì"), (1, "martedì"), (2, "mercoledì"), (3, "giovedì"), (4, "venerdì")]

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="absence_patterns", verbose_name="alunno")
    weekday = models.PositiveSmallIntegerField("giorno della settimana", choices=WEEKDAYS)
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="detto da"
    )
    said_at = models.DateTimeField("detto il")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="finito da",
    )
    ended_at = models.DateTimeField("finito il", null=True, blank=True)

    objects = PatternQuerySet.as_manager()

    class Meta:
        verbose_name = "assenza ricorrente"
        verbose_name_plural = "assenze ricorrenti"
        constraints = [
            never_overlap("one_pattern_per_weekday", "pupil", "weekday", condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(
                name="pattern_has_a_last_day",
                condition=Q(valid_to__isnull=False, valid_to__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(name="pattern_is_of_a_school_day", condition=Q(weekday__range=(0, 4))),
            models.CheckConstraint(
                name="pattern_is_ended_by_somebody",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"ogni {self.get_weekday_display()} fino al {self.valid_to:%d/%m/%Y}"


class AbsenceReceipt(models.Model):
    """The proof of one word of a parent about one day: numbered within the year without gaps, with a code nobody can guess.

    Rows are only ever added (migration guards and the role's rights). What a receipt is worth today is not written on it:
    the last receipt of the day says it.
    """

    class Word(models.TextChoices):
        ABSENT = "absent", "assente"
        LATE = "late", "assente, oltre l'orario"
        BACK = "back", "assenza annullata"

    year = models.PositiveSmallIntegerField("anno")
    number = models.PositiveIntegerField("numero")
    code = models.CharField("codice", max_length=12, unique=True)
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="+", db_index=False, verbose_name="alunno")
    day = models.DateField("giorno")
    word = models.CharField("che cosa dice", max_length=6, choices=Word.choices)
    spoken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="detto da"
    )
    spoken_at = models.DateTimeField("ora del server")
    pattern = models.ForeignKey(
        AbsencePattern,
        models.PROTECT,
        null=True,
        related_name="receipts",
        verbose_name="assenza ricorrente",
    )
    digest = models.CharField("impronta", max_length=64)

    class Meta:
        verbose_name = "ricevuta di assenza"
        verbose_name_plural = "ricevute di assenza"
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="one_absence_receipt_per_number"),
            models.CheckConstraint(name="absence_receipts_count_from_one", condition=Q(number__gte=1)),
        ]
        indexes = [models.Index(fields=["day", "pupil"], name="absencereceipt_of_day")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """ "12/2026": the number as it is printed."""
        return f"{self.number}/{self.year}"

    @property
    def short_code(self) -> str:
        """The code in groups of four, as people read it aloud."""
        return "-".join(self.code[start : start + 4] for start in range(0, len(self.code), 4))
