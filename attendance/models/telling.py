"""What families and caterers are told of a closure: one row for the news, one for each message, so that nothing is told twice
and everybody can see who was told and when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from attendance.models.calendar import Closure
from attendance.models.caterer import Caterer
from enrolments.models import Guardian, Owed


class ClosureNotice(models.Model):
    """One piece of news: closures declared together, or revoked together. The numbers are those shown before it was decided."""

    class Event(models.TextChoices):
        DECLARED = "declared", "dichiarata"
        REVOKED = "revoked", "revocata"

    event = models.CharField("che cosa è successo", max_length=8, choices=Event.choices)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="decisa da"
    )
    made_at = models.DateTimeField("decisa il")
    meals = models.PositiveIntegerField("pasti", default=0)
    families = models.PositiveIntegerField("famiglie", default=0)
    euro = models.DecimalField("importo", max_digits=12, decimal_places=2, default=0)
    enough_notice = models.BooleanField("preavviso al gestore rispettato", default=True)
    addressed_at = models.DateTimeField("destinatari scritti il", null=True, blank=True)

    class Meta:
        verbose_name = "avviso di chiusura"
        verbose_name_plural = "avvisi di chiusura"

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.made_at:%d/%m/%Y}"


class ClosureAnnouncement(models.Model):
    """Which closures a notice speaks of. A closure is announced once when declared and once when revoked."""

    notice = models.ForeignKey(
        ClosureNotice, models.PROTECT, related_name="announcements", verbose_name="avviso"
    )
    closure = models.ForeignKey(
        Closure, models.PROTECT, related_name="announcements", verbose_name="chiusura"
    )
    event = models.CharField("che cosa è successo", max_length=8, choices=ClosureNotice.Event.choices)

    class Meta:
        verbose_name = "chiusura annunciata"
        verbose_name_plural = "chiusure annunciate"
        constraints = [
            models.UniqueConstraint(fields=["closure", "event"], name="a_closure_is_announced_once_per_event")
        ]

    def __str__(self) -> str:
        return f"{self.closure} {self.get_event_display()}"


class ClosureMail(Owed):
    """A message to one guardian or to one caterer. Who has no address stays on the list: a person will tell them."""

    class State(models.TextChoices):
        WAITING = "waiting", "da spedire"
        SENT = "sent", "spedita"
        FAILED = "failed", "non riuscita"
        NO_ADDRESS = "no_address", "senza e-mail"
        DROPPED = "dropped", "non più necessaria"

    notice = models.ForeignKey(ClosureNotice, models.PROTECT, related_name="mails", verbose_name="avviso")
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="genitore"
    )
    caterer = models.ForeignKey(
        Caterer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="gestore"
    )
    email = models.EmailField("e-mail", blank=True)
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.WAITING)
    sent_at = models.DateTimeField("spedita il", null=True, blank=True)

    class Meta:
        verbose_name = "e-mail di chiusura"
        verbose_name_plural = "e-mail di chiusura"
        constraints = [
            models.UniqueConstraint(fields=["notice", "guardian"], name="one_closure_mail_per_guardian"),
            models.UniqueConstraint(fields=["notice", "caterer"], name="one_closure_mail_per_caterer"),
            models.CheckConstraint(
                name="closure_mail_has_one_recipient",
                condition=Q(guardian__isnull=False, caterer__isnull=True)
                | Q(guardian__isnull=True, caterer__isnull=False),
            ),
            models.CheckConstraint(
                name="a_sent_closure_mail_says_when", condition=~Q(state="sent") | Q(sent_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="closuremail_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.notice} {self.get_state_display()}"
