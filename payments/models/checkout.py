"""A family's walk to the payment page and back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.models import Household
from payments.models.notices import Notice
from payments.rules import attempts

if TYPE_CHECKING:
    from identity.models import User


class CheckoutAttemptQuerySet(models.QuerySet["CheckoutAttempt"]):
    def of_parent(self, user: User) -> CheckoutAttemptQuerySet:
        return self.filter(household__in=Household.objects.of_parent(user))


class CheckoutAttempt(models.Model):
    """A trip to the pagoPA page. Its end is known by the receipt only; the return addresses say what to expect meanwhile."""

    class State(models.TextChoices):
        PREPARED = "prepared", "in preparazione"
        STARTED = "started", "avviato"
        UNREACHABLE = "unreachable", "pagoPA non raggiungibile"

    class CameBack(models.TextChoices):
        OK = "ok", "dopo aver pagato"
        CANCEL = "cancel", "annullando"
        ERROR = "error", "con un errore"

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="checkout_attempts", verbose_name="famiglia"
    )
    notices = models.ManyToManyField(Notice, related_name="attempts", verbose_name="avvisi")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="avviato da"
    )
    started_at = models.DateTimeField("avviato il")
    state = models.CharField("stato", max_length=12, choices=State.choices, default=State.PREPARED)
    form_key = models.UUIDField(
        "modulo", unique=True, help_text="Lo stesso modulo inviato due volte è un solo pagamento."
    )
    content = models.CharField("contenuto del modulo", max_length=200)
    came_back = models.CharField("tornato da pagoPA", max_length=6, choices=CameBack.choices, blank=True)
    redirect_url = models.URLField("pagina di pagoPA", max_length=500, blank=True)

    objects = CheckoutAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = "tentativo di pagamento"
        verbose_name_plural = "tentativi di pagamento"
        constraints = [
            models.CheckConstraint(
                name="started_attempt_has_address",
                condition=~Q(state="started") | ~Q(redirect_url=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.token}"

    @property
    def standing(self) -> str:
        """How it stands, notice by notice."""
        return attempts.standing(notices=self._states(), came_back=self.came_back).value

    @property
    def can_resume(self) -> bool:
        """Its payment page can still be used."""
        return bool(self.redirect_url) and attempts.can_resume(
            notices=self._states(), came_back=self.came_back
        )

    def _states(self) -> list[str]:
        return [notice.state for notice in self.notices.all()]
