"""A diet from the request to the plate: what the parent asks, the certificate, the confirmations, the days on hold."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models.families import Pupil
from enrolments.models.owed import Owed
from enrolments.models.schools import School
from identity.encryption import EncryptedTextField

if TYPE_CHECKING:
    from identity.models import User


@pghistory.track()
class DietRules(Dated):
    """What the office has decided about light meals and certificates, with the act."""

    class Expired(models.TextChoices):
        KEEP = "keep", "la dieta vale fino alla fine dell'anno scolastico"
        HOLD = "hold", "il pasto è sospeso dal giorno dopo"

    act = models.CharField("atto", max_length=160)
    light_meal_days = models.PositiveSmallIntegerField(
        "pasti in bianco di fila senza certificato", default=3, help_text="Zero: solo con il certificato."
    )
    reminder_days = models.PositiveSmallIntegerField(
        "promemoria prima della scadenza del certificato (giorni)", default=30
    )
    when_expired = models.CharField(
        "certificato scaduto", max_length=4, choices=Expired.choices, default=Expired.KEEP
    )

    objects = DatedQuerySet["DietRules"].as_manager()

    class Meta:
        verbose_name = "regole delle diete"
        verbose_name_plural = "regole delle diete"
        constraints = [
            never_overlap("diet_rules_never_overlap"),
            ends_after_it_begins("diet_rules_end_after_they_begin"),
        ]

    def __str__(self) -> str:
        return self.act


@pghistory.track()
class Dietician(models.Model):
    """A user of the office who may confirm severe diets."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="dietician", verbose_name="utente"
    )
    qualification = models.CharField(
        "incarico", max_length=160, help_text="Per esempio: dietista della ASL, incarico n. 12/2026."
    )

    class Meta:
        verbose_name = "dietista"
        verbose_name_plural = "dietisti"

    def __str__(self) -> str:
        return str(self.user)


class DietRequestQuerySet(models.QuerySet["DietRequest"]):
    def of_parent(self, user: User) -> DietRequestQuerySet:
        return self.filter(pupil__in=Pupil.objects.of_parent(user))

    def waiting(self) -> DietRequestQuerySet:
        return self.filter(state=DietRequest.State.RECEIVED)


@pghistory.track(exclude=["kind", "reason", "answer", "claimed_at", "tries", "reached"])
class DietRequest(Owed):
    """What a parent asks for a child. Why, and what kind of reason, is encrypted: the office alone reads it, and every view is logged."""

    class Kind(models.TextChoices):
        HEALTH = "health", "motivi di salute"
        BELIEF = "belief", "scelta etica o religiosa"
        OTHER = "other", "altro"

    class State(models.TextChoices):
        RECEIVED = "received", "da valutare"
        ACCEPTED = "accepted", "accolta"
        REJECTED = "rejected", "non accolta"
        WITHDRAWN = "withdrawn", "ritirata"

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="diet_requests", verbose_name="alunno")
    kind = EncryptedTextField("tipo di richiesta", choices=Kind.choices)
    reason = EncryptedTextField("che cosa serve")
    first_day = models.DateField("dal giorno")
    last_day = models.DateField("al giorno", null=True, blank=True)
    certificate_until = models.DateField("il certificato vale fino al", null=True, blank=True)
    state = models.CharField("stato", max_length=9, choices=State.choices, default=State.RECEIVED)
    answer = EncryptedTextField("risposta dell'ufficio", blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="richiesta da"
    )
    requested_at = models.DateTimeField("richiesta il")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="valutata da",
    )
    decided_at = models.DateTimeField("valutata il", null=True, blank=True)
    told_at = models.DateTimeField("famiglia avvisata il", null=True, blank=True)

    objects = DietRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "richiesta di dieta"
        verbose_name_plural = "richieste di dieta"
        constraints = [
            models.CheckConstraint(
                name="diet_request_ends_after_it_begins",
                condition=Q(last_day__isnull=True) | Q(last_day__gte=models.F("first_day")),
            ),
            models.CheckConstraint(
                name="diet_request_decided_by_somebody",
                condition=Q(state__in=["received", "withdrawn"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="diet_request_rejected_says_why", condition=~Q(state="rejected") | ~Q(answer="")
            ),
            models.UniqueConstraint(
                fields=["pupil"], condition=Q(state="received"), name="one_diet_request_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"richiesta del {self.requested_at:%d/%m/%Y}"


class DietCertificate(models.Model):
    """The medical certificate: its bytes lie encrypted outside the web, and only the office and the family open it."""

    request = models.OneToOneField(
        DietRequest, models.PROTECT, related_name="certificate", verbose_name="richiesta"
    )
    file = models.FileField("file cifrato", upload_to="diete/")
    content_type = models.CharField("tipo di file", max_length=40)

    class Meta:
        verbose_name = "certificato"
        verbose_name_plural = "certificati"

    def __str__(self) -> str:
        return "certificato"


class DietConfirmationQuerySet(models.QuerySet["DietConfirmation"]):
    def waiting(self) -> DietConfirmationQuerySet:
        return self.filter(released_at__isnull=True, dropped_at__isnull=True)

    def of_kitchen(self, user: User) -> DietConfirmationQuerySet:
        """Those of the children enrolled in the schools this kitchen serves."""
        schools = School.objects.of_staff(user)
        return self.filter(pupil__enrolments__class_group__school__in=schools).distinct()


@pghistory.track()
class DietConfirmation(models.Model):
    """A severe diet is served only when a dietician and the kitchen have both said yes: who and when stays written here."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="diet_confirmations", verbose_name="alunno")
    code = models.CharField("codice dieta", max_length=12)
    first_day = models.DateField("dal giorno")
    dietician = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="dietista"
    )
    dietician_at = models.DateTimeField("conferma della dietista", null=True)
    kitchen = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="cucina"
    )
    kitchen_at = models.DateTimeField("conferma della cucina", null=True)
    ready_from = models.DateField("la cucina è pronta dal", null=True)
    released_at = models.DateTimeField("pasto riattivato il", null=True)
    dropped_at = models.DateTimeField("non serve più dal", null=True)

    objects = DietConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = "conferma di dieta"
        verbose_name_plural = "conferme di dieta"
        constraints = [
            models.CheckConstraint(
                name="severe_diet_released_by_both",
                condition=Q(released_at__isnull=True)
                | Q(dietician_at__isnull=False, kitchen_at__isnull=False),
            ),
            models.CheckConstraint(
                name="dietician_signs_with_a_time",
                condition=Q(dietician__isnull=True, dietician_at__isnull=True)
                | Q(dietician__isnull=False, dietician_at__isnull=False),
            ),
            models.CheckConstraint(
                name="kitchen_signs_with_a_time_and_a_day",
                condition=Q(kitchen__isnull=True, kitchen_at__isnull=True, ready_from__isnull=True)
                | Q(kitchen__isnull=False, kitchen_at__isnull=False, ready_from__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["pupil"],
                condition=Q(released_at__isnull=True, dropped_at__isnull=True),
                name="one_severe_diet_to_confirm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} dal {self.first_day:%d/%m/%Y}"


@pghistory.track()
class DietHold(Dated):
    """Days on which a child gets no meal and no debit because the diet is not safe yet. It is not an absence.

    Read by the night's decision: a late row leaves a late fact.
    """

    class Cause(models.TextChoices):
        SEVERE = "severe", "in attesa di dietista e cucina"
        EXPIRED = "expired", "certificato scaduto"

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="diet_holds", verbose_name="alunno")
    cause = models.CharField("perché", max_length=7, choices=Cause.choices)

    objects = DatedQuerySet["DietHold"].as_manager()

    class Meta:
        verbose_name = "pasto sospeso per dieta"
        verbose_name_plural = "pasti sospesi per dieta"
        constraints = [
            never_overlap("diet_holds_never_overlap", "pupil"),
            ends_after_it_begins("diet_hold_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} dal {self.valid_from:%d/%m/%Y}"


class DietReminder(Owed):
    """A certificate is about to end and the family has to know: once for each certificate."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="+", verbose_name="alunno")
    certificate_until = models.DateField("il certificato vale fino al")
    told_at = models.DateTimeField("famiglia avvisata il", null=True)

    class Meta:
        verbose_name = "promemoria di certificato"
        verbose_name_plural = "promemoria di certificati"
        constraints = [
            models.UniqueConstraint(
                fields=["pupil", "certificate_until"], name="one_reminder_per_certificate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.certificate_until:%d/%m/%Y}"
