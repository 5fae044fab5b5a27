"""Fares, and what a family has declared or been granted: each a dated row with its act."""

from __future__ import annotations

import datetime as dt
from typing import Self

import pghistory
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap, with_deletions
from enrolments.models.families import Household, Pupil
from enrolments.models.schools import Level
from identity.encryption import EncryptedTextField


@pghistory.track()
class FareTable(Dated):
    """The prices of a school level, as adopted by an act."""

    level = models.CharField("ordine", max_length=12, choices=Level.choices)
    act = models.CharField("atto", max_length=160, help_text="Per esempio: delibera G.C. n. 12 del 3/2/2026.")
    second_child_discount = models.DecimalField(
        "sconto secondo figlio (%)", max_digits=5, decimal_places=2, default=15
    )
    later_child_discount = models.DecimalField(
        "sconto terzo figlio e oltre (%)", max_digits=5, decimal_places=2, default=30
    )

    objects = DatedQuerySet["FareTable"].as_manager()

    class Meta:
        verbose_name = "tabella tariffe"
        verbose_name_plural = "tabelle tariffe"
        constraints = [
            never_overlap("fare_tables_never_overlap", "level"),
            ends_after_it_begins("fare_table_ends_after_it_begins"),
            models.CheckConstraint(
                name="discounts_are_percentages",
                condition=Q(second_child_discount__range=(0, 100), later_child_discount__range=(0, 100)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} dal {self.valid_from:%d/%m/%Y}"


@pghistory.track()
class FareBand(models.Model):
    """A band is stored by its upper bound only: published tables have gaps between bands. Empty bound: the top band."""

    table = models.ForeignKey(FareTable, models.PROTECT, related_name="bands", verbose_name="tabella")
    letter = models.CharField("fascia", max_length=4)
    isee_up_to = models.DecimalField("ISEE fino a", max_digits=12, decimal_places=2, null=True, blank=True)
    price = models.DecimalField("prezzo del pasto", max_digits=6, decimal_places=2)

    class Meta:
        verbose_name = "fascia"
        verbose_name_plural = "fasce"
        constraints = [
            models.UniqueConstraint(fields=["table", "letter"], name="one_band_per_letter"),
            models.UniqueConstraint(
                fields=["table", "isee_up_to"], name="one_band_per_bound", nulls_distinct=False
            ),
            models.CheckConstraint(name="band_price_not_negative", condition=Q(price__gte=0)),
        ]

    def __str__(self) -> str:
        return f"fascia {self.letter}"


@pghistory.track()
class IseeDeclaration(Dated):
    """An ISEE as it counts for prices: from the day the office's rule says to 31 December of its year (domain.md section 3)."""

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", "ISEE ordinario o minorenni"
        CURRENT = "current", "ISEE corrente"

    household = models.ForeignKey(Household, models.PROTECT, related_name="isee", verbose_name="famiglia")
    kind = models.CharField("tipo", max_length=10, choices=Kind.choices, default=Kind.ORDINARY)
    value = models.DecimalField("valore", max_digits=12, decimal_places=2)
    protocol = models.CharField("protocollo DSU", max_length=40, blank=True)
    filed_on = models.DateField("presentato il")
    has_omissions = models.BooleanField("con omissioni o difformità", default=False)

    objects = DatedQuerySet["IseeDeclaration"].as_manager()

    class Meta:
        verbose_name = "ISEE"
        verbose_name_plural = "ISEE"
        constraints = [
            never_overlap("isee_never_overlap", "household"),
            ends_after_it_begins("isee_ends_after_it_begins"),
            models.CheckConstraint(name="isee_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(name="isee_has_an_end", condition=Q(valid_to__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"ISEE di {self.household}"


@pghistory.track()
class Residence(Dated):
    """Where a household lives, as far as prices care. No row: resident."""

    household = models.ForeignKey(
        Household, models.PROTECT, related_name="residences", verbose_name="famiglia"
    )
    resident = models.BooleanField("residente nel comune", default=True)

    objects = DatedQuerySet["Residence"].as_manager()

    class Meta:
        verbose_name = "residenza"
        verbose_name_plural = "residenze"
        constraints = [
            never_overlap("residences_never_overlap", "household"),
            ends_after_it_begins("residence_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return "residente" if self.resident else "non residente"


@pghistory.track(*with_deletions())
class Exemption(Dated):
    class Kind(models.TextChoices):
        DISABILITY = "disability", "L. 104/1992 art. 3 c. 3"
        SOCIAL = "social", "servizi sociali"

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="exemptions", verbose_name="alunno")
    kind = models.CharField("motivo", max_length=12, choices=Kind.choices)
    act = models.CharField("atto", max_length=160)

    objects = DatedQuerySet["Exemption"].as_manager()

    class Meta:
        verbose_name = "esenzione"
        verbose_name_plural = "esenzioni"
        constraints = [
            never_overlap("exemptions_never_overlap", "pupil"),
            ends_after_it_begins("exemption_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"esenzione di {self.pupil}"


class DietQuerySet(DatedQuerySet["Diet"]):
    def with_certificate(self, day: dt.date) -> Self:
        """In use or to come, with a certificate that ends before the diet does: after it something has to happen."""
        outlives = Q(valid_to__isnull=True) | Q(valid_to__gt=models.F("certificate_until"))
        return self.overlapping(day, dt.date.max).filter(outlives, certificate_until__isnull=False)


@pghistory.track(*with_deletions(), exclude=["reason"])
class Diet(Dated):
    """What the kitchen must know (``code``) and, encrypted, why (the office only; every view is logged)."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="diets", verbose_name="alunno")
    code = models.CharField(
        "codice dieta", max_length=12, help_text="Ciò che vede la cucina, per esempio D-03."
    )
    reason = EncryptedTextField("motivo", blank=True)
    severe = models.BooleanField(
        "allergia grave",
        default=False,
        help_text="Il pasto resta sospeso finché dietista e cucina non hanno confermato.",
    )
    certificate_until = models.DateField(
        "il certificato vale fino al", null=True, blank=True, help_text="Vuoto: non scade."
    )

    objects = DietQuerySet.as_manager()

    class Meta:
        verbose_name = "dieta"
        verbose_name_plural = "diete"
        constraints = [
            never_overlap("diets_never_overlap", "pupil"),
            ends_after_it_begins("diet_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return self.code
