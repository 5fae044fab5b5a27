"""What is told to parents in the app IO: one row per event and parent, written before anything is sent."""

from __future__ import annotations

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime

from enrolments.models import Guardian
from payments.models.notices import Notice


class IoMessage(models.Model):
    """A message for one adult. Like a mail it is sent at most once: what stays "in invio" nobody sends again by himself."""

    class Event(models.TextChoices):
        """Of the service model "Mensa scolastica" those that the portal knows of (docs/manuale/pagopa.md)."""

        OPENING = "opening", "iscrizioni aperte"
        NOTICE = "notice", "avviso di pagamento"
        DUE_SOON = "due_soon", "avviso in scadenza"
        UNPAID = "unpaid", "avviso non pagato"
        TOPPED_UP = "topped_up", "ricarica confermata"
        LOW_CREDIT = "low_credit", "credito basso"
        DEBT = "debt", "credito sotto zero"
        ENROLLED = "enrolled", "iscrizione accolta"
        WITHDRAWN = "withdrawn", "rinuncia al servizio"
        REDUCTIONS = "reductions", "agevolazioni da chiedere"
        BENEFIT = "benefit", "agevolazione registrata"
        BENEFIT_ENDS = "benefit_ends", "agevolazione in scadenza"
        DIET_ACCEPTED = "diet_accepted", "dieta accolta"
        DIET_REJECTED = "diet_rejected", "dieta non accolta"
        DIET_DROPPED = "diet_dropped", "richiesta di dieta ritirata"
        DIET_ENDS = "diet_ends", "dieta che finisce"
        CERTIFICATE = "certificate", "attestazione delle spese"

    class State(models.TextChoices):
        WAITING = "waiting", "da inviare"
        SENDING = "sending", "in invio"
        SENT = "sent", "inviato"
        UNREACHABLE = "unreachable", "non usa l'app IO per questo servizio"
        OUTDATED = "outdated", "non serve più"
        REFUSED = "refused", "rifiutato dall'app IO"

    id = models.BigAutoField(primary_key=True)
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, related_name="io_messages", verbose_name="destinatario"
    )
    event = models.CharField("evento", max_length=13, choices=Event.choices)
    cause = models.CharField("causa", max_length=40, help_text="Il fatto da cui nasce: uno, un messaggio.")
    notice = models.ForeignKey(
        Notice, models.PROTECT, null=True, blank=True, related_name="io_messages", verbose_name="avviso"
    )
    subject = models.CharField("oggetto", max_length=120)
    text = models.TextField("testo")
    planned_at = models.DateTimeField("nato il")
    state = models.CharField("stato", max_length=11, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    retry_at = models.DateTimeField("riprova dal", null=True, blank=True)
    sent_at = models.DateTimeField("inviato il", null=True, blank=True)
    io_id = models.CharField("identificativo nell'app IO", max_length=64, blank=True)

    class Meta:
        verbose_name = "messaggio nell'app IO"
        verbose_name_plural = "messaggi nell'app IO"
        constraints = [
            models.UniqueConstraint(fields=["guardian", "cause"], name="one_io_message_per_cause"),
            models.CheckConstraint(
                name="sent_io_message_says_when",
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent"),
            ),
        ]
        indexes = [
            models.Index(fields=["retry_at"], condition=Q(state="waiting"), name="payments_io_waiting"),
            models.Index(fields=["cause"], name="payments_io_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.cause}"


class IoStart(models.Model):
    """When the portal began to write in the app, by both its clocks: what happened before is no news. And whether it has to wait."""

    since = models.DateTimeField("dal", db_default=TransactionNow(), help_text="Con l'orologio del database.")
    by_clock = models.DateTimeField(
        "dal, all'ora del portale", db_default=TransactionNow(), help_text="Nella demo si può spostare."
    )
    quiet_until = models.DateTimeField("in silenzio fino al", null=True, blank=True)
    silences = models.PositiveSmallIntegerField("giri di fila senza risposta", default=0)

    class Meta:
        verbose_name = "inizio dei messaggi nell'app IO"
        verbose_name_plural = "inizio dei messaggi nell'app IO"
        constraints = [models.CheckConstraint(name="one_start_in_the_app_io", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{localtime(self.since):%d/%m/%Y}"
