"""Users and roles, the registry of identity providers, and the register of SPID and CIE logins."""

from __future__ import annotations

from datetime import datetime

import pghistory
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from identity.encryption import EncryptedTextField, fingerprints


class Role(models.TextChoices):
    """What a person may do in the portal: exactly one per user (domain.md, section 8)."""

    PARENT = "parent", "genitore"
    SECRETARY = "secretary", "segreteria di scuola"
    KITCHEN = "kitchen", "cucina"
    OFFICE = "office", "ufficio mensa"
    ACCOUNTS = "accounts", "ragioneria"
    AUDITOR = "auditor", "revisore"


#: Roles that work in the admin panel, never without a second factor.
PANEL_ROLES = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})


@pghistory.track(
    fields=["role", "is_active", "is_staff", "is_superuser", "fiscal_code"], model_name="UserEvent"
)
class User(AbstractUser):
    """A parent is known by the fiscal code that SPID or CIE vouches for; a member of staff by a user name. Never both:
    a clerk with a child in the canteen has two users, so that a SPID login never opens the office."""

    role = models.CharField("ruolo", max_length=12, choices=Role.choices, default=Role.PARENT)
    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True, null=True, blank=True)

    class Meta:
        verbose_name = "utente"
        verbose_name_plural = "utenti"
        constraints = [
            models.CheckConstraint(
                name="identity_user_fiscal_code_means_parent",
                condition=Q(role=Role.PARENT, fiscal_code__isnull=False)
                | (~Q(role=Role.PARENT) & Q(fiscal_code__isnull=True)),
            ),
            models.CheckConstraint(
                name="identity_user_parent_never_staff",
                condition=~Q(role=Role.PARENT) | Q(is_staff=False, is_superuser=False),
            ),
        ]

    @cached_property
    def is_parent(self) -> bool:
        return self.role == Role.PARENT

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class ProviderKind(models.TextChoices):
    SPID = "spid", "SPID"
    EIDAS = "eidas", "eIDAS (altri Paesi europei)"
    CIE = "cie", "CIE"
    VALIDATOR = "validator", "validatore SPID"
    DEMO = "demo", "simulazione SPID"
    CIE_DEMO = "cie_demo", "simulazione CIE"


#: Providers that vouch for nobody: refused in production.
UNREAL_KINDS = frozenset({ProviderKind.VALIDATOR, ProviderKind.DEMO, ProviderKind.CIE_DEMO})


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    def usable(self) -> IdentityProviderQuerySet:
        return self.filter(active=True).exclude(certificates=[])


class IdentityProvider(models.Model):
    """One identity provider, as its published metadata describes it. Filled by a command, never during a login."""

    code = models.SlugField("codice", max_length=40, unique=True)
    entity_id = models.CharField("entityID", max_length=255, unique=True)
    name = models.CharField("nome", max_length=120)
    kind = models.CharField("tipo", max_length=12, choices=ProviderKind.choices)
    sso_url = models.CharField("indirizzo di accesso (HTTP-Redirect)", max_length=400)
    slo_url = models.CharField("indirizzo di uscita (HTTP-Redirect)", max_length=400, blank=True)
    certificates = models.JSONField(
        "certificati di firma", default=list, help_text="DER in base64, senza intestazioni"
    )
    certificates_end = models.DateTimeField("scadenza del primo certificato", null=True, blank=True)
    active = models.BooleanField("attivo", default=True)
    last_refresh = models.DateTimeField("ultimo aggiornamento", null=True, blank=True)

    objects = IdentityProviderQuerySet.as_manager()

    class Meta:
        verbose_name = "gestore di identità"
        verbose_name_plural = "gestori di identità"

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    PENDING = "pending", "in attesa di risposta"
    ACCEPTED = "accepted", "accesso riuscito"
    ANOMALY = "anomaly", "non completato presso il gestore"
    REFUSED = "refused", "risposta rifiutata"


class SamlExchangeQuerySet(models.QuerySet["SamlExchange"]):
    def answer_once(self, request_id: str, *, now: datetime) -> bool:
        """The replay barrier: of any number of workers holding an answer to this request, one gets True, once, for ever."""
        return self.filter(request_id=request_id, answered_at__isnull=True).update(answered_at=now) == 1

    def of_person(self, fiscal_code: str) -> SamlExchangeQuerySet:
        """For a request of the judiciary: every login of this fiscal code that is still in the register."""
        return self.filter(subject_print__in=fingerprints(fiscal_code))

    def older_than(self, limit: datetime) -> SamlExchangeQuerySet:
        return self.filter(requested_at__lt=limit)


class SamlExchange(models.Model):
    """One AuthnRequest and what came back: the register that SPID asks to keep for 24 months, and the replay barrier."""

    request_id = models.CharField("identificativo della richiesta", max_length=64, unique=True)
    provider = models.ForeignKey(
        IdentityProvider, models.PROTECT, related_name="exchanges", verbose_name="gestore"
    )
    level = models.PositiveSmallIntegerField("livello richiesto", default=2)
    requested_at = models.DateTimeField("richiesto il", db_index=True)
    request_xml = EncryptedTextField("richiesta")
    answered_at = models.DateTimeField("risposto il", null=True, blank=True)
    outcome = models.CharField("esito", max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    reason = models.CharField("motivo del rifiuto", max_length=200, blank=True)
    response_xml = EncryptedTextField("risposta", blank=True)
    response_id = models.CharField("identificativo della risposta", max_length=255, blank=True)
    response_issued_at = models.DateTimeField("risposta emessa il", null=True, blank=True)
    assertion_id = models.CharField("identificativo dell'asserzione", max_length=255, null=True, blank=True)
    assertion_issuer = models.CharField("chi ha emesso l'asserzione", max_length=255, blank=True)
    subject_name = EncryptedTextField("soggetto (NameID e NameQualifier)", blank=True)
    subject_print = models.CharField("impronta del codice fiscale", max_length=64, blank=True, db_index=True)
    session_index = EncryptedTextField("indice della sessione presso il gestore", blank=True)

    objects = SamlExchangeQuerySet.as_manager()

    class Meta:
        verbose_name = "accesso SPID o CIE"
        verbose_name_plural = "registro degli accessi SPID e CIE"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "assertion_id"], name="identity_samlexchange_assertion_once"
            ),
            models.CheckConstraint(
                name="identity_samlexchange_outcome_after_answer",
                condition=Q(outcome=Outcome.PENDING) | Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="identity_samlexchange_accepted_is_complete",
                condition=~Q(outcome=Outcome.ACCEPTED) | Q(assertion_id__isnull=False) & ~Q(response_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.request_id


@pghistory.track()
class EidasPerson(models.Model):
    """Somebody who signed in with the identity of another European country, which carries no Italian fiscal code. The office
    writes the fiscal code here once it has seen who the person is; from then on the login opens that family."""

    spid_code = models.CharField("codice dell'identità", max_length=255, unique=True)
    first_name = models.CharField("nome", max_length=150)
    last_name = models.CharField("cognome", max_length=150)
    birth_date = models.CharField("data di nascita dichiarata", max_length=20)
    first_seen = models.DateTimeField("primo accesso")
    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True, null=True, blank=True)

    class Meta:
        verbose_name = "identità europea"
        verbose_name_plural = "identità europee da collegare"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


class SensitiveKind(models.TextChoices):
    DIET = "diet", "motivo della dieta"
    CERTIFICATE = "certificate", "certificato per la dieta"
    ISEE = "isee", "attestazione ISEE"
    EXEMPTION = "exemption", "motivo dell'esenzione"
    BANK = "bank", "coordinate bancarie"
    REGISTER = "register", "registro degli accessi SPID"


class SensitiveView(models.Model):
    """Who looked at a diet, an ISEE or another sensitive datum, and when. The database refuses to change or delete a row."""

    at = models.DateTimeField("quando", db_index=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="sensitive_views", verbose_name="chi")
    kind = models.CharField("che cosa", max_length=12, choices=SensitiveKind.choices)
    subject = models.CharField("di chi (codice, mai il nome)", max_length=80)

    class Meta:
        verbose_name = "consultazione di dati riservati"
        verbose_name_plural = "consultazioni di dati riservati"
        indexes = [models.Index(fields=["subject", "at"], name="identity_sensitive_subject")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"
