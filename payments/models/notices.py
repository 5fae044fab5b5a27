"""The rules of payment, notices (debt positions) and the campaigns that mail them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enrolments.dated import Dated, DatedQuerySet, never_overlap
from enrolments.models import Household, Pupil, SchoolYear
from wallets.models import Wallet

if TYPE_CHECKING:
    import datetime as dt

    from identity.models import User


class PaymentRules(Dated):
    """The office's rules about notices and top-ups, with the act that adopted them."""

    act = models.CharField("atto", max_length=160)
    smallest_top_up = models.DecimalField("ricarica minima", max_digits=6, decimal_places=2, default=5)
    largest_top_up = models.DecimalField("ricarica massima", max_digits=7, decimal_places=2, default=1000)
    notice_meals = models.PositiveSmallIntegerField("pasti dell'avviso iniziale", default=30)
    notice_due_days = models.PositiveSmallIntegerField("scadenza dell'avviso (giorni)", default=30)
    payable_after_due = models.BooleanField("pagabile dopo la scadenza", default=True)

    objects = DatedQuerySet["PaymentRules"].as_manager()

    class Meta:
        verbose_name = "regole dei pagamenti"
        verbose_name_plural = "regole dei pagamenti"
        constraints = [never_overlap("payment_rules_never_overlap")]

    def __str__(self) -> str:
        return self.act


class Campaign(models.Model):
    """One notice per non-exempt child, worth N meals at that child's price, mailed as PDF: a resumable batch."""

    class State(models.TextChoices):
        DRAFT = "draft", "in preparazione"
        RUNNING = "running", "in corso"
        PAUSED = "paused", "sospesa"
        DONE = "done", "conclusa"

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="campaigns", verbose_name="anno scolastico"
    )
    name = models.CharField("nome", max_length=80, unique=True)
    meals = models.PositiveSmallIntegerField("pasti", default=30)
    price_day = models.DateField("prezzi del giorno")
    due_date = models.DateField("scadenza")
    state = models.CharField("stato", max_length=8, choices=State.choices, default=State.DRAFT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="creata da"
    )
    created_at = models.DateTimeField("creata il")
    finished_at = models.DateTimeField("conclusa il", null=True, blank=True)

    class Meta:
        verbose_name = "campagna di avvisi"
        verbose_name_plural = "campagne di avvisi"

    def __str__(self) -> str:
        return self.name


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of_parent(self, user: User) -> NoticeQuerySet:
        return self.filter(wallet__household__in=Household.objects.of_parent(user))

    def payable(self) -> NoticeQuerySet:
        return self.filter(state__in=[Notice.State.ISSUED, Notice.State.SENT])

    def for_children(self) -> NoticeQuerySet:
        """Those a family finds in its list; a top-up begun and left is nobody's debt."""
        return self.filter(pupil__isnull=False)

    def top_ups(self) -> NoticeQuerySet:
        """Asked for by the family itself, for the whole wallet."""
        return self.filter(pupil__isnull=True)

    def to_publish(self) -> NoticeQuerySet:
        return self.payable().filter(published_at__isnull=True)

    def to_update(self) -> NoticeQuerySet:
        """The node knows them as they were before the office changed them."""
        return self.payable().filter(published_at__isnull=False, revision__gt=F("published_revision"))

    def to_withdraw(self) -> NoticeQuerySet:
        """Also those whose publication was tried and got no answer: the node may know them all the same."""
        closed = [Notice.State.CANCELLED, Notice.State.EXPIRED]
        tried = Q(published_at__isnull=False) | Q(node_tried_at__isnull=False)
        return self.filter(tried, state__in=closed, withdrawn_at__isnull=True)

    def ripe(self, now: dt.datetime) -> NoticeQuerySet:
        """Without those that the node refused a little while ago."""
        return self.filter(Q(node_retry_at__isnull=True) | Q(node_retry_at__lte=now))


class Notice(models.Model):
    """A pagoPA payment notice (avviso) and its debt position. Paid is final."""

    class State(models.TextChoices):
        ISSUED = "issued", "emesso"
        SENT = "sent", "inviato"
        PAID = "paid", "pagato"
        EXPIRED = "expired", "scaduto"
        CANCELLED = "cancelled", "annullato"

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    nav = models.CharField("numero avviso", max_length=18, unique=True)
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="notices", verbose_name="borsellino")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name="alunno"
    )
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name="campagna"
    )
    amount = models.DecimalField("importo", max_digits=9, decimal_places=2)
    subject = models.CharField("causale", max_length=140)
    due_date = models.DateField("scadenza")
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.ISSUED)
    issued_at = models.DateTimeField("emesso il")
    published_at = models.DateTimeField("pubblicato sul nodo il", null=True, blank=True)
    sent_at = models.DateTimeField("inviato il", null=True, blank=True)
    sent_to = models.EmailField("inviato a", blank=True)
    send_error = models.CharField("errore di invio", max_length=200, blank=True)
    paid_at = models.DateTimeField("pagato il", null=True, blank=True)

    withdrawn_at = models.DateTimeField("ritirato dal nodo il", null=True, blank=True)
    revision = models.PositiveSmallIntegerField("revisione", default=0)
    published_revision = models.PositiveSmallIntegerField("revisione pubblicata", default=0)
    node_tried_at = models.DateTimeField("ultima chiamata al nodo", null=True, blank=True)
    node_retry_at = models.DateTimeField("da ritentare dopo", null=True, blank=True)
    node_error = models.CharField("rifiuto del nodo", max_length=200, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "avviso di pagamento"
        verbose_name_plural = "avvisi di pagamento"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "pupil", "wallet"], name="one_notice_per_child_and_campaign"
            ),
            models.CheckConstraint(name="notice_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="nav_is_18_digits", condition=Q(nav__regex=r"^[0-3][0-9]{17}$")),
            models.CheckConstraint(
                name="paid_notice_says_when",
                condition=Q(state="paid", paid_at__isnull=False) | ~Q(state="paid") & Q(paid_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"avviso {self.nav}"

    @property
    def iuv(self) -> str:
        """creditorReferenceId: the notice number without the aux digit (aux 3)."""
        return self.nav[1:]


class CampaignItem(models.Model):
    """A child of a campaign and the household that is asked to pay: what has been done and why it stopped.

    A mail cannot be sent exactly once. It is sent at most once: "in invio" is written before the mail leaves, and a row that
    stays there (the process died meanwhile) waits for a person, who knows whether to send again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "da fare"
        PREPARING = "preparing", "in preparazione"
        SENDING = "sending", "in invio"
        SENT = "sent", "inviato"
        FAILED = "failed", "da rivedere"

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="items", verbose_name="campagna", db_index=False
    )
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="+", verbose_name="alunno")
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="+", verbose_name="borsellino")
    meals = models.PositiveSmallIntegerField("pasti")
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.WAITING)
    claim = models.UUIDField("chi la sta lavorando", null=True, blank=True)
    claimed_at = models.DateTimeField("presa in carico il", null=True, blank=True)
    reason = models.CharField("motivo", max_length=200, blank=True)
    notice = models.OneToOneField(
        Notice,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="campaign_item",
        verbose_name="avviso",
    )

    class Meta:
        verbose_name = "avviso di una campagna"
        verbose_name_plural = "avvisi di una campagna"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "pupil", "wallet"], name="one_item_per_child_and_campaign"
            ),
            models.CheckConstraint(name="failed_item_says_why", condition=~Q(state="failed") | ~Q(reason="")),
            models.CheckConstraint(
                name="sent_item_has_notice",
                condition=~Q(state__in=["sending", "sent"]) | Q(notice__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["campaign", "state"], name="payments_item_by_state")]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.pupil.code}"
