"""Who eats where, and at what price. Every rule is a dated row with the act that adopted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from identity.encryption import EncryptedTextField

if TYPE_CHECKING:
    from identity.models import User


class Level(models.TextChoices):
    INFANZIA = "infanzia", "scuola dell'infanzia"
    PRIMARIA = "primaria", "scuola primaria"
    SECONDARIA = "secondaria", "scuola secondaria di primo grado"


class HelpDesk(models.Model):
    """How a family reaches the office: one row, edited by the office, shown on every page that says whom to call."""

    office = models.CharField("ufficio", max_length=120, default="Ufficio Pubblica Istruzione")
    opening_hours = models.CharField("orari", max_length=200, default="giovedì 10:00-12:00 e 15:00-17:00")
    phone = models.CharField("telefono", max_length=30, blank=True)
    whatsapp = models.CharField("numero WhatsApp", max_length=30, blank=True)
    email = models.EmailField("e-mail", blank=True)
    address = models.CharField("indirizzo", max_length=200, blank=True)
    portal_name = models.CharField("portale dei pagamenti del comune", max_length=60, blank=True)
    portal_url = models.URLField("indirizzo del portale", blank=True)

    class Meta:
        verbose_name = "sportello"
        verbose_name_plural = "sportello"
        constraints = [models.CheckConstraint(name="one_help_desk", condition=Q(id=1))]

    def __str__(self) -> str:
        return self.office


class SchoolYear(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "in preparazione"
        OPEN = "open", "aperto"
        CLOSED = "closed", "chiuso"

    label = models.CharField("anno scolastico", max_length=7, unique=True, help_text="Per esempio 2026/27.")
    valid_from = models.DateField("dal")
    valid_to = models.DateField("al")
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.DRAFT)

    objects = DatedQuerySet["SchoolYear"].as_manager()

    class Meta:
        verbose_name = "anno scolastico"
        verbose_name_plural = "anni scolastici"
        constraints = [
            never_overlap("school_years_never_overlap"),
            ends_after_it_begins("school_year_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return self.label


class SchoolQuerySet(models.QuerySet["School"]):
    def of_staff(self, user: User) -> SchoolQuerySet:
        """The schools a secretary or a kitchen works for."""
        return self.filter(staff__user=user)


class School(models.Model):
    code = models.CharField("codice meccanografico", max_length=10, unique=True)
    name = models.CharField("nome", max_length=120)
    level = models.CharField("ordine", max_length=12, choices=Level.choices)
    address = models.CharField("indirizzo", max_length=160, blank=True)
    city = models.CharField("comune", max_length=60, blank=True)
    is_demo = models.BooleanField("inventata per la demo", default=False)

    objects = SchoolQuerySet.as_manager()

    class Meta:
        verbose_name = "plesso"
        verbose_name_plural = "plessi"

    def __str__(self) -> str:
        return self.name


class SchoolStaff(models.Model):
    """A secretary or a kitchen sees the schools listed here, and no other."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="school_posts", verbose_name="utente"
    )
    school = models.ForeignKey(School, models.CASCADE, related_name="staff", verbose_name="plesso")

    class Meta:
        verbose_name = "personale del plesso"
        verbose_name_plural = "personale dei plessi"
        constraints = [
            models.UniqueConstraint(fields=["user", "school"], name="one_post_per_user_and_school")
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.school}"


class ClassGroup(models.Model):
    school = models.ForeignKey(School, models.PROTECT, related_name="classes", verbose_name="plesso")
    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="classes", verbose_name="anno scolastico"
    )
    grade = models.PositiveSmallIntegerField("anno di corso", help_text="1, 2, 3 ...")
    section = models.CharField("sezione", max_length=10)

    class Meta:
        verbose_name = "classe"
        verbose_name_plural = "classi"
        constraints = [
            models.UniqueConstraint(
                fields=["school", "year", "grade", "section"], name="one_class_per_grade_and_section"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return f"{self.grade}{self.section}"


class GuardianQuerySet(models.QuerySet["Guardian"]):
    def of_user(self, user: User) -> GuardianQuerySet:
        """The guardian at the keyboard, matched by fiscal code only (never by e-mail or name)."""
        return self.filter(fiscal_code=user.fiscal_code) if user.fiscal_code else self.none()


class Guardian(models.Model):
    """A parent or whoever has parental responsibility. The user account is found by fiscal code, not linked."""

    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True)
    first_name = models.CharField("nome", max_length=60)
    last_name = models.CharField("cognome", max_length=60)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField("telefono", max_length=30, blank=True)
    address = models.CharField("indirizzo", max_length=160, blank=True)
    city = models.CharField("comune", max_length=60, blank=True)
    sort_key = models.CharField(max_length=130, editable=False)

    objects = GuardianQuerySet.as_manager()

    class Meta:
        verbose_name = "genitore"
        verbose_name_plural = "genitori"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


class HouseholdQuerySet(models.QuerySet["Household"]):
    def of_parent(self, user: User) -> HouseholdQuerySet:
        """The households of which this user is a guardian."""
        return self.filter(members__guardian__in=Guardian.objects.of_user(user)).distinct()


class Household(models.Model):
    """The family that applied: one wallet, one ISEE, one rank among its children."""

    code = models.CharField("codice famiglia", max_length=8, unique=True)
    applicant = models.ForeignKey(
        Guardian, models.PROTECT, related_name="applications_made", verbose_name="richiedente"
    )

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = "famiglia"
        verbose_name_plural = "famiglie"
        constraints = [
            models.UniqueConstraint(fields=["applicant"], name="one_household_per_applicant"),
        ]

    def __str__(self) -> str:
        return self.code


class HouseholdMember(models.Model):
    household = models.ForeignKey(Household, models.PROTECT, related_name="members", verbose_name="famiglia")
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, related_name="memberships", verbose_name="genitore"
    )

    class Meta:
        verbose_name = "genitore della famiglia"
        verbose_name_plural = "genitori della famiglia"
        constraints = [
            models.UniqueConstraint(fields=["household", "guardian"], name="one_membership_per_guardian")
        ]

    def __str__(self) -> str:
        return f"{self.guardian} ({self.household})"


class PupilQuerySet(models.QuerySet["Pupil"]):
    def of_parent(self, user: User) -> PupilQuerySet:
        """The children of this user's households; a child of two households is seen from both."""
        return self.filter(custodies__household__in=Household.objects.of_parent(user)).distinct()

    def of_staff(self, user: User) -> PupilQuerySet:
        """The pupils ever enrolled in the schools of this secretary or kitchen."""
        return self.filter(enrolments__class_group__school__in=School.objects.of_staff(user)).distinct()


class Pupil(models.Model):
    """A child. ``code`` is what may be printed on a notice or stand in an address: it says nothing about the person."""

    code = models.CharField("codice alunno", max_length=8, unique=True)
    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True)
    first_name = models.CharField("nome", max_length=60)
    last_name = models.CharField("cognome", max_length=60)
    birth_date = models.DateField("data di nascita")
    sort_key = models.CharField(max_length=130, editable=False)

    objects = PupilQuerySet.as_manager()

    class Meta:
        verbose_name = "alunno"
        verbose_name_plural = "alunni"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


@pghistory.track()
class Custody(Dated):
    """Which household pays for a child, on which weekdays: each (child, day) has one payer, or the night says why not.

    A child of one household has one row with all five weekdays; separated parents share the week (domain.md section 8).
    """

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="custodies", verbose_name="alunno")
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="custodies", verbose_name="famiglia"
    )
    monday = models.BooleanField("lunedì", default=True)
    tuesday = models.BooleanField("martedì", default=True)
    wednesday = models.BooleanField("mercoledì", default=True)
    thursday = models.BooleanField("giovedì", default=True)
    friday = models.BooleanField("venerdì", default=True)

    objects = DatedQuerySet["Custody"].as_manager()

    class Meta:
        verbose_name = "quota della famiglia"
        verbose_name_plural = "quote delle famiglie"
        constraints = [
            ends_after_it_begins("custody_ends_after_it_begins"),
            never_overlap("one_payer_on_monday", "pupil", condition=Q(monday=True)),
            never_overlap("one_payer_on_tuesday", "pupil", condition=Q(tuesday=True)),
            never_overlap("one_payer_on_wednesday", "pupil", condition=Q(wednesday=True)),
            never_overlap("one_payer_on_thursday", "pupil", condition=Q(thursday=True)),
            never_overlap("one_payer_on_friday", "pupil", condition=Q(friday=True)),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} – {self.household}"


@pghistory.track()
class Enrolment(Dated):
    """A pupil in a class. A change of class ends one row the day before the next begins."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="enrolments", verbose_name="alunno")
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, related_name="enrolments", verbose_name="classe"
    )

    objects = DatedQuerySet["Enrolment"].as_manager()

    class Meta:
        verbose_name = "iscrizione"
        verbose_name_plural = "iscrizioni"
        constraints = [
            never_overlap("enrolments_never_overlap", "pupil"),
            ends_after_it_begins("enrolment_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} in {self.class_group}"


class ApplicationBatch(models.Model):
    """A file of applications the office has loaded: checked first (dry run), then applied; the same file again changes nothing."""

    class State(models.TextChoices):
        CHECKED = "checked", "controllato"
        APPLIED = "applied", "applicato"
        DISCARDED = "discarded", "scartato"

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="application_batches", verbose_name="anno scolastico"
    )
    file_name = models.CharField("file", max_length=120)
    file_digest = models.CharField(max_length=64)
    rows = models.JSONField(default=list, help_text="Le righe lette, già normalizzate.")
    report = models.JSONField(default=dict, help_text="Errori, avvisi e differenze riga per riga.")
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.CHECKED)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )
    uploaded_at = models.DateTimeField("caricato il")
    applied_at = models.DateTimeField("applicato il", null=True, blank=True)

    class Meta:
        verbose_name = "elenco di domande"
        verbose_name_plural = "elenchi di domande"
        constraints = [
            models.CheckConstraint(
                name="applied_batch_says_when",
                condition=Q(state="applied", applied_at__isnull=False)
                | ~Q(state="applied") & Q(applied_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class Application(models.Model):
    """The application (domanda) of a family for a child and a school year."""

    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="applications", verbose_name="anno scolastico"
    )
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="applications", verbose_name="alunno")
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="applications", verbose_name="famiglia"
    )
    protocol = models.CharField("protocollo", max_length=40, blank=True)
    email = models.EmailField("e-mail indicata", blank=True, help_text="Qui vanno gli avvisi di pagamento.")
    batch = models.ForeignKey(
        ApplicationBatch, models.PROTECT, related_name="applications", null=True, blank=True
    )

    class Meta:
        verbose_name = "domanda"
        verbose_name_plural = "domande"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "pupil", "household"], name="one_application_per_pupil_household_and_year"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.year}"


@pghistory.track()
class FareTable(Dated):
    """The prices of a school level, as adopted by an act."""

    level = models.CharField("ordine", max_length=12, choices=Level.choices)
    act = models.CharField("atto", max_length=160, help_text="Per esempio: delibera G.C. n. 12 del 3/2/2026.")
    second_child_discount = models.DecimalField(
        "sconto secondo figlio (%)", max_digits=5, decimal_places=2, default=15
    )
    later_child_discount = models.DecimalField(
        "sconto terzo figlio e oltre (%)", max_digits=5, decimal_places=2, default=30
    )

    objects = DatedQuerySet["FareTable"].as_manager()

    class Meta:
        verbose_name = "tabella tariffe"
        verbose_name_plural = "tabelle tariffe"
        constraints = [
            never_overlap("fare_tables_never_overlap", "level"),
            ends_after_it_begins("fare_table_ends_after_it_begins"),
            models.CheckConstraint(
                name="discounts_are_percentages",
                condition=Q(second_child_discount__range=(0, 100), later_child_discount__range=(0, 100)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} dal {self.valid_from:%d/%m/%Y}"


@pghistory.track()
class FareBand(models.Model):
    """A band is stored by its upper bound only: published tables have gaps between bands. Empty bound: the top band."""

    table = models.ForeignKey(FareTable, models.PROTECT, related_name="bands", verbose_name="tabella")
    letter = models.CharField("fascia", max_length=4)
    isee_up_to = models.DecimalField("ISEE fino a", max_digits=12, decimal_places=2, null=True, blank=True)
    price = models.DecimalField("prezzo del pasto", max_digits=6, decimal_places=2)

    class Meta:
        verbose_name = "fascia"
        verbose_name_plural = "fasce"
        constraints = [
            models.UniqueConstraint(fields=["table", "letter"], name="one_band_per_letter"),
            models.UniqueConstraint(
                fields=["table", "isee_up_to"], name="one_band_per_bound", nulls_distinct=False
            ),
            models.CheckConstraint(name="band_price_not_negative", condition=Q(price__gte=0)),
        ]

    def __str__(self) -> str:
        return f"fascia {self.letter}"


@pghistory.track()
class IseeDeclaration(Dated):
    """An ISEE as it counts for prices: from the day the office's rule says to 31 December of its year (domain.md section 3)."""

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", "ISEE ordinario o minorenni"
        CURRENT = "current", "ISEE corrente"

    household = models.ForeignKey(Household, models.PROTECT, related_name="isee", verbose_name="famiglia")
    kind = models.CharField("tipo", max_length=10, choices=Kind.choices, default=Kind.ORDINARY)
    value = models.DecimalField("valore", max_digits=12, decimal_places=2)
    protocol = models.CharField("protocollo DSU", max_length=40, blank=True)
    filed_on = models.DateField("presentato il")
    has_omissions = models.BooleanField("con omissioni o difformità", default=False)

    objects = DatedQuerySet["IseeDeclaration"].as_manager()

    class Meta:
        verbose_name = "ISEE"
        verbose_name_plural = "ISEE"
        constraints = [
            never_overlap("isee_never_overlap", "household"),
            ends_after_it_begins("isee_ends_after_it_begins"),
            models.CheckConstraint(name="isee_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(name="isee_has_an_end", condition=Q(valid_to__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"ISEE di {self.household}"


@pghistory.track()
class Residence(Dated):
    """Where a household lives, as far as prices care. No row: resident."""

    household = models.ForeignKey(
        Household, models.PROTECT, related_name="residences", verbose_name="famiglia"
    )
    resident = models.BooleanField("residente nel comune", default=True)

    objects = DatedQuerySet["Residence"].as_manager()

    class Meta:
        verbose_name = "residenza"
        verbose_name_plural = "residenze"
        constraints = [
            never_overlap("residences_never_overlap", "household"),
            ends_after_it_begins("residence_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return "residente" if self.resident else "non residente"


@pghistory.track()
class Exemption(Dated):
    class Kind(models.TextChoices):
        DISABILITY = "disability", "L. 104/1992 art. 3 c. 3"
        SOCIAL = "social", "servizi sociali"

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="exemptions", verbose_name="alunno")
    kind = models.CharField("motivo", max_length=12, choices=Kind.choices)
    act = models.CharField("atto", max_length=160)

    objects = DatedQuerySet["Exemption"].as_manager()

    class Meta:
        verbose_name = "esenzione"
        verbose_name_plural = "esenzioni"
        constraints = [
            never_overlap("exemptions_never_overlap", "pupil"),
            ends_after_it_begins("exemption_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"esenzione di {self.pupil}"


@pghistory.track(exclude=["reason"])
class Diet(Dated):
    """What the kitchen must know (``code``) and, encrypted, why (the office only; every view is logged)."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="diets", verbose_name="alunno")
    code = models.CharField(
        "codice dieta", max_length=12, help_text="Ciò che vede la cucina, per esempio D-03."
    )
    reason = EncryptedTextField("motivo", blank=True)

    objects = DatedQuerySet["Diet"].as_manager()

    class Meta:
        verbose_name = "dieta"
        verbose_name_plural = "diete"
        constraints = [
            never_overlap("diets_never_overlap", "pupil"),
            ends_after_it_begins("diet_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return self.code


class Explanation(models.Model):
    """Why a price or a correction is what it is: immutable, one row per distinct content, shared by all that have it."""

    digest = models.CharField(max_length=64, unique=True)
    facts = models.JSONField()

    class Meta:
        verbose_name = "spiegazione"
        verbose_name_plural = "spiegazioni"

    def __str__(self) -> str:
        return self.digest[:12]


class Price(Dated):
    """The price of a child's meal for a household, resolved ahead by the pure rule whenever a fact changes."""

    pupil = models.ForeignKey(Pupil, models.CASCADE, related_name="prices", verbose_name="alunno")
    household = models.ForeignKey(Household, models.CASCADE, related_name="prices", verbose_name="famiglia")
    amount = models.DecimalField("prezzo", max_digits=6, decimal_places=2)
    explanation = models.ForeignKey(Explanation, models.PROTECT, related_name="+", verbose_name="spiegazione")

    objects = DatedQuerySet["Price"].as_manager()

    class Meta:
        verbose_name = "prezzo"
        verbose_name_plural = "prezzi"
        constraints = [
            never_overlap("prices_never_overlap", "pupil", "household"),
            ends_after_it_begins("price_ends_after_it_begins"),
            models.CheckConstraint(name="price_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


class EnrolmentRules(Dated):
    """The office's rules about applications and ISEE, with the act that adopted them."""

    act = models.CharField("atto", max_length=160)
    late_start_working_days = models.PositiveSmallIntegerField(
        "giorni lavorativi per le domande tardive", default=5
    )
    isee_grace_month = models.PositiveSmallIntegerField("ISEE entro: mese", default=2)
    isee_grace_day = models.PositiveSmallIntegerField("ISEE entro: giorno", default=28)
    last_isee_holds_until_grace = models.BooleanField(
        "fino al termine vale l'ISEE dell'anno prima",
        default=True,
        help_text="Se no, chi non ha ancora l'ISEE nuovo paga la fascia massima dal 1º gennaio.",
    )

    objects = DatedQuerySet["EnrolmentRules"].as_manager()

    class Meta:
        verbose_name = "regole delle iscrizioni"
        verbose_name_plural = "regole delle iscrizioni"
        constraints = [
            never_overlap("enrolment_rules_never_overlap"),
            ends_after_it_begins("enrolment_rules_end_after_they_begin"),
            models.CheckConstraint(
                name="isee_grace_is_a_date",
                condition=Q(isee_grace_month__range=(1, 12), isee_grace_day__range=(1, 31)),
            ),
        ]

    def __str__(self) -> str:
        return self.act
