"""The price of a meal from a date to a date, and the reasons it was given."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models.families import Household, Pupil


class Explanation(models.Model):
    """Why a price or a correction is what it is: immutable, one row per distinct content, shared by all that have it."""

    digest = models.CharField(max_length=64, unique=True)
    facts = models.JSONField()

    class Meta:
        verbose_name = "spiegazione"
        verbose_name_plural = "spiegazioni"

    def __str__(self) -> str:
        return self.digest[:12]


class Price(Dated):
    """The price of a child's meal for a household, resolved ahead by the pure rule whenever a fact changes."""

    pupil = models.ForeignKey(Pupil, models.CASCADE, related_name="prices", verbose_name="alunno")
    household = models.ForeignKey(Household, models.CASCADE, related_name="prices", verbose_name="famiglia")
    amount = models.DecimalField("prezzo", max_digits=6, decimal_places=2)
    explanation = models.ForeignKey(Explanation, models.PROTECT, related_name="+", verbose_name="spiegazione")

    objects = DatedQuerySet["Price"].as_manager()

    class Meta:
        verbose_name = "prezzo"
        verbose_name_plural = "prezzi"
        constraints = [
            never_overlap("prices_never_overlap", "pupil", "household"),
            ends_after_it_begins("price_ends_after_it_begins"),
            models.CheckConstraint(name="price_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
