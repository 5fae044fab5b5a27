"""Money only. A wallet knows no meal and no IUV: every movement has an amount, one cause and an explanation.

Two tables hold the movements: ``Charge`` (many rows: what a day costs, keyed by day, see docs/adr/0004) and ``Entry``
(few rows: everything else). Both only ever grow; the balance is moved by their triggers and by nothing else. What Django
cannot say about them (append only, exact reversals, partitions) is in migration 0002.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models import Explanation, Household, Owed, Pupil
from identity.encryption import EncryptedTextField
from identity.models import Role

if TYPE_CHECKING:
    from identity.models import User

MONEY_ROLES = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})


class WalletQuerySet(models.QuerySet["Wallet"]):
    def of_parent(self, user: User) -> WalletQuerySet:
        return self.filter(household__in=Household.objects.of_parent(user))

    def visible_to(self, user: User) -> WalletQuerySet:
        """A parent sees the family's own, who works with money sees all, nobody else any."""
        if user.role == Role.PARENT:
            return self.of_parent(user)
        return self.all() if user.role in MONEY_ROLES else self.none()


class Wallet(models.Model):
    """The family's electronic wallet (borsellino): one per household, for the whole school career."""

    household = models.OneToOneField(
        Household, models.PROTECT, related_name="wallet", verbose_name="famiglia"
    )
    balance = models.DecimalField("saldo", max_digits=12, decimal_places=2, default=0, editable=False)
    opened_at = models.DateTimeField("aperto il")

    objects = WalletQuerySet.as_manager()

    class Meta:
        verbose_name = "borsellino"
        verbose_name_plural = "borsellini"

    def __str__(self) -> str:
        return f"borsellino {self.household}"


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
        return f"{self.get_kind_display()} {self.amount}"


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


class DailyDigest(models.Model):
    """The fingerprint of a day's movements chained to the day before: tampering by whoever owns the database shows."""

    day = models.DateField("giorno", unique=True)
    movements = models.PositiveIntegerField("movimenti")
    total = models.DecimalField("totale", max_digits=14, decimal_places=2)
    previous = models.CharField("impronta precedente", max_length=64, blank=True)
    digest = models.CharField("impronta", max_length=64)
    made_at = models.DateTimeField("calcolata il")

    class Meta:
        verbose_name = "impronta del giorno"
        verbose_name_plural = "impronte del giorno"

    def __str__(self) -> str:
        return f"{self.day}"


class DigestCopy(Owed):
    """The digest of a day owed to an auditor by mail: outside this house nobody rewrites it."""

    digest = models.ForeignKey(DailyDigest, models.PROTECT, related_name="copies", verbose_name="impronta")
    auditor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="revisore"
    )
    sent_at = models.DateTimeField("spedita il", null=True, blank=True)

    class Meta:
        verbose_name = "copia dell'impronta"
        verbose_name_plural = "copie dell'impronta"
        constraints = [
            models.UniqueConstraint(fields=["digest", "auditor"], name="one_copy_per_digest_and_auditor")
        ]

    def __str__(self) -> str:
        return f"{self.digest} {self.auditor}"


class BooksCheck(models.Model):
    """One round of the checks of the books, with what did not tally: kept, so that the office reads the last and since when."""

    checked_at = models.DateTimeField("controllati il")
    checks = models.PositiveSmallIntegerField("controlli")
    findings = models.JSONField("ciò che non torna", default=list)

    class Meta:
        verbose_name = "controllo dei conti"
        verbose_name_plural = "controlli dei conti"

    def __str__(self) -> str:
        return f"{self.checked_at:%d/%m/%Y %H:%M}"
