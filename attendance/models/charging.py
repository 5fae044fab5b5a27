"""A day the night owes, what was decided and what was changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from enrolments.models import ClassGroup, Explanation, Pupil
from wallets.models import Wallet


class ServiceDay(models.Model):
    """A day the night owes. It closes only when what was due equals what was posted: the database checks."""

    class State(models.TextChoices):
        OPEN = "open", "aperto"
        FROZEN = "frozen", "in corso"
        CLOSED = "closed", "chiuso"

    day = models.DateField("giorno", unique=True)
    state = models.CharField("stato", max_length=6, choices=State.choices, default=State.OPEN)
    due_count = models.PositiveIntegerField("pasti dovuti", default=0)
    due_total = models.DecimalField("importo dovuto", max_digits=14, decimal_places=2, default=0)
    free_count = models.PositiveIntegerField("pasti esenti", default=0)
    posted_count = models.PositiveIntegerField("addebiti", default=0)
    posted_total = models.DecimalField("importo addebitato", max_digits=14, decimal_places=2, default=0)
    failed_count = models.PositiveIntegerField("senza prezzo", default=0)
    skipped = models.JSONField("esclusi per motivo", default=dict)
    started_at = models.DateTimeField("iniziato", null=True, blank=True)
    closed_at = models.DateTimeField("chiuso", null=True, blank=True)
    decided_times = models.PositiveIntegerField("volte in cui è stato deciso", default=0)
    work_ms = models.PositiveIntegerField("tempo di lavoro (ms)", default=0)

    class Meta:
        verbose_name = "giorno di servizio"
        verbose_name_plural = "giorni di servizio"
        constraints = [
            models.CheckConstraint(
                name="a_closed_day_tallies",
                condition=~Q(state="closed")
                | Q(
                    due_count=F("posted_count"),
                    due_total=F("posted_total"),
                    failed_count=0,
                    closed_at__isnull=False,
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class LateFact(models.Model):
    """Something that concerns a day has changed and the night has not weighed it yet. Rows are written by triggers on every
    table the decision reads (migration 0002) and taken away by the night; no child named: the whole day is weighed again."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField("giorno", db_index=True)
    pupil = models.ForeignKey(
        Pupil, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    source = models.CharField("che cosa è cambiato", max_length=60)

    class Meta:
        verbose_name = "fatto da rivedere"
        verbose_name_plural = "fatti da rivedere"

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.source}"


class DayChunk(models.Model):
    """A range of wallets of a frozen day, posted in one short transaction by any worker."""

    service_day = models.ForeignKey(ServiceDay, models.CASCADE, related_name="chunks", verbose_name="giorno")
    first_wallet = models.IntegerField()
    last_wallet = models.IntegerField()
    posted_at = models.DateTimeField("registrato il", null=True, blank=True)
    work_ms = models.PositiveIntegerField("tempo di lavoro (ms)", default=0)

    class Meta:
        verbose_name = "parte del giorno"
        verbose_name_plural = "parti del giorno"
        constraints = [
            models.UniqueConstraint(
                fields=["service_day", "first_wallet"], name="one_chunk_per_first_wallet"
            ),
            models.CheckConstraint(
                name="chunk_is_a_range_of_wallets", condition=Q(last_wallet__gte=F("first_wallet"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_day} {self.first_wallet}-{self.last_wallet}"


class Meal(models.Model):
    """A meal due on a day: who, which wallet, at what price and why. Frozen by the night before it posts; 0.00 when exempt.

    The key follows the work: a chunk of the night is a range of wallets of a day. One row per child and day by construction
    (one enrolment, one payer); the books check it.
    """

    pk = models.CompositePrimaryKey("day", "wallet_id", "pupil_id")
    day = models.DateField("giorno")
    wallet = models.ForeignKey(
        Wallet,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="borsellino",
    )
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name="alunno"
    )
    class_group = models.ForeignKey(
        ClassGroup,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="classe",
    )
    price = models.DecimalField("prezzo", max_digits=6, decimal_places=2)
    explanation = models.ForeignKey(
        Explanation,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="spiegazione",
    )
    verdict = models.CharField("regola", max_length=24)

    class Meta:
        verbose_name = "pasto"
        verbose_name_plural = "pasti"
        constraints = [models.CheckConstraint(name="meal_price_not_negative", condition=Q(price__gte=0))]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class MealChange(models.Model):
    """What a late fact has changed on a day already decided: the reason of the reversal the family will read."""

    day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name="alunno"
    )
    round = models.PositiveIntegerField("decisione numero")
    old_wallet = models.IntegerField(null=True)
    old_price = models.DecimalField("prezzo di prima", max_digits=6, decimal_places=2, null=True)
    new_wallet = models.IntegerField(null=True)
    new_price = models.DecimalField("prezzo di adesso", max_digits=6, decimal_places=2, null=True)
    why = models.CharField("motivo", max_length=300)
    explanation = models.ForeignKey(
        Explanation, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="spiegazione"
    )
    changed_at = models.DateTimeField("deciso il")

    class Meta:
        verbose_name = "pasto rivisto"
        verbose_name_plural = "pasti rivisti"
        constraints = [
            models.UniqueConstraint(fields=["day", "pupil", "round"], name="one_change_per_pupil_and_round")
        ]
        indexes = [
            models.Index(fields=["day", "old_wallet"], name="mealchange_of_old_wallet"),
            models.Index(fields=["day", "new_wallet"], name="mealchange_of_new_wallet"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class PricingFailure(models.Model):
    """A pupil who cannot be charged: the reason for the office; keeps the day open until mended."""

    day = models.DateField("giorno")
    pupil = models.ForeignKey(Pupil, models.CASCADE, related_name="+", verbose_name="alunno")
    reason = models.CharField("motivo", max_length=200)
    found_at = models.DateTimeField("trovato il")
    solved_at = models.DateTimeField("risolto il", null=True, blank=True)

    class Meta:
        verbose_name = "pasto senza prezzo"
        verbose_name_plural = "pasti senza prezzo"
        constraints = [models.UniqueConstraint(fields=["day", "pupil"], name="one_failure_per_pupil_and_day")]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}"
