"""The school's morning beyond the roll-call: late entries and early exits, a school without absences, an imported list,
and the letters that the morning owes to people."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from enrolments.models import ClassGroup, Guardian, Owed, Pupil, School


@pghistory.track()
class Passage(models.Model):
    """A child who comes in late and eats, or goes home before lunch. One row per child, day and kind; undoing keeps the row.

    A late entry is a presence: a roll-call that says "absent" does not cancel it. An early exit leaves the meal where it is,
    unless the school has sent the child home and the rules of the day spare the debit.
    """

    class Kind(models.TextChoices):
        LATE_ENTRY = "late_entry", "entrata posticipata con pasto"
        EARLY_EXIT = "early_exit", "uscita anticipata"

    day = models.DateField("giorno")
    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="passages", verbose_name="alunno")
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="+", verbose_name="classe")
    kind = models.CharField("che cosa", max_length=10, choices=Kind.choices)
    hour = models.TimeField("ora")
    sent_home = models.BooleanField("rimandato a casa dalla scuola", default=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="registrato da"
    )
    recorded_at = models.DateTimeField("registrato il")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="annullato da",
    )
    undone_at = models.DateTimeField("annullato il", null=True, blank=True)

    class Meta:
        verbose_name = "entrata o uscita fuori orario"
        verbose_name_plural = "entrate e uscite fuori orario"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "pupil", "kind"], name="one_passage_per_child_day_and_kind"
            ),
            models.CheckConstraint(
                name="only_who_goes_out_is_sent_home", condition=Q(sent_home=False) | Q(kind="early_exit")
            ),
            models.CheckConstraint(
                name="a_passage_is_undone_by_somebody",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} {self.day:%d/%m/%Y}: {self.get_kind_display()}"


class EverybodyPresent(models.Model):
    """Somebody was asked whether a whole school really has no absent child, and said yes: asked once a day."""

    school = models.ForeignKey(School, models.PROTECT, related_name="+", verbose_name="plesso")
    day = models.DateField("giorno")
    pupils = models.PositiveIntegerField("alunni")
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="confermato da"
    )
    said_at = models.DateTimeField("confermato il")

    class Meta:
        verbose_name = "giorno senza assenti"
        verbose_name_plural = "giorni senza assenti"
        constraints = [
            models.UniqueConstraint(fields=["day", "school"], name="asked_once_per_school_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.school} {self.day:%d/%m/%Y}"


class RegisterImport(models.Model):
    """A list of absences out of an electronic register: read and checked first, applied once. Ids only, no name is kept."""

    class State(models.TextChoices):
        CHECKED = "checked", "controllato"
        APPLIED = "applied", "registrato"

    day = models.DateField("giorno")
    file_name = models.CharField("file", max_length=120)
    titles = models.CharField("prima riga", max_length=600, blank=True, default="", db_default="")
    absent = models.JSONField("assenti per classe", default=dict)
    problems = models.JSONField("errori e avvisi riga per riga", default=list)
    outcome = models.JSONField("esito per classe", default=list)
    state = models.CharField("stato", max_length=8, choices=State.choices, default=State.CHECKED)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )
    uploaded_at = models.DateTimeField("caricato il")
    applied_at = models.DateTimeField("registrato il", null=True, blank=True)

    class Meta:
        verbose_name = "elenco del registro elettronico"
        verbose_name_plural = "elenchi del registro elettronico"
        constraints = [
            models.CheckConstraint(
                name="an_applied_list_says_when",
                condition=Q(state="applied", applied_at__isnull=False)
                | Q(state="checked", applied_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class Letter(Owed):
    """A mail owed to one person, written down before it leaves. Its cause is unique: whoever asks again writes nothing.

    ``facts`` holds codes and ids; names and addresses are read when it leaves.
    """

    class Kind(models.TextChoices):
        ROLL_CALL = "roll_call", "appello mancante"
        PHASE = "phase", "cambio di chi segna le assenze"
        SEEN_ABSENT = "seen_absent", "assente all'appello"
        CONFLICT = "conflict", "decisione su una presenza"
        ABSENCE = "absence", "assenza segnata o annullata da un genitore"
        PASSAGE = "passage", "entrata o uscita che cambia il pasto"

    class State(models.TextChoices):
        WAITING = "waiting", "da inviare"
        SENT = "sent", "inviata"
        NOT_NEEDED = "not_needed", "non serve più"
        GIVEN_UP = "given_up", "non consegnata"

    kind = models.CharField("lettera", max_length=12, choices=Kind.choices)
    cause = models.CharField("causa", max_length=120, unique=True)
    day = models.DateField("giorno")
    school = models.ForeignKey(
        School, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="plesso"
    )
    pupil = models.ForeignKey(
        Pupil, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="alunno"
    )
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="genitore"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="utente",
    )
    facts = models.JSONField("fatti", default=dict)
    written_at = models.DateTimeField("scritta il")
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.WAITING)
    closed_at = models.DateTimeField("chiusa il", null=True, blank=True)

    class Meta:
        verbose_name = "lettera"
        verbose_name_plural = "lettere"
        constraints = [
            models.CheckConstraint(
                name="a_letter_goes_to_one_person",
                condition=Q(guardian__isnull=False, user__isnull=True)
                | Q(guardian__isnull=True, user__isnull=False),
            ),
            models.CheckConstraint(
                name="a_closed_letter_says_when",
                condition=Q(state="waiting", closed_at__isnull=True)
                | ~Q(state="waiting") & Q(closed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["written_at"], name="letters_to_send", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.day:%d/%m/%Y}"
