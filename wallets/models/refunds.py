"""Credit given back, and the lists of transfers handed to the accounts office."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.models import Owed
from identity.encryption import EncryptedTextField
from wallets.models.movements import Entry
from wallets.models.wallet import Wallet


class RefundExport(models.Model):
    """The file of transfers handed to the accounts office, kept as it was handed over (it holds IBANs: encrypted)."""

    made_at = models.DateTimeField("preparato il")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="preparato da"
    )
    transfers = models.PositiveIntegerField("bonifici")
    total = models.DecimalField("totale", max_digits=12, decimal_places=2)
    content = EncryptedTextField("file")

    class Meta:
        verbose_name = "elenco di bonifici"
        verbose_name_plural = "elenchi di bonifici"

    def __str__(self) -> str:
        return f"elenco n. {self.pk}"


class Refund(Owed):
    """Credit given back at the end of the path: by bank transfer (pagoPA has no refund rail) or, when it is too small for
    one, to a brother's or sister's wallet or to the solidarity fund. The money leaves the wallet when it is approved.
    A transfer whose account is not known owes the family the mail that asks for it."""

    class Method(models.TextChoices):
        BANK = "bank", "bonifico"
        SIBLING = "sibling", "passaggio al borsellino di un fratello"
        SOLIDARITY = "solidarity", "fondo di solidarietà"

    class State(models.TextChoices):
        PREPARED = "prepared", "da controllare"
        APPROVED = "approved", "approvato"
        EXPORTED = "exported", "consegnato alla ragioneria"
        PAID = "paid", "pagato"
        BOUNCED = "bounced", "tornato indietro"
        CANCELLED = "cancelled", "annullato"

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="refunds", verbose_name="borsellino")
    amount = models.DecimalField("importo", max_digits=9, decimal_places=2)
    method = models.CharField("modo", max_length=10, choices=Method.choices, default=Method.BANK)
    to_wallet = models.ForeignKey(
        Wallet,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="borsellino del fratello",
    )
    holder = models.CharField("intestatario", max_length=120, blank=True)
    iban = EncryptedTextField("IBAN", blank=True)
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.PREPARED)
    prepared_at = models.DateTimeField("preparato il")
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="preparato da"
    )
    due_by = models.DateField("da pagare entro")
    asked_at = models.DateTimeField("conto chiesto il", null=True, blank=True, editable=False)
    approved_at = models.DateTimeField("approvato il", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="approvato da",
    )
    export = models.ForeignKey(
        RefundExport, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name="elenco"
    )
    paid_on = models.DateField("pagato il", null=True, blank=True)
    bounce_reason = models.CharField("perché è tornato indietro", max_length=200, blank=True)
    entry = models.OneToOneField(
        Entry, models.PROTECT, null=True, blank=True, related_name="refund", verbose_name="movimento"
    )
    recredit = models.OneToOneField(
        Entry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="riaccredito"
    )

    class Meta:
        verbose_name = "rimborso"
        verbose_name_plural = "rimborsi"
        constraints = [
            models.CheckConstraint(name="refund_above_zero", condition=Q(amount__gt=0)),
            models.UniqueConstraint(
                fields=["wallet"],
                condition=Q(state__in=["prepared", "approved"]),
                name="one_open_refund_per_wallet",
            ),
            models.CheckConstraint(
                name="refund_takes_the_money_when_approved",
                condition=Q(state="prepared", entry__isnull=True)
                | Q(
                    state__in=["approved", "exported", "paid", "bounced"],
                    entry__isnull=False,
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                )
                | Q(state="cancelled"),
            ),
            models.CheckConstraint(
                name="money_that_came_back_is_recredited",
                condition=Q(state__in=["prepared", "approved", "exported", "paid"], recredit__isnull=True)
                | Q(state="bounced", recredit__isnull=False)
                | Q(state="cancelled", entry__isnull=True, recredit__isnull=True)
                | Q(state="cancelled", entry__isnull=False, recredit__isnull=False),
            ),
            models.CheckConstraint(
                name="bank_refund_has_holder_and_iban",
                condition=~Q(method="bank", state__in=["approved", "exported", "paid", "bounced"])
                | ~Q(iban="") & ~Q(holder=""),
            ),
            models.CheckConstraint(
                name="only_bank_refunds_are_exported",
                condition=Q(method="bank", state__in=["exported", "paid", "bounced"], export__isnull=False)
                | Q(state__in=["prepared", "approved", "cancelled"], export__isnull=True)
                | Q(method__in=["sibling", "solidarity"], state="paid", export__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"rimborso n. {self.pk}"
