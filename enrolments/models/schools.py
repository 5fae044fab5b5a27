"""The town's help desk, school years, schools, their staff and their classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap

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
    applications_from = models.DateField(
        "domande dal",
        null=True,
        blank=True,
        help_text="Quel giorno l'app IO dice alle famiglie che le iscrizioni alla mensa sono aperte.",
    )
    applications_until = models.DateField("domande al", null=True, blank=True)

    objects = DatedQuerySet["SchoolYear"].as_manager()

    class Meta:
        verbose_name = "anno scolastico"
        verbose_name_plural = "anni scolastici"
        constraints = [
            never_overlap("school_years_never_overlap"),
            ends_after_it_begins("school_year_ends_after_it_begins"),
            models.CheckConstraint(
                name="applications_close_after_they_open",
                condition=Q(applications_until__isnull=True)
                | Q(applications_from__isnull=False, applications_until__gte=models.F("applications_from")),
                violation_error_message="Le domande si chiudono dopo che si sono aperte: controlla le due date.",
            ),
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
