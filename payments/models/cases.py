"""A case is the office's work about something that does not match. It changes state, the facts behind it do not."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payments.models.receipts import Receipt
from payments.models.settlement import SettlementLine, SettlementReport
from payments.models.treasury import TreasuryCredit
from payments.rules.labels import Label
from wallets.models import Entry

NOT_REVERSED = (
    "La banca ha ripreso i soldi. Se l'importo è quello della ricevuta il portale storna il borsellino entro pochi minuti; "
    "se è diverso, decidi tu con una rettifica. Poi avvisa la famiglia."
)
NEVER_CREDITED = (
    "Nessun borsellino è stato stornato. Se la ricevuta arriva più tardi, il portale la accredita e poi la storna; se i soldi "
    "sono già in un borsellino, decidi tu con una rettifica."
)
TO_PLACE = "Intanto scegli la famiglia tra le ricevute da abbinare."
NOT_PLACED = "La ricevuta è ancora da abbinare: nessun borsellino è stato toccato. Se la accrediti, il portale poi la storna."


class ReconciliationCaseQuerySet(models.QuerySet["ReconciliationCase"]):
    def open(self) -> ReconciliationCaseQuerySet:
        return self.filter(solved_at__isnull=True, closed_at__isnull=True)


class ReconciliationCase(models.Model):
    """Something that does not match. It ends by itself when the facts agree, or when a person closes it and says why."""

    LABELS = [(label.value, label.words) for label in Label]

    key = models.CharField("che cosa", max_length=120, unique=True)
    label = models.CharField("tipo", max_length=20)
    day = models.DateField("giorno", db_index=True)
    amount = models.DecimalField("importo", max_digits=12, decimal_places=2)
    reason = models.CharField("perché", max_length=400)
    receipt = models.ForeignKey(
        Receipt, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="ricevuta"
    )
    line = models.ForeignKey(
        SettlementLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        verbose_name="pagamento rendicontato",
    )
    report = models.ForeignKey(
        SettlementReport, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="flusso"
    )
    credit = models.ForeignKey(
        TreasuryCredit, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name="accredito"
    )
    reversal = models.OneToOneField(
        Entry, models.PROTECT, null=True, blank=True, related_name="case", verbose_name="storno"
    )
    recredit = models.OneToOneField(
        Entry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="recredited_case",
        verbose_name="riaccredito",
        help_text="Quando la banca ha ritirato la revoca.",
    )
    recovery_tried_at = models.DateTimeField("ricevuta richiesta il", null=True, blank=True)
    opened_at = models.DateTimeField("aperto il")
    solved_at = models.DateTimeField("risolto il", null=True, blank=True)
    closed_at = models.DateTimeField("chiuso il", null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="chiuso da",
    )
    note = models.CharField("motivo della chiusura", max_length=300, blank=True)

    objects = ReconciliationCaseQuerySet.as_manager()

    class Meta:
        verbose_name = "caso della quadratura"
        verbose_name_plural = "casi della quadratura"
        constraints = [
            models.CheckConstraint(
                name="case_label_is_known", condition=Q(label__in=[label.value for label in Label])
            ),
            models.CheckConstraint(
                name="closed_case_says_who_and_why",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, note="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(note=""),
            ),
            models.CheckConstraint(
                name="only_revoked_cases_have_a_reversal",
                condition=Q(reversal__isnull=True) | Q(label=Label.REVOKED.value),
            ),
            models.CheckConstraint(
                name="only_reversed_cases_are_recredited",
                condition=Q(recredit__isnull=True) | Q(reversal__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                F("day"),
                name="payments_open_cases",
                condition=Q(solved_at__isnull=True, closed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_open(self) -> bool:
        return self.solved_at is None and self.closed_at is None

    @property
    def words(self) -> str:
        """Its label for people."""
        return Label(self.label).words

    @property
    def to_do(self) -> str:
        """What the office does about it."""
        if (
            self.label == Label.RT_NO_IUF.value
            and self.receipt
            and self.receipt.state != Receipt.State.CREDITED
        ):
            return f"{TO_PLACE} {Label(self.label).to_do}"
        if self.label != Label.REVOKED.value or self.reversal_id is not None:
            return Label(self.label).to_do
        if self.receipt is None:
            return NEVER_CREDITED
        return NOT_REVERSED if self.receipt.state == Receipt.State.CREDITED else NOT_PLACED
