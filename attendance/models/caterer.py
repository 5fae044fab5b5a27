"""Who cooks and delivers, and how to reach them."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.db.models import Q

from enrolments.models import School


class CatererQuerySet(models.QuerySet["Caterer"]):
    def serving(self, school_ids: Collection[int]) -> CatererQuerySet:
        """The active ones that cook for at least one of these schools."""
        everywhere = Q(schools__isnull=True)
        return self.filter(everywhere | Q(schools__in=school_ids), active=True).distinct()


class Caterer(models.Model):
    """The company that cooks: a contact, edited by the office. Without schools it serves all of them."""

    name = models.CharField("nome", max_length=120, unique=True)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField("telefono", max_length=30, blank=True)
    schools = models.ManyToManyField(
        School,
        related_name="caterers",
        blank=True,
        verbose_name="plessi serviti",
        help_text="Nessuno: li serve tutti.",
    )
    active = models.BooleanField("attivo", default=True)

    objects = CatererQuerySet.as_manager()

    class Meta:
        verbose_name = "gestore della mensa"
        verbose_name_plural = "gestori della mensa"

    def __str__(self) -> str:
        return self.name
