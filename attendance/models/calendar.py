"""When a class eats: the hours of the day, the canteen's own dates, weekdays, patron, closures, phases, suspensions."""

from __future__ import annotations

import datetime as dt

import pghistory
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models import ClassGroup, Pupil, School, SchoolYear


class AttendanceRules(Dated):
    """Hours of the day in Europe/Rome wall time, with the act that adopted them."""

    act = models.CharField("atto", max_length=160)
    parent_cutoff = models.TimeField(
        "disdetta del genitore entro", default=dt.time(9, 0), help_text="Il minuto è compreso."
    )
    register_deadline = models.TimeField("appello entro", default=dt.time(9, 30))
    first_reminder_at = models.TimeField("primo promemoria dell'appello", default=dt.time(9, 30))
    second_reminder_at = models.TimeField("secondo promemoria dell'appello", default=dt.time(9, 40))
    nobody_absent_from = models.PositiveSmallIntegerField(
        "nessun assente: chiedi conferma da (alunni)",
        default=80,
        help_text="Una scuola con almeno questi alunni e nessun assente deve confermarlo una volta.",
    )
    sent_home_is_charged = models.BooleanField(
        "pasto addebitato a chi la scuola rimanda a casa",
        default=False,
        help_text="Chi esce per scelta della famiglia dopo l'orario paga in ogni caso.",
    )
    pupils_per_free_teacher = models.PositiveSmallIntegerField(
        "alunni per ogni docente a mensa gratis",
        default=15,
        validators=[MinValueValidator(1)],
        help_text="Per turno; i docenti di sostegno si aggiungono.",
    )
    phase_first_notice_days = models.PositiveSmallIntegerField(
        "cambio di fase: primo avviso alle famiglie (giorni prima)", default=14
    )
    phase_second_notice_days = models.PositiveSmallIntegerField(
        "cambio di fase: secondo avviso (giorni prima)", default=1
    )
    kitchen_sheet_at = models.TimeField("foglio della cucina", default=dt.time(9, 45))
    night_at = models.TimeField("addebito della sera", default=dt.time(20, 0))
    caterer_notice_hours = models.PositiveSmallIntegerField(
        "preavviso al gestore per una chiusura (ore)", default=48
    )
    dispute_until_day = models.PositiveSmallIntegerField(
        "contestazione fino al giorno del mese dopo", default=7
    )
    dispute_longest_days = models.PositiveSmallIntegerField("contestazione: giorni al massimo", default=60)
    dispute_answer_days = models.PositiveSmallIntegerField(
        "risposta a una contestazione entro (giorni)", default=30
    )

    objects = DatedQuerySet["AttendanceRules"].as_manager()

    class Meta:
        verbose_name = "regole delle presenze"
        verbose_name_plural = "regole delle presenze"
        constraints = [never_overlap("attendance_rules_never_overlap")]

    def __str__(self) -> str:
        return self.act


class CanteenPeriod(Dated):
    """The canteen's own dates for a school: these are not the lesson dates."""

    school = models.ForeignKey(School, models.PROTECT, related_name="canteen_periods", verbose_name="plesso")
    year = models.ForeignKey(
        SchoolYear, models.PROTECT, related_name="canteen_periods", verbose_name="anno scolastico"
    )

    objects = DatedQuerySet["CanteenPeriod"].as_manager()

    class Meta:
        verbose_name = "periodo della mensa"
        verbose_name_plural = "periodi della mensa"
        constraints = [
            never_overlap("canteen_periods_never_overlap", "school"),
            ends_after_it_begins("canteen_period_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.school}: {self.valid_from:%d/%m/%Y}"


class ClassWeekdays(Dated):
    """The weekdays on which a class eats; may change on a date."""

    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, related_name="weekdays", verbose_name="classe"
    )
    monday = models.BooleanField("lunedì", default=True)
    tuesday = models.BooleanField("martedì", default=True)
    wednesday = models.BooleanField("mercoledì", default=True)
    thursday = models.BooleanField("giovedì", default=True)
    friday = models.BooleanField("venerdì", default=True)

    objects = DatedQuerySet["ClassWeekdays"].as_manager()

    class Meta:
        verbose_name = "giorni di mensa della classe"
        verbose_name_plural = "giorni di mensa delle classi"
        constraints = [
            never_overlap("class_weekdays_never_overlap", "class_group"),
            ends_after_it_begins("class_weekdays_end_after_they_begin"),
        ]

    def __str__(self) -> str:
        return f"{self.class_group}"


class PatronDay(models.Model):
    """The patron saint of a school's town: a day of the year, or the n-th weekday of a month (Bitritto: first Tuesday of March)."""

    city = models.CharField("comune", max_length=60, unique=True)
    name = models.CharField("festa", max_length=80)
    month = models.PositiveSmallIntegerField("mese")
    day = models.PositiveSmallIntegerField("giorno", null=True, blank=True)
    weekday = models.PositiveSmallIntegerField("giorno della settimana (0 = lunedì)", null=True, blank=True)
    nth = models.PositiveSmallIntegerField("quale del mese", null=True, blank=True)

    class Meta:
        verbose_name = "santo patrono"
        verbose_name_plural = "santi patroni"
        constraints = [
            models.CheckConstraint(
                name="patron_is_a_date_or_an_nth_weekday",
                condition=Q(day__isnull=False, weekday__isnull=True, nth__isnull=True)
                | Q(day__isnull=True, weekday__isnull=False, nth__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Closure(models.Model):
    """No canteen for the town, a school or a class, with the reason and the act. Revoking keeps the row."""

    class Reason(models.TextChoices):
        CALENDAR = "calendar", "calendario scolastico"
        ORDINANCE = "ordinance", "ordinanza"
        STRIKE = "strike", "sciopero"
        ASSEMBLY = "assembly", "assemblea"
        POLLING = "polling", "seggio elettorale"
        TRIP = "trip", "uscita didattica"
        PEST_CONTROL = "pest_control", "disinfestazione"
        HEATING = "heating", "guasto al riscaldamento"
        OTHER = "other", "altro"

    class Meal(models.TextChoices):
        NONE = "none", "nessun pasto"
        PACKED = "packed", "pranzo al sacco"

    school = models.ForeignKey(
        School, models.PROTECT, null=True, blank=True, related_name="closures", verbose_name="plesso"
    )
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, null=True, blank=True, related_name="closures", verbose_name="classe"
    )
    first_day = models.DateField("dal")
    last_day = models.DateField("al")
    reason = models.CharField("motivo", max_length=12, choices=Reason.choices)
    meal = models.CharField("pasto", max_length=6, choices=Meal.choices, default=Meal.NONE)
    act = models.CharField("atto o nota", max_length=160, blank=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="dichiarata da"
    )
    declared_at = models.DateTimeField("dichiarata il")
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="revocata da",
    )
    revoked_at = models.DateTimeField("revocata il", null=True, blank=True)

    class Meta:
        verbose_name = "chiusura"
        verbose_name_plural = "chiusure"
        constraints = [
            models.CheckConstraint(
                name="closure_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))
            ),
            models.CheckConstraint(
                name="closure_has_one_scope", condition=Q(school__isnull=True) | Q(class_group__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.first_day:%d/%m/%Y}"


@pghistory.track()
class SchoolPhase(Dated):
    """Who records absences in a school, from a date (domain.md section 5)."""

    class Phase(models.TextChoices):
        SCHOOL = "A", "A: assenze dalla scuola"
        BOTH = "B", "B: scuola e genitori"
        PARENTS = "C", "C: solo genitori"

    school = models.ForeignKey(School, models.PROTECT, related_name="phases", verbose_name="plesso")
    phase = models.CharField("fase", max_length=1, choices=Phase.choices)
    act = models.CharField("atto o nota", max_length=160, blank=True, default="", db_default="")

    objects = DatedQuerySet["SchoolPhase"].as_manager()

    class Meta:
        verbose_name = "fase del plesso"
        verbose_name_plural = "fasi dei plessi"
        constraints = [never_overlap("phases_never_overlap", "school")]

    def __str__(self) -> str:
        return f"{self.school}: {self.phase}"


class Suspension(Dated):
    """A person of the office has decided it, with an act: no meal, no debit, and it is not an absence."""

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="suspensions", verbose_name="alunno")
    act = models.CharField("atto", max_length=160)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="decisa da"
    )

    objects = DatedQuerySet["Suspension"].as_manager()

    class Meta:
        verbose_name = "sospensione"
        verbose_name_plural = "sospensioni"
        constraints = [never_overlap("suspensions_never_overlap", "pupil")]

    def __str__(self) -> str:
        return f"{self.pupil}"
