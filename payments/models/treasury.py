"""What the treasurer says about the money that arrived, and what the office decides about it.

Journals, credits and annulments are evidence: never changed, never deleted (migrations 0003 and following).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime


class TreasuryJournal(models.Model):
    """A file of the treasurer that was loaded: what was taken of it. The file itself names other citizens and is not kept."""

    class Kind(models.TextChoices):
        OPI = "opi", "giornale di cassa OPI"
        CSV = "csv", "elenco CSV"

    kind = models.CharField("tipo", max_length=3, choices=Kind.choices)
    digest = models.CharField("impronta del file", max_length=64, unique=True)
    taken = models.PositiveIntegerField("accrediti presi")
    known = models.PositiveIntegerField("accrediti già presenti")
    left_out = models.PositiveIntegerField("movimenti non pagoPA")
    loaded_at = models.DateTimeField("caricato il")
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )

    class Meta:
        verbose_name = "giornale di cassa"
        verbose_name_plural = "giornali di cassa"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} del {localtime(self.loaded_at):%d/%m/%Y}"


class TreasuryCreditQuerySet(models.QuerySet["TreasuryCredit"]):
    def standing(self) -> TreasuryCreditQuerySet:
        """Without those that the office has annulled, or a journal has put right."""
        return self.filter(annulment__isnull=True)


class TreasuryCredit(models.Model):
    """A movement of the treasurer's journal: money that arrived on the town's account (sospeso di entrata), or its cancellation.
    Of a number that was annulled the next one is a new row, one `edition` later."""

    class Operation(models.TextChoices):
        CREDIT = "credit", "accredito"
        CANCELLED = "cancelled", "storno"

    class Source(models.TextChoices):
        OPI = "opi", "giornale di cassa OPI"
        CSV = "csv", "elenco CSV"
        HAND = "hand", "scritto a mano"

    year = models.PositiveSmallIntegerField("esercizio")
    number = models.CharField("numero del sospeso", max_length=20)
    operation = models.CharField("operazione", max_length=9, choices=Operation.choices, default="credit")
    edition = models.PositiveSmallIntegerField("stesura", default=1)
    amount = models.DecimalField("importo", max_digits=12, decimal_places=2)
    booked_on = models.DateField("data del movimento", db_index=True)
    value_day = models.DateField("valuta", null=True, blank=True)
    reference = models.CharField("causale", max_length=1000, blank=True)
    iuf = models.CharField("flusso nella causale", max_length=35, blank=True, db_index=True)
    iuv = models.CharField("IUV nella causale", max_length=35, blank=True)
    source = models.CharField("provenienza", max_length=4, choices=Source.choices)
    journal = models.ForeignKey(
        TreasuryJournal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name="giornale di cassa",
    )
    recorded_at = models.DateTimeField("registrato il")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="registrato da"
    )

    objects = TreasuryCreditQuerySet.as_manager()

    class Meta:
        verbose_name = "accredito del tesoriere"
        verbose_name_plural = "accrediti del tesoriere"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "number", "operation", "edition"], name="one_credit_per_number"
            ),
            models.CheckConstraint(name="credit_edition_from_one", condition=Q(edition__gte=1)),
            models.CheckConstraint(name="credit_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="credit_journal_follows_source",
                condition=Q(source="hand", journal__isnull=True)
                | ~Q(source="hand") & Q(journal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"sospeso {self.number}/{self.year}"

    @property
    def may_be_annulled(self) -> bool:
        """What the office has written or listed; an OPI journal is the treasurer's own word."""
        return self.source != self.Source.OPI


class CreditAnnulment(models.Model):
    """A credit that should not have been written: from then on it does not count, and stays to be read with who and why."""

    credit = models.OneToOneField(
        TreasuryCredit, models.PROTECT, related_name="annulment", verbose_name="accredito"
    )
    reason = models.CharField("perché", max_length=300)
    annulled_at = models.DateTimeField("annullato il")
    annulled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="annullato da"
    )

    class Meta:
        verbose_name = "accredito annullato"
        verbose_name_plural = "accrediti annullati"
        constraints = [models.CheckConstraint(name="annulment_says_why", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.credit_id}: {self.reason}"


class CreditMatch(models.Model):
    """A person says which report a credit pays, when the bank has spoilt its reference. Taken back, it stays written."""

    credit = models.ForeignKey(
        TreasuryCredit, models.PROTECT, related_name="matches", verbose_name="accredito"
    )
    fdr = models.CharField("identificativo flusso", max_length=35)
    decided_at = models.DateTimeField("deciso il")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="deciso da"
    )
    withdrawn_at = models.DateTimeField("ritirato il", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="ritirato da",
    )

    class Meta:
        verbose_name = "accredito abbinato a mano"
        verbose_name_plural = "accrediti abbinati a mano"
        constraints = [
            models.UniqueConstraint(
                fields=["credit"], condition=Q(withdrawn_at__isnull=True), name="one_match_per_credit"
            ),
            models.CheckConstraint(
                name="withdrawn_match_says_by_whom",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id}: {self.fdr}"
