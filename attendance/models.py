"""Service days, absences, the class register, meals and the night that charges them."""

from __future__ import annotations

import datetime as dt

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models import ClassGroup, Explanation, Pupil, School, SchoolYear
from wallets.models import Wallet


class AttendanceRules(Dated):
    """Hours of the day in Europe/Rome wall time, with the act that adopted them."""

    act = models.CharField("atto", max_length=160)
    parent_cutoff = models.TimeField(
        "disdetta del genitore entro", default=dt.time(9, 0), help_text="Il minuto è compreso."
    )
    register_deadline = models.TimeField("appello entro", default=dt.time(9, 30))
    kitchen_sheet_at = models.TimeField("foglio della cucina", default=dt.time(9, 45))
    night_at = models.TimeField("addebito della sera", default=dt.time(20, 0))
    caterer_notice_hours = models.PositiveSmallIntegerField(
        "preavviso al gestore per una chiusura (ore)", default=48
    )
    dispute_until_day = models.PositiveSmallIntegerField(
        "contestazione fino al giorno del mese dopo", default=7
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


class SchoolPhase(Dated):
    """Who records absences in a school, from a date (domain.md section 5)."""

    class Phase(models.TextChoices):
        SCHOOL = "A", "A: assenze dalla scuola"
        BOTH = "B", "B: scuola e genitori"
        PARENTS = "C", "C: solo genitori"

    school = models.ForeignKey(School, models.PROTECT, related_name="phases", verbose_name="plesso")
    phase = models.CharField("fase", max_length=1, choices=Phase.choices)

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


@pghistory.track()
class Absence(models.Model):
    """What one source says of a child on a day: the parent's notice, the school's roll-call, the office's correction.

    One row per (day, child, source); ``absent`` may go back and forth, the history keeps every change. The verdict of the
    day comes from the rules, never from one row alone.
    """

    class Source(models.TextChoices):
        PARENT = "parent", "genitore"
        SCHOOL = "school", "scuola"
        OFFICE = "office", "ufficio"

    day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="absences", db_index=False, verbose_name="alunno"
    )
    source = models.CharField("chi lo dice", max_length=6, choices=Source.choices)
    absent = models.BooleanField("assente", default=True)
    in_time = models.BooleanField("in tempo", default=True)
    note = models.CharField("nota", max_length=200, blank=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="segnato da"
    )
    marked_at = models.DateTimeField("segnato il")

    class Meta:
        verbose_name = "assenza"
        verbose_name_plural = "assenze"
        constraints = [
            models.UniqueConstraint(fields=["day", "pupil", "source"], name="one_word_per_source_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}"


class ClassRegister(models.Model):
    """The roll-call of a class: confirmed means that who is not marked absent was seen present."""

    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, related_name="registers", verbose_name="classe"
    )
    day = models.DateField("giorno")
    confirmed_at = models.DateTimeField("confermato il")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="confermato da"
    )

    class Meta:
        verbose_name = "appello"
        verbose_name_plural = "appelli"
        constraints = [
            models.UniqueConstraint(fields=["day", "class_group"], name="one_register_per_class_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.class_group} {self.day:%d/%m/%Y}"


class ServiceDay(models.Model):
    """A day the night owes. It closes only when what was due equals what was posted: the database checks."""

    class State(models.TextChoices):
        OPEN = "open", "aperto"
        FROZEN = "frozen", "in corso"
        CLOSED = "closed", "chiuso"

    day = models.DateField("giorno", unique=True)
    state = models.CharField("stato", max_length=6, choices=State.choices, default=State.OPEN)
    due_count = models.PositiveIntegerField("pasti dovuti", default=0)
    due_total = models.DecimalField("importo dovuto", max_digits=14, decimal_places=2, default=0)
    free_count = models.PositiveIntegerField("pasti esenti", default=0)
    posted_count = models.PositiveIntegerField("addebiti", default=0)
    posted_total = models.DecimalField("importo addebitato", max_digits=14, decimal_places=2, default=0)
    failed_count = models.PositiveIntegerField("senza prezzo", default=0)
    skipped = models.JSONField("esclusi per motivo", default=dict)
    started_at = models.DateTimeField("iniziato", null=True, blank=True)
    closed_at = models.DateTimeField("chiuso", null=True, blank=True)
    decided_times = models.PositiveIntegerField("volte in cui è stato deciso", default=0)
    work_ms = models.PositiveIntegerField("tempo di lavoro (ms)", default=0)

    class Meta:
        verbose_name = "giorno di servizio"
        verbose_name_plural = "giorni di servizio"
        constraints = [
            models.CheckConstraint(
                name="a_closed_day_tallies",
                condition=~Q(state="closed")
                | Q(
                    due_count=F("posted_count"),
                    due_total=F("posted_total"),
                    failed_count=0,
                    closed_at__isnull=False,
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class LateFact(models.Model):
    """Something that concerns a day has changed and the night has not weighed it yet. Rows are written by triggers on every
    table the decision reads (migration 0002) and taken away by the night; no child named: the whole day is weighed again."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField("giorno", db_index=True)
    pupil = models.ForeignKey(
        Pupil, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    source = models.CharField("che cosa è cambiato", max_length=60)

    class Meta:
        verbose_name = "fatto da rivedere"
        verbose_name_plural = "fatti da rivedere"

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.source}"


class DayChunk(models.Model):
    """A range of wallets of a frozen day, posted in one short transaction by any worker."""

    service_day = models.ForeignKey(ServiceDay, models.CASCADE, related_name="chunks", verbose_name="giorno")
    first_wallet = models.IntegerField()
    last_wallet = models.IntegerField()
    posted_at = models.DateTimeField("registrato il", null=True, blank=True)
    work_ms = models.PositiveIntegerField("tempo di lavoro (ms)", default=0)

    class Meta:
        verbose_name = "parte del giorno"
        verbose_name_plural = "parti del giorno"
        constraints = [
            models.UniqueConstraint(
                fields=["service_day", "first_wallet"], name="one_chunk_per_first_wallet"
            ),
            models.CheckConstraint(
                name="chunk_is_a_range_of_wallets", condition=Q(last_wallet__gte=F("first_wallet"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_day} {self.first_wallet}-{self.last_wallet}"


class Meal(models.Model):
    """A meal due on a day: who, which wallet, at what price and why. Frozen by the night before it posts; 0.00 when exempt.

    The key follows the work: a chunk of the night is a range of wallets of a day. One row per child and day by construction
    (one enrolment, one payer); the books check it.
    """

    pk = models.CompositePrimaryKey("day", "wallet_id", "pupil_id")
    day = models.DateField("giorno")
    wallet = models.ForeignKey(
        Wallet,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="borsellino",
    )
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name="alunno"
    )
    class_group = models.ForeignKey(
        ClassGroup,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="classe",
    )
    price = models.DecimalField("prezzo", max_digits=6, decimal_places=2)
    explanation = models.ForeignKey(
        Explanation,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name="spiegazione",
    )
    verdict = models.CharField("regola", max_length=24)

    class Meta:
        verbose_name = "pasto"
        verbose_name_plural = "pasti"
        constraints = [models.CheckConstraint(name="meal_price_not_negative", condition=Q(price__gte=0))]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class MealChange(models.Model):
    """What a late fact has changed on a day already decided: the reason of the reversal the family will read."""

    day = models.DateField("giorno")
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name="alunno"
    )
    round = models.PositiveIntegerField("decisione numero")
    old_wallet = models.IntegerField(null=True)
    old_price = models.DecimalField("prezzo di prima", max_digits=6, decimal_places=2, null=True)
    new_wallet = models.IntegerField(null=True)
    new_price = models.DecimalField("prezzo di adesso", max_digits=6, decimal_places=2, null=True)
    why = models.CharField("motivo", max_length=300)
    explanation = models.ForeignKey(
        Explanation, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="spiegazione"
    )
    changed_at = models.DateTimeField("deciso il")

    class Meta:
        verbose_name = "pasto rivisto"
        verbose_name_plural = "pasti rivisti"
        constraints = [
            models.UniqueConstraint(fields=["day", "pupil", "round"], name="one_change_per_pupil_and_round")
        ]
        indexes = [
            models.Index(fields=["day", "old_wallet"], name="mealchange_of_old_wallet"),
            models.Index(fields=["day", "new_wallet"], name="mealchange_of_new_wallet"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class PricingFailure(models.Model):
    """A pupil who cannot be charged: the reason for the office; keeps the day open until mended."""

    day = models.DateField("giorno")
    pupil = models.ForeignKey(Pupil, models.CASCADE, related_name="+", verbose_name="alunno")
    reason = models.CharField("motivo", max_length=200)
    found_at = models.DateTimeField("trovato il")
    solved_at = models.DateTimeField("risolto il", null=True, blank=True)

    class Meta:
        verbose_name = "pasto senza prezzo"
        verbose_name_plural = "pasti senza prezzo"
        constraints = [models.UniqueConstraint(fields=["day", "pupil"], name="one_failure_per_pupil_and_day")]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}"
