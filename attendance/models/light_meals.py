"""The light meal (*pasto in bianco*) that a parent asks for a few days, without a certificate."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models

from enrolments.models import Pupil


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class LightMeal(models.Model):
    """A child eats light on that day. Taking it back removes the row, the history keeps it. It changes the plate, never the debit."""

    day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="light_meals", db_index=False, verbose_name="alunno"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="chiesto da"
    )
    asked_at = models.DateTimeField("chiesto il")

    class Meta:
        verbose_name = "pasto in bianco"
        verbose_name_plural = "pasti in bianco"
        constraints = [
            models.UniqueConstraint(fields=["day", "pupil"], name="one_light_meal_per_child_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}"
