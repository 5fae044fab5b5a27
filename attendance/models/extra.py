"""Meals that are nobody's debit: staff on duty, support teachers, a child who eats without being enrolled."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enrolments.models import ClassGroup, School


@pghistory.track()
class ExtraMeal(models.Model):
    """Meals of a day beyond the enrolled pupils, as the school declares them: cooked and counted, never charged.

    One row per (day, school, class, kind): declaring again replaces the number, 0 takes it away. Without a class it is the
    whole school's. A child who is not enrolled is a case that the office regularises.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", "docente in servizio"
        SUPPORT = "support", "docente di sostegno"
        UNENROLLED = "unenrolled", "alunno non iscritto alla mensa"

    day = models.DateField("giorno")
    school = models.ForeignKey(School, models.PROTECT, related_name="extra_meals", verbose_name="plesso")
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, null=True, blank=True, related_name="extra_meals", verbose_name="classe"
    )
    kind = models.CharField("chi mangia", max_length=10, choices=Kind.choices)
    count = models.PositiveSmallIntegerField("pasti")
    note = models.CharField(
        "nota per l'ufficio", max_length=200, blank=True, help_text="Mai una diagnosi o un motivo di salute."
    )
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="dichiarato da"
    )
    declared_at = models.DateTimeField("dichiarato il")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="regolarizzato da",
    )
    settled_at = models.DateTimeField("regolarizzato il", null=True, blank=True)

    class Meta:
        verbose_name = "pasto senza addebito"
        verbose_name_plural = "pasti senza addebito"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "school", "class_group", "kind"],
                name="one_number_of_extra_meals_per_class_and_kind",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="unenrolled_pupil_has_a_note", condition=~Q(kind="unenrolled") | ~Q(note="") | Q(count=0)
            ),
            models.CheckConstraint(
                name="extra_meal_is_settled_by_somebody",
                condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                | Q(settled_at__isnull=False, settled_by__isnull=False, settled_at__gte=F("declared_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school} {self.day:%d/%m/%Y}: {self.count}"
