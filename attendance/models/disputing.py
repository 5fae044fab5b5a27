"""A charged meal that a parent disputes: the clock, the evidence, and an outcome that is an entry."""

from __future__ import annotations

from typing import Any

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.models import Owed, Pupil
from wallets.models import Entry, Wallet


@pghistory.track(exclude=["claimed_at", "tries", "reached"])
class Dispute(Owed):
    """A parent says that a charge is wrong. Accepted, it becomes an office correction: the night reverses the charge whose
    key is (day, pupil, revision), and the reversal is (day, pupil, revision + 1). In a closed year it is an adjustment.

    The evidence is gathered once, when the dispute is opened: words, receipts, roll-call, phase, verdict.
    """

    class State(models.TextChoices):
        OPEN = "open", "in attesa dell'ufficio"
        ACCEPTED = "accepted", "accolta"
        REJECTED = "rejected", "respinta"
        WITHDRAWN = "withdrawn", "ritirata"

    day = models.DateField("giorno del pasto")
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="disputes", verbose_name="alunno")
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="disputes", verbose_name="borsellino")
    revision = models.SmallIntegerField("revisione dell'addebito")
    amount = models.DecimalField("importo contestato", max_digits=9, decimal_places=2)
    words = models.CharField("che cosa dice la famiglia", max_length=500)
    evidence: models.JSONField[Any, Any] = models.JSONField("prove raccolte")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="aperta da"
    )
    opened_at = models.DateTimeField("aperta il")
    answer_by = models.DateField("risposta entro il")
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.OPEN)
    answer = models.CharField("risposta dell'ufficio", max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="decisa da",
    )
    decided_at = models.DateTimeField("decisa il", null=True, blank=True)
    adjustment = models.OneToOneField(
        Entry, models.PROTECT, null=True, blank=True, related_name="dispute", verbose_name="rettifica"
    )
    told_state = models.CharField("ultimo stato detto ai genitori", max_length=9, blank=True)

    class Meta:
        verbose_name = "contestazione"
        verbose_name_plural = "contestazioni"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "pupil"],
                condition=Q(state="open"),
                name="one_open_dispute_per_pupil_and_day",
            ),
            models.UniqueConstraint(
                fields=["day", "pupil", "revision"],
                condition=~Q(state="withdrawn"),
                name="one_dispute_per_charge",
            ),
            models.CheckConstraint(
                name="a_decided_dispute_says_who_and_when",
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_rejected_dispute_has_a_reason", condition=~Q(state="rejected") | ~Q(answer="")
            ),
            models.CheckConstraint(name="a_dispute_is_of_a_debit", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="only_an_accepted_dispute_is_adjusted",
                condition=Q(adjustment__isnull=True) | Q(state="accepted"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.day:%d/%m/%Y}"

    @property
    def label(self) -> str:
        """ "C12": how the office and the family call it."""
        return f"C{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
