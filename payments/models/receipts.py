"""What was paid: the node's receipts and the papers families send."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from enrolments.models import Household, Owed, Pupil
from payments.models.notices import Notice
from wallets.models import Entry

if TYPE_CHECKING:
    from identity.models import User


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def to_review(self) -> ReceiptQuerySet:
        """A person has to place the money, or to look at something odd about money already placed."""
        flagged = ~Q(flag="") & Q(flag_closed_at__isnull=True) & Q(state=Receipt.State.CREDITED)
        return self.filter(Q(state=Receipt.State.TO_REVIEW) | flagged)

    def in_the_wallet(self) -> ReceiptQuerySet:
        """Credited and not taken back since, or given back after a revocation that the bank has withdrawn."""
        rows = self.filter(state=Receipt.State.CREDITED)
        return rows.exclude(
            entry__reversed_by__isnull=False, entry__reversed_by__case__recredit__isnull=True
        ).exclude(entry__reversed_by__case__recredit__reversed_by__isnull=False)

    def attested(self) -> ReceiptQuerySet:
        """For which the payer gets an attestation: confirmed by the node, and in the wallet."""
        return self.in_the_wallet().filter(confirmed_at__isnull=False)

    def with_id(self, fiscal_code: str, receipt_id: str) -> ReceiptQuerySet:
        """Papers and banks change the case of an identifier; of pairs older than this rule the first counts."""
        return self.filter(fiscal_code=fiscal_code, receipt_id__iexact=receipt_id).order_by("pk")


class Receipt(models.Model):
    """A pagoPA receipt (RT), stored raw before anything else. One receipt id, one credit, whatever the channel."""

    class Channel(models.TextChoices):
        SOAP = "soap", "nodo pagoPA"
        UPLOAD = "upload", "consegnata dal genitore"
        POLL = "poll", "richiesta al nodo"
        SETTLEMENT = "settlement", "rendicontazione"
        BIZ_EVENTS = "biz_events", "recuperata da pagoPA"

    class State(models.TextChoices):
        RECEIVED = "received", "ricevuta"
        CREDITED = "credited", "accreditata"
        TO_REVIEW = "to_review", "da abbinare"
        IGNORED = "ignored", "di un altro servizio"
        DUPLICATE = "duplicate", "già accreditata con un'altra"

    fiscal_code = models.CharField("codice fiscale ente", max_length=11)
    receipt_id = models.CharField("identificativo ricevuta", max_length=35)
    nav = models.CharField("numero avviso", max_length=18, blank=True, db_index=True)
    amount = models.DecimalField("importo pagato", max_digits=11, decimal_places=2)
    paid_at = models.DateTimeField("pagato il", null=True, blank=True)
    psp = models.CharField("prestatore del servizio", max_length=70, blank=True)
    fee = models.DecimalField("commissione", max_digits=9, decimal_places=2, null=True, blank=True)
    channel = models.CharField("canale", max_length=10, choices=Channel.choices)
    raw = models.TextField("documento ricevuto", blank=True)
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.RECEIVED)
    flag = models.CharField("segnalazione", max_length=200, blank=True)
    flag_closed_at = models.DateTimeField("segnalazione chiusa il", null=True, blank=True)
    notice = models.ForeignKey(
        Notice, models.PROTECT, null=True, blank=True, related_name="receipts", verbose_name="avviso"
    )
    entry = models.OneToOneField(
        Entry, models.PROTECT, null=True, blank=True, related_name="receipt", verbose_name="movimento"
    )
    received_at = models.DateTimeField("ricevuta il")
    confirmed_at = models.DateTimeField(
        "confermata dal nodo il", null=True, blank=True, help_text="Vuoto: vista solo su carta."
    )
    deliveries = models.PositiveIntegerField("consegne", default=1)
    same_as = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stands_for",
        verbose_name="già accreditata con",
        help_text="Di una messa da parte: la ricevuta che ha già questi soldi.",
    )

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = "ricevuta telematica"
        verbose_name_plural = "ricevute telematiche"
        constraints = [
            models.UniqueConstraint(F("fiscal_code"), Upper("receipt_id"), name="one_receipt_per_id"),
            models.CheckConstraint(name="receipt_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="only_a_duplicate_has_another", condition=Q(same_as__isnull=True) | Q(state="duplicate")
            ),
            models.CheckConstraint(
                name="credited_receipt_above_zero", condition=~Q(state="credited") | Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="credited_receipt_has_entry",
                condition=Q(state="credited", entry__isnull=False)
                | ~Q(state="credited") & Q(entry__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"ricevuta {self.receipt_id}"


class UploadedReceiptQuerySet(models.QuerySet["UploadedReceipt"]):
    def of_parent(self, user: User) -> UploadedReceiptQuerySet:
        return self.filter(household__in=Household.objects.of_parent(user))

    def undecided(self) -> UploadedReceiptQuerySet:
        return self.filter(state__in=[UploadedReceipt.State.RECEIVED, UploadedReceipt.State.IN_REVIEW])


class UploadedReceipt(Owed):
    """A receipt the parent sends after paying on the town's external portal; the office decides, and owes the answer by mail."""

    class State(models.TextChoices):
        RECEIVED = "received", "ricevuta"
        IN_REVIEW = "in_review", "in verifica"
        MATCHED = "matched", "accreditata"
        DUPLICATE = "duplicate", "già presente"
        REJECTED = "rejected", "respinta"

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="uploaded_receipts", verbose_name="famiglia"
    )
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="per"
    )
    file = models.FileField("file", upload_to="ricevute/")
    preview = models.FileField("anteprima", upload_to="ricevute/", blank=True)
    file_digest = models.CharField("impronta del file", max_length=64, db_index=True)
    content_type = models.CharField("tipo di file", max_length=40)
    declared_amount = models.DecimalField("importo dichiarato", max_digits=9, decimal_places=2)
    declared_paid_on = models.DateField("pagato il")
    declared_nav = models.CharField("numero avviso o IUV", max_length=35, blank=True)
    read_data = models.JSONField("letto dal file", default=dict, blank=True)
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.RECEIVED)
    rejection_reason = models.CharField("motivo", max_length=300, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="inviata da"
    )
    uploaded_at = models.DateTimeField("inviata il")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="decisa da",
    )
    decided_at = models.DateTimeField("decisa il", null=True, blank=True)
    told_at = models.DateTimeField("risposta spedita il", null=True, blank=True, editable=False)
    receipt = models.ForeignKey(
        Receipt, models.PROTECT, null=True, blank=True, related_name="uploads", verbose_name="ricevuta"
    )

    objects = UploadedReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = "ricevuta consegnata"
        verbose_name_plural = "ricevute consegnate"
        constraints = [
            models.UniqueConstraint(
                fields=["household", "file_digest"],
                condition=~Q(state="rejected"),
                name="same_file_is_recognised",
            ),
            models.CheckConstraint(
                name="rejection_says_why", condition=~Q(state="rejected") | ~Q(rejection_reason="")
            ),
            models.CheckConstraint(
                name="matched_upload_has_receipt", condition=~Q(state="matched") | Q(receipt__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["decided_at"], name="uploads_to_tell", condition=Q(told_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"ricevuta del {self.declared_paid_on:%d/%m/%Y}"
