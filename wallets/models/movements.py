"""The movements: ``Charge`` (many rows: what a day costs, keyed by day, see docs/adr/0004) and ``Entry`` (few rows: everything
else). Both only ever grow; the balance is moved by their triggers and by nothing else. What Django cannot say about them
(append only, exact reversals, partitions) is in migration 0002."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

from enrolments.models import Explanation, Pupil
from wallets.models.wallet import Wallet


class Entry(models.Model):
    """A movement that is not a daily charge. Never changed, never deleted; a mistake is reversed, once, exactly."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", "ricarica"
        REFUND = "refund", "rimborso"
        RECREDIT = "recredit", "rimborso tornato indietro"
        ADJUSTMENT = "adjustment", "rettifica"
        TRANSFER = "transfer", "giroconto tra fratelli"
        REVERSAL = "reversal", "storno"

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="entries", verbose_name="borsellino")
    kind = models.CharField("tipo", max_length=12, choices=Kind.choices)
    amount = models.DecimalField("importo", max_digits=9, decimal_places=2)
    cause = models.CharField("causa", max_length=120, unique=True, help_text="Una causa, un movimento.")
    value_day = models.DateField("data valuta")
    pupil = models.ForeignKey(
        Pupil,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="alunno",
        help_text="Se il pagamento è per un figlio.",
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name="storna"
    )
    reason = models.CharField("spiegazione", max_length=300, blank=True)
    details = models.JSONField("dati", default=dict, blank=True)
    recorded_at = models.DateTimeField("registrato il")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="registrato da",
    )

    class Meta:
        verbose_name = "movimento"
        verbose_name_plural = "movimenti"
        constraints = [
            models.CheckConstraint(
                name="entry_sign_follows_kind",
                condition=Q(kind__in=["top_up", "recredit"], amount__gt=0)
                | Q(kind="refund", amount__lt=0)
                | Q(kind__in=["adjustment", "transfer", "reversal"]) & ~Q(amount=0),
            ),
            models.CheckConstraint(
                name="only_reversals_reverse",
                condition=Q(kind="reversal", reverses__isnull=False)
                | ~Q(kind="reversal") & Q(reverses__isnull=True),
            ),
            models.CheckConstraint(
                name="adjustments_have_author_and_reason",
                condition=~Q(kind="adjustment") | Q(recorded_by__isnull=False) & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount:.2f} €".replace(".", ",")


EVEN_OR_ODD = Mod(F("revision"), 2)


class Charge(models.Model):
    """What a day costs a wallet for a child. Even revision: a charge (below zero); odd: the exact reversal of the one before.

    At most one net debit per (day, child) by construction. The key begins with the day so that a night touches a few pages
    however long the history is; no other index. Partitioned by school year (see migration 0002).
    """

    pk = models.CompositePrimaryKey("service_day", "pupil_id", "revision")
    service_day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name="alunno"
    )
    revision = models.SmallIntegerField("revisione")
    wallet = models.ForeignKey(
        Wallet,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="borsellino",
    )
    amount = models.DecimalField("importo", max_digits=9, decimal_places=2)
    posted_on = models.DateField("registrato il")
    explanation = models.ForeignKey(
        Explanation,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="spiegazione",
    )

    class Meta:
        verbose_name = "addebito"
        verbose_name_plural = "addebiti"
        constraints = [
            models.CheckConstraint(
                name="charge_sign_follows_revision",
                condition=Q(revision__gte=0)
                & (Q(amount__lt=0) & Q(Exact(EVEN_OR_ODD, 0)) | Q(amount__gt=0) & Q(Exact(EVEN_OR_ODD, 1))),
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_day} {self.amount}"


class Posting(models.Model):
    """A range of wallets that has had its first posting of a day: written in the same transaction as those charges.

    The exclusion constraint lets one first posting win; whoever comes second compares and posts the difference.
    """

    service_day = models.DateField("giorno")
    wallets = IntegerRangeField("borsellini")
    posted_on = models.DateField("registrato il")

    class Meta:
        verbose_name = "prima registrazione"
        verbose_name_plural = "prime registrazioni"
        constraints = [
            ExclusionConstraint(
                name="one_first_posting_per_day_and_wallet",
                expressions=[("service_day", RangeOperators.EQUAL), ("wallets", RangeOperators.OVERLAPS)],
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_day}"
