"""The kitchen's sealed sheets, who has seen them, what left for the caterer, what was delivered."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from attendance.models.caterer import Caterer
from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models import Owed, School, SchoolYear

#: More portions than this for one school are a slip of the finger.
MOST_PORTIONS = 5000


class KitchenRules(Dated):
    """What the office has agreed with the caterer about the sheet, with the act."""

    act = models.CharField("atto", max_length=160)
    acknowledge_within_minutes = models.PositiveSmallIntegerField(
        "presa visione entro (minuti)", default=15, help_text="Dopo, allarme per l'ufficio e per la cucina."
    )
    variations_until = models.TimeField(
        "variazioni fino alle", default=dt.time(14, 0), help_text="Dopo, il pranzo è servito."
    )

    objects = DatedQuerySet["KitchenRules"].as_manager()

    class Meta:
        verbose_name = "regole del foglio della cucina"
        verbose_name_plural = "regole del foglio della cucina"
        constraints = [
            never_overlap("kitchen_rules_never_overlap"),
            ends_after_it_begins("kitchen_rules_end_after_they_begin"),
        ]

    def __str__(self) -> str:
        return self.act


class KitchenSheet(models.Model):
    """The portions of a school on a day, sealed: the sheet of the hour (sequence 0) and its numbered variations.

    The database gives number, previous fingerprint and fingerprint when the row is added; after that nobody changes it
    (migration guards and the role's rights). ``content`` is canonical JSON, kept as the text that was hashed.
    """

    class Kind(models.TextChoices):
        SHEET = "sheet", "foglio"
        VARIATION = "variation", "variazione"

    year = models.ForeignKey(SchoolYear, models.PROTECT, related_name="+", verbose_name="anno scolastico")
    number = models.PositiveIntegerField("numero")
    day = models.DateField("giorno")
    school = models.ForeignKey(School, models.PROTECT, related_name="kitchen_sheets", verbose_name="plesso")
    sequence = models.PositiveSmallIntegerField("ordine nel giorno", help_text="0 è il foglio.")
    kind = models.CharField("tipo", max_length=9, choices=Kind.choices)
    base = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="variations", verbose_name="foglio variato"
    )
    sealed_at = models.DateTimeField("sigillato il")
    content = models.TextField("contenuto")
    previous = models.CharField("impronta del foglio prima", max_length=64, blank=True)
    digest = models.CharField("impronta", max_length=64, unique=True)

    class Meta:
        verbose_name = "foglio della cucina"
        verbose_name_plural = "fogli della cucina"
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="one_kitchen_sheet_per_number"),
            models.UniqueConstraint(
                fields=["day", "school", "sequence"], name="one_kitchen_sheet_per_school_day_and_sequence"
            ),
            models.CheckConstraint(name="kitchen_sheets_count_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="kitchen_variation_has_its_base",
                condition=Q(kind="sheet", sequence=0, base__isnull=True)
                | Q(kind="variation", sequence__gte=1, base__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """ "12/2026-27": the number as it is printed."""
        return f"{self.number}/{self.year.label.replace('/', '-')}"

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads(self.content))


class SheetAcknowledgement(models.Model):
    """Who cooks has seen this sheet: once, by the link of the mail or signed in. Rows are only ever added."""

    sheet = models.OneToOneField(
        KitchenSheet, models.PROTECT, related_name="acknowledgement", verbose_name="foglio"
    )
    acknowledged_at = models.DateTimeField("visto il")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="utente"
    )
    caterer = models.ForeignKey(Caterer, models.PROTECT, null=True, related_name="+", verbose_name="gestore")
    name = models.CharField("chi ha visto", max_length=80, blank=True)

    class Meta:
        verbose_name = "presa visione"
        verbose_name_plural = "prese visione"
        constraints = [
            models.CheckConstraint(
                name="acknowledged_by_kitchen_or_caterer",
                condition=Q(user__isnull=False, caterer__isnull=True)
                | Q(user__isnull=True, caterer__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.who

    @property
    def who(self) -> str:
        by = self.user or self.caterer
        return f"{self.name} ({by})" if self.name else str(by)


class SheetMessage(Owed):
    """A mail that a sheet owes: to the caterer, or the alarm to the office. Written once, sent by whoever claims it."""

    class Kind(models.TextChoices):
        SHEET = "sheet", "foglio al gestore"
        ALARM = "alarm", "allarme all'ufficio"

    sheet = models.ForeignKey(KitchenSheet, models.PROTECT, related_name="messages", verbose_name="foglio")
    kind = models.CharField("tipo", max_length=5, choices=Kind.choices)
    caterer = models.ForeignKey(Caterer, models.PROTECT, null=True, related_name="+", verbose_name="gestore")
    sent_at = models.DateTimeField("spedito il", null=True)
    error = models.CharField("perché non è partito", max_length=200, blank=True)

    class Meta:
        verbose_name = "messaggio della cucina"
        verbose_name_plural = "messaggi della cucina"
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "kind", "caterer"],
                name="one_kitchen_message_per_sheet_and_caterer",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="sheet_goes_to_a_caterer_alarm_to_the_office",
                condition=Q(kind="sheet", caterer__isnull=False) | Q(kind="alarm", caterer__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.sheet_id}"


@pghistory.track()
class DeliveredPortions(models.Model):
    """How many portions reached a school on a day, as who delivers or receives them says; the history keeps every change."""

    day = models.DateField("giorno")
    school = models.ForeignKey(School, models.PROTECT, related_name="deliveries", verbose_name="plesso")
    portions = models.PositiveIntegerField(
        "porzioni consegnate", validators=[MaxValueValidator(MOST_PORTIONS)]
    )
    note = models.CharField("nota", max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="utente"
    )
    caterer = models.ForeignKey(Caterer, models.PROTECT, null=True, related_name="+", verbose_name="gestore")
    entered_at = models.DateTimeField("registrate il")

    class Meta:
        verbose_name = "consegna"
        verbose_name_plural = "consegne"
        constraints = [
            models.UniqueConstraint(fields=["day", "school"], name="one_delivery_per_school_and_day"),
            models.CheckConstraint(
                name="delivery_by_staff_or_caterer",
                condition=Q(user__isnull=False, caterer__isnull=True)
                | Q(user__isnull=True, caterer__isnull=False),
            ),
            models.CheckConstraint(
                name="delivered_portions_are_plausible", condition=Q(portions__lte=MOST_PORTIONS)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school} {self.day:%d/%m/%Y}: {self.portions}"
