"""The office's rules about credit and debt, and the messages of low credit."""

from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models import Owed
from wallets.models.wallet import Wallet


def low_credit_defaults() -> list[int]:
    """Meals left at which the family is told (domain.md, section 2)."""
    return [5, 2, 0, -3]


class WalletRules(Dated):
    """The office's rules about credit, debt and refunds, with the act that adopted them."""

    act = models.CharField("atto", max_length=160)
    low_credit_meals = models.JSONField(
        "avvisi di credito basso (pasti rimasti)", default=low_credit_defaults
    )
    tolerance_meals = models.PositiveSmallIntegerField("tolleranza sotto zero (pasti)", default=5)
    smallest_refund = models.DecimalField("rimborso minimo", max_digits=6, decimal_places=2, default=5)
    refund_within_days = models.PositiveSmallIntegerField("rimborso entro (giorni)", default=90)

    objects = DatedQuerySet["WalletRules"].as_manager()

    class Meta:
        verbose_name = "regole del borsellino"
        verbose_name_plural = "regole del borsellino"
        constraints = [
            never_overlap("wallet_rules_never_overlap"),
            ends_after_it_begins("wallet_rules_end_after_they_begin"),
        ]

    def __str__(self) -> str:
        return self.act


class LowCreditAlert(Owed):
    """One message per threshold crossed; a top-up above the threshold closes the row, so that it may be sent again."""

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="alerts", verbose_name="borsellino")
    threshold = models.SmallIntegerField("pasti rimasti")
    crossed_at = models.DateTimeField("superata il")
    sent_at = models.DateTimeField("inviato il", null=True, blank=True)
    reset_at = models.DateTimeField("rientrata il", null=True, blank=True)

    class Meta:
        verbose_name = "avviso di credito basso"
        verbose_name_plural = "avvisi di credito basso"
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "threshold"],
                condition=Q(reset_at__isnull=True),
                name="one_alert_per_crossing",
            )
        ]
        indexes = [
            models.Index(
                fields=["wallet"],
                name="alerts_to_send",
                condition=Q(sent_at__isnull=True, reset_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.threshold} pasti"
